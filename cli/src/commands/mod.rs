//! One file per subcommand, with its options, its help text and what it does.

pub(crate) mod completions;
pub(crate) mod keygen;

use crate::args::{Cli, Command};
use crate::diagnostic::Failure;

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Keygen(args) => keygen::run(args),
        Command::Completions(args) => completions::run(&args),
    }
}
