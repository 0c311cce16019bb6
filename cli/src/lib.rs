//! Keep Kubernetes Secrets in Git: seal, inspect and validate them from the command line.
//!
//! `args` is what can be typed; a file in `commands` does each subcommand. They share the modules
//! beside this file: where input comes from and output goes to, whom to seal to (`recipients`, by
//! `config` or `cluster`), what to open with (`identities`), and the one voice of errors
//! (`diagnostic`). Nothing but `cluster` ever touches the network, and only when there is no other way.
//!
//! The program is a library for those who make something of its help, such as manual pages: [`command`].

#![forbid(unsafe_code)]

mod args;
mod cluster;
mod commands;
mod completion;
mod config;
mod diagnostic;
mod duration;
mod exit_codes;
mod git;
mod hidden_prompt;
mod identities;
mod input;
mod item_report;
mod namespace;
mod namespaces;
mod output;
mod parallel;
mod plaintext_argument;
mod printable;
mod program_name;
mod recipients;
mod report_format;
mod scope_report;
mod sealed_files;
mod suggestion;
mod table;
mod walk;

use std::env;
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches};

use args::Cli;
use program_name::ProgramName;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let name = ProgramName::of(env::args_os().next().as_deref());
    if completion::answer(name) {
        return ExitCode::SUCCESS;
    }
    match commands::run(parse(name.command())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::FAILURE
        }
    }
}

/// Everything that can be typed, and its help.
pub fn command() -> Command {
    exit_codes::explained(Cli::command())
}

fn parse(mut command: Command) -> Cli {
    let matches = command.get_matches_mut();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}
