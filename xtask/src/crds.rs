//! `cargo xtask crds`: writes the custom resource definitions, which are never edited by hand. A test
//! fails when they are out of date.

use crate::command::{Result, write};

/// Writes each definition to `deploy/crds/NAME.yaml`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn run() -> Result {
    for (name, yaml) in waxwing_api::crd_files() {
        write(&format!("deploy/crds/{name}"), &yaml)?;
    }
    Ok(())
}
