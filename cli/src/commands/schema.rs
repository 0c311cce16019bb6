//! `waxwing schema`: what may stand in `.waxwing.yaml`, for editors.

use crate::config::schema;
use crate::diagnostic::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  Let an editor complete and check .waxwing.yaml (the comment goes into its first line):
    waxwing schema > .waxwing.schema.json
    # yaml-language-server: $schema=.waxwing.schema.json";

/// Print the JSON schema of .waxwing.yaml, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    Ok(output::write_stdout(schema::text().as_bytes())?)
}
