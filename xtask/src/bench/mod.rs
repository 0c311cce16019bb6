//! `cargo xtask bench`: how fast it is on this machine. Nothing here is a test: a time says something
//! only beside another time of the same run.

mod cli;
mod controller;
mod measure;
mod repository;

use clap::Subcommand;

use crate::command::Result;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The command line: a repository of thousands of files, and the start of the program
    Cli(cli::Args),
    /// The controller: thousands of SealedSecrets, restarts, and the time from apply to Secret
    Controller(controller::Args),
}

/// Measures, and prints a table.
///
/// # Errors
/// If something cannot be built or run.
pub(crate) fn run(bench: &Bench) -> Result {
    match bench {
        Bench::Cli(args) => cli::run(args),
        Bench::Controller(args) => controller::run(args),
    }
}
