//! `waxwing completions`: a script for the shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::diagnostic::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  waxwing completions bash > ~/.local/share/bash-completion/completions/waxwing
  waxwing completions zsh > \"${fpath[1]}/_waxwing\"
  waxwing completions fish > ~/.config/fish/completions/waxwing.fish";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "waxwing", &mut script);
    Ok(output::write_stdout(&script)?)
}
