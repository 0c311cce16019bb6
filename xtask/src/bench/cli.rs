//! `cargo xtask bench cli`: the command line on a repository of thousands of files, beside reading
//! these files; and its small commands, beside a program that does nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use waxwing_tests::Programs;

use super::measure::{Case, in_turns, print};
use super::repository::Repository;
use crate::command::Result;

/// How often each command is run.
const FEW_RUNS: usize = 11;
const MANY_RUNS: usize = 101;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many SealedSecret files there are
    #[arg(long, default_value_t = 5_000)]
    files: usize,

    /// The waxwing to measure [default: the one of this source tree, built for release]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result {
    let program = match &args.program {
        Some(program) => program.canonicalize()?,
        None => Programs::release()?.waxwing.clone(),
    };
    let folder = tempfile::tempdir()?;
    let repository = Repository::make(&program, folder.path(), args.files)?;

    println!(
        "{} files of 3 items; the median of {FEW_RUNS} runs\n",
        args.files
    );
    measure(&mut repository_cases(&program, &repository), FEW_RUNS)?;
    println!("the start of the program; the median of {MANY_RUNS} runs\n");
    measure(&mut small_cases(&program, &repository), MANY_RUNS)
}

fn measure(cases: &mut [Case], runs: usize) -> Result {
    let figures = in_turns(cases, runs)?;
    print(cases, &figures);
    Ok(())
}

fn repository_cases(program: &Path, repository: &Repository) -> Vec<Case> {
    let find = ["-name", "*.yaml", "-exec", "cat", "{}", "+"];
    let cases = [
        case("cat of every file", Path::new("find"), &find),
        case("waxwing validate .", program, &["validate", "."]),
        case("waxwing status", program, &["status"]),
        case("waxwing status -o json", program, &["status", "-o", "json"]),
    ];
    cases.map(|case| case.in_folder(&repository.folder)).into()
}

fn small_cases(program: &Path, repository: &Repository) -> Vec<Case> {
    let sealed = &repository.sealed.display().to_string();
    let cases = [
        case("true", Path::new("true"), &[]),
        case("waxwing --version", program, &["--version"]),
        case("waxwing textconv", program, &["textconv", sealed]),
        case("waxwing inspect", program, &["inspect", sealed]),
        Case {
            stdin: Some(repository.value.clone()),
            ..case("waxwing set, 1 item", program, &["set", sealed, "password"])
        },
        Case {
            stdin: Some(repository.secret.clone()),
            ..case("waxwing seal, 10 items", program, &["seal"])
        },
    ];
    cases.map(|case| case.in_folder(&repository.folder)).into()
}

fn case(name: &'static str, program: &Path, args: &[&str]) -> Case {
    let mut command = Command::new(program);
    command.args(args).env_remove("KUBECONFIG");
    Case {
        name,
        command,
        stdin: None,
    }
}
