//! `cargo xtask crds`: writes the custom resource definitions, which are never edited by hand.

use std::fs;

use crate::command::{Result, workspace};

/// Writes each definition to `deploy/crds/NAME.yaml`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn run() -> Result {
    for (name, yaml) in waxwing_api::crd_files() {
        let path = workspace().join("deploy/crds").join(&name);
        fs::write(&path, yaml)
            .map_err(|error| format!("cannot write deploy/crds/{name}: {error}"))?;
        eprintln!("wrote deploy/crds/{name}");
    }
    Ok(())
}
