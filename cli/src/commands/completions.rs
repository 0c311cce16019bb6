//! `waxwing completions`: a script by which a shell asks the program what may come next.

use clap::ValueEnum;
use clap_complete::env::{self, EnvCompleter};

use crate::completion::VARIABLE;
use crate::diagnostic::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  For every new shell, in ~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish:
    source <(waxwing completions bash)
    source <(waxwing completions zsh)
    waxwing completions fish | source

  For kubectl waxwing, in a folder of your PATH:
    ln -s \"$(command -v waxwing)\" ~/.local/bin/kubectl_complete-waxwing";

/// Print a script that makes a shell complete commands, clusters, items and key ids
///
/// The shell asks waxwing itself what may come next: the clusters and key ids of .waxwing.yaml, and the
/// items of the file before the cursor. No cluster is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &env::Bash,
            Self::Elvish => &env::Elvish,
            Self::Fish => &env::Fish,
            Self::Powershell => &env::Powershell,
            Self::Zsh => &env::Zsh,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    args.shell
        .completer()
        .write_registration(VARIABLE, "waxwing", "waxwing", "waxwing", &mut script)
        .map_err(|cause| output::OutputError::Stdout { cause })?;
    Ok(output::write_stdout(&script)?)
}
