//! `cargo xtask manifests`: writes what lies in deploy/ twice: the files that the chart brings along, and
//! the kustomize base that is made from the chart. A test fails when they are out of date.

use waxwing_tests::manifests::{base_files, chart_files};

use crate::command::{Result, write};

/// Writes all of them.
///
/// # Errors
/// If Helm cannot be built or refuses the chart, or a file cannot be written.
pub(crate) fn run() -> Result {
    for (name, text) in chart_files()? {
        write(&name, &text)?;
    }
    // After that: they come out of the chart.
    for (name, text) in base_files()? {
        write(&name, &text)?;
    }
    Ok(())
}
