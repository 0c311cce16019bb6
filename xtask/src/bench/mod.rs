//! `cargo xtask bench`: how fast it is on this machine. Nothing here is a test: a time says something
//! only beside another time of the same run.

mod cli;
mod measure;
mod repository;

use clap::Subcommand;

use crate::command::Result;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The command line: a repository of thousands of files, and the start of the program
    Cli(cli::Args),
}

/// Measures, and prints a table.
///
/// # Errors
/// If something cannot be built or run.
pub(crate) fn run(bench: &Bench) -> Result {
    match bench {
        Bench::Cli(args) => cli::run(args),
    }
}
