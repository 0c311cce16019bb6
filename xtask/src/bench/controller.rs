//! `cargo xtask bench controller`: thousands of SealedSecrets on a real API server, beside what that server
//! itself can do in the same run.

use std::path::PathBuf;

use crate::command::{Result, cargo, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many SealedSecrets there are
    #[arg(long, default_value_t = 1_000)]
    objects: usize,

    /// How often all of it is measured, each time on a new control plane; the medians are told
    #[arg(long, default_value_t = 3)]
    runs: usize,

    /// The controller to measure [default: the one of this source tree, built for release]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result {
    let bench = [
        "bench",
        "--package",
        "waxwing-tests",
        "--bench",
        "controller",
        "--",
    ];
    let (objects, runs) = (args.objects.to_string(), args.runs.to_string());
    let program = args.program.as_ref().map(|program| program.canonicalize());
    run_command(
        cargo(bench)
            .args([objects, runs])
            .args(program.transpose()?),
    )
}
