//! The one entry point for people and CI: `cargo xtask demo | test | crds | manifests | schema | man |
//! dist | bench`.

#![forbid(unsafe_code)]

mod bench;
mod command;
mod crds;
mod demo;
mod dist;
mod elf;
mod man;
mod manifests;
mod schema;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Build, test and show Waxwing.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the main job, narrated, on a throw-away control plane: seal, commit, apply, unseal, roll the key over
    Demo,
    /// Run every check that CI runs: formatting, lints, licences, documentation, all tests
    Test,
    /// Write the custom resource definitions to deploy/crds
    Crds,
    /// Write the chart's copies of the definitions, and the kustomize base made from the chart
    Manifests,
    /// Write the JSON schema of .waxwing.yaml to docs/waxwing.schema.json
    Schema,
    /// Build what a release consists of, in the folder dist: static programs, bills of materials, checksums
    Dist,
    /// Write the manual pages of waxwing, for those who package it
    Man(man::Args),
    /// Measure how fast it is on this machine
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Demo => demo::run(),
        Command::Test => test::run(),
        Command::Crds => crds::run(),
        Command::Dist => dist::run_all(),
        Command::Manifests => manifests::run(),
        Command::Schema => schema::run(),
        Command::Man(args) => man::run(&args),
        Command::Bench(bench) => bench::run(&bench),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
