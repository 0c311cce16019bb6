//! `waxwing recipients`: the public keys in `.waxwing.yaml`.

mod sync;

use crate::diagnostic::Failure;

const EXAMPLES: &str = "\
Examples:
  After a rollover, take the new key into Git:
    waxwing recipients sync";

/// Look after the public keys in .waxwing.yaml
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Sync(sync::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Sync(args) => sync::run(args),
    }
}
