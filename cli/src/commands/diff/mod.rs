//! `waxwing diff`: what became of each item from one file to the other.
//!
//! `compare` decides what differs, without any key; `report` tells.

mod compare;
mod report;

use std::path::PathBuf;

use waxwing_manifest::{Document, Object};

use self::compare::{Side, compare};
use crate::diagnostic::{Advice, Failure};
use crate::input::{Source, refuse_second_stdin};
use crate::report_format::ReportFormat;
use crate::sealed_files::sealed_secrets;

const EXAMPLES: &str = "\
Examples:
  waxwing diff old.yaml new.yaml

  What an apply would change:
    kubectl get sealedsecret -n prod db -o yaml | waxwing diff - db.yaml

  To make git diff show the like: waxwing init --git

Exit codes: 0 done, 1 a file is broken, or with --exit-code something differs.";

/// Show which items of SealedSecrets differ between two files, and how; no key is needed
///
/// SealedSecrets of the same kind, namespace and name are compared, whatever else stands in the files.
/// A value is changed, or resealed: the same value for other keys. Values and texts of templates are
/// never shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The old file, or - for standard input
    old: PathBuf,

    /// The new file, or - for standard input
    new: PathBuf,

    /// Exit with 1 if something differs, and with 0 if nothing does
    #[arg(long)]
    exit_code: bool,

    /// Lines for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let sources = [args.old, args.new].map(Source::from);
    refuse_second_stdin(sources.iter().cloned())?;
    let mut failure = Failure::default();
    let mut sides = Vec::new();
    for source in &sources {
        match read(source) {
            Ok(documents) => sides.push(documents),
            Err(error) => failure.add(error),
        }
    }
    let [old, new] = sides.as_slice() else {
        return failure.or(());
    };
    let [old, new] = [old, new].map(|documents| sealed_secrets(documents).collect::<Vec<_>>());
    if old.is_empty() && new.is_empty() {
        let [old, new] = sources.map(|source| source.name());
        return Err(NothingToCompare { old, new }.into());
    }
    let old = side(&old, &mut failure);
    let new = side(&new, &mut failure);
    let differences = compare(old, new);
    report::print(&differences, args.output)?;
    // Like git, it exits without a word.
    let differs = Err(Failure::default());
    match failure.or(()) {
        Ok(()) if args.exit_code && !differences.is_empty() => differs,
        result => result,
    }
}

fn read(source: &Source) -> Result<Vec<Document>, Failure> {
    let text = source.read_text()?;
    Ok(waxwing_manifest::read(&source.name(), &text)?)
}

/// The SealedSecrets of one side. What cannot be read goes into `failure`.
fn side(objects: &[Object<'_>], failure: &mut Failure) -> Side {
    let mut side = Side::default();
    for object in objects {
        if let Err(errors) = side.add(object) {
            failure.add(errors);
        }
    }
    side
}

/// There is no SealedSecret on either side.
#[derive(Debug, thiserror::Error)]
#[error("{old} and {new}: hold no SealedSecret to compare")]
struct NothingToCompare {
    old: String,
    new: String,
}

impl Advice for NothingToCompare {}
