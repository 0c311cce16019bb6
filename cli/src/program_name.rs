//! The names that the program answers to; all but the first are links to it.

use std::ffi::OsStr;
use std::path::Path;

use clap::Command;

/// What the program was called as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgramName {
    /// `waxwing`, or any name that means nothing special.
    Waxwing,
    /// `kubectl-waxwing`, which kubectl runs for `kubectl waxwing`.
    KubectlPlugin,
    /// `kubectl_complete-waxwing`, which kubectl runs to complete `kubectl waxwing`.
    KubectlCompletion,
}

impl ProgramName {
    /// By the first argument of the process: a path, as a rule.
    pub(crate) fn of(argument: Option<&OsStr>) -> Self {
        let name = argument.and_then(|argument| Path::new(argument).file_name());
        match name.and_then(OsStr::to_str) {
            Some("kubectl-waxwing") => Self::KubectlPlugin,
            Some("kubectl_complete-waxwing") => Self::KubectlCompletion,
            _ => Self::Waxwing,
        }
    }

    /// Everything that can be typed, with a help that says how to type it.
    pub(crate) fn command(self) -> Command {
        match self {
            Self::KubectlPlugin => as_plugin(crate::command()).bin_name("kubectl waxwing"),
            Self::Waxwing | Self::KubectlCompletion => crate::command(),
        }
    }
}

/// The command and its subcommands, with `kubectl waxwing` in their examples.
fn as_plugin(command: Command) -> Command {
    let examples = command
        .get_after_help()
        .map(|help| help.to_string().replace(" waxwing ", " kubectl waxwing "));
    let command = command.mut_subcommands(as_plugin);
    match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_decides() {
        let cases = [
            ("waxwing", ProgramName::Waxwing),
            ("/opt/bin/kubectl-waxwing", ProgramName::KubectlPlugin),
            ("./kubectl_complete-waxwing", ProgramName::KubectlCompletion),
            ("/kubectl-waxwing/waxwing", ProgramName::Waxwing),
            ("kubectl-waxwing-2", ProgramName::Waxwing),
            ("", ProgramName::Waxwing),
        ];
        for (argument, expected) in cases {
            assert_eq!(ProgramName::of(Some(OsStr::new(argument))), expected);
        }
        assert_eq!(ProgramName::of(None), ProgramName::Waxwing);
    }
}
