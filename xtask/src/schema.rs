//! `cargo xtask schema`: writes the JSON schema of `.waxwing.yaml`, which is never edited by hand. A
//! test fails when it is out of date.

use waxwing_tests::Waxwing;

use crate::command::{Result, write};

/// Writes docs/waxwing.schema.json, as `waxwing schema` prints it.
///
/// # Errors
/// If the program cannot be built, or the file cannot be written.
pub(crate) fn run() -> Result {
    let schema = Waxwing::offline().run(&["schema"], "")?;
    if schema.code != 0 {
        return Err(format!("waxwing schema: {}", schema.stderr).into());
    }
    write("docs/waxwing.schema.json", &schema.stdout)
}
