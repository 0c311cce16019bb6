//! `waxwing validate`: everything that can be said against SealedSecrets without a key or a cluster.

use std::path::PathBuf;

use waxwing_manifest::{Document, Kind, ManifestError, read, validate};

use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::output;
use crate::parallel;

const EXAMPLES: &str = "\
Examples:
  waxwing validate apps/*/sealed-*.yaml
  kustomize build . | waxwing validate -";

/// Check SealedSecrets offline; every finding starts with its file and line
///
/// Checked are the structure, the names of items, the limits, that every value is whole, and that it
/// was sealed for the namespace, name and item where it stands. The exit code is 1 if there is any
/// finding. Objects of other kinds are not looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The files, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The namespace of SealedSecrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let mut failure = Failure::default();
    let mut findings = Vec::new();
    let sources: Vec<Source> = args.files.into_iter().map(Source::from).collect();
    let find = |source: &Source| find(source, args.namespace.as_deref());
    parallel::in_order(&sources, find, |found| match found {
        Ok(more) => findings.extend(more),
        Err(error) => failure.add(error),
    });
    let lines: String = findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    output::write_stdout(lines.as_bytes())?;
    if !findings.is_empty() {
        failure.add(Invalid {
            count: findings.len(),
        });
    }
    failure.or(())
}

fn find(source: &Source, namespace: Option<&str>) -> Result<Vec<ManifestError>, Failure> {
    let text = source.read_text()?;
    let documents = match read(&source.name(), &text) {
        Ok(documents) => documents,
        Err(finding) => return Ok(vec![finding]),
    };
    let objects = documents.iter().flat_map(Document::objects);
    let sealed = objects.filter(|object| object.kind() == Kind::SealedSecret);
    Ok(sealed
        .flat_map(|object| validate(&object, namespace))
        .collect())
}

/// There are findings.
#[derive(Debug, thiserror::Error)]
#[error("{count} {}", if *.count == 1 { "finding" } else { "findings" })]
struct Invalid {
    count: usize,
}

impl Advice for Invalid {}
