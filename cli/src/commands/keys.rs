//! `waxwing keys`: the sealing keys of a cluster.
//!
//! `store` asks the cluster, `key_name` finds the key that was meant, `succession` waits for a new
//! primary, and `change` prints it. The other files are a command each; `restore` decides with `restore_plan`, and the
//! commands that deal with escrow read recipients and identities with `recovery`.

mod backup;
mod change;
mod export;
mod key_name;
mod list;
mod recovery;
mod restore;
mod restore_plan;
mod retire;
mod revoke;
mod rotate;
mod store;
mod succession;
mod terminal;

use clap::Subcommand;

use crate::diagnostic::Failure;

const EXAMPLES: &str = "\
Examples:
  See which keys there are, and a new one take over:
    waxwing keys list
    waxwing keys rotate

  Keep a backup in Git, and bring the keys into a new cluster with the offline identity:
    waxwing keys backup -o keys.yaml
    waxwing keys restore -i recovery.txt keys.yaml";

/// List, rotate, retire, revoke, back up and restore the sealing keys of a cluster
///
/// A key may be named by the beginning of its id, if no other key's id begins like that.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Rotate(rotate::Args),
    Retire(retire::Args),
    Revoke(revoke::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Export(export::Args),
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::List(args) => list::run(&args),
        Command::Rotate(args) => rotate::run(&args),
        Command::Retire(args) => retire::run(&args),
        Command::Revoke(args) => revoke::run(&args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Export(args) => export::run(args),
    }
}
