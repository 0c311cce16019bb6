//! What the exit codes mean, in the help of every command.

use clap::Command;

/// How a help says it.
const START: &str = "Exit codes:";

/// What holds for every command that says nothing else.
const USUAL: &str = "Exit codes: 0 done, 1 bad input or findings, 2 wrong usage.";

/// The command and its subcommands, with the exit codes at the end of each help.
pub(crate) fn explained(command: Command) -> Command {
    let help = command.get_after_help().map(ToString::to_string);
    let help = match help {
        Some(help) if help.contains(START) => help,
        Some(help) => format!("{help}\n\n{USUAL}"),
        None => USUAL.to_owned(),
    };
    command.mut_subcommands(explained).after_help(help)
}
