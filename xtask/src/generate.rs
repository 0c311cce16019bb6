//! `cargo xtask generate`: writes the files that are made from the source and never edited by hand.
//! For each there is a test that fails when it is out of date.

use std::fs;

use waxwing_tests::Waxwing;

use crate::command::{Result, workspace};

/// Writes every generated file.
///
/// # Errors
/// If a file cannot be made or written.
pub(crate) fn run() -> Result {
    for (name, yaml) in waxwing_api::crd_files() {
        write(&format!("deploy/crds/{name}"), &yaml)?;
    }
    let schema = Waxwing::offline().run(&["schema"], "")?;
    if schema.code != 0 {
        return Err(format!("waxwing schema: {}", schema.stderr).into());
    }
    write("docs/waxwing.schema.json", &schema.stdout)
}

fn write(name: &str, text: &str) -> Result {
    fs::write(workspace().join(name), text)
        .map_err(|error| format!("cannot write {name}: {error}"))?;
    eprintln!("wrote {name}");
    Ok(())
}
