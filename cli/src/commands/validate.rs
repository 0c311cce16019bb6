//! `waxwing validate`: everything that can be said against the files of a repository without a key or
//! a cluster: broken SealedSecrets, and secrets that nobody has sealed.
//!
//! ```text
//! paths, standard input ─┐
//!                        ├─> examination (leaks, clusters, marks) ─> report (sarif, github)
//! staged: Git's index ───┘
//! ```

mod blobs;
mod clusters;
mod examination;
mod finding;
mod github;
mod leaks;
mod marks;
mod report;
mod rule;
mod sarif;
mod staged;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use self::examination::{Text, examine};
use self::report::{Format, Looked, Report};
use crate::config::{Config, Configs, Place};
use crate::diagnostic::Failure;
use crate::input::{InputError, Source};
use crate::{parallel, walk};

const EXAMPLES: &str = "\
Examples:
  waxwing validate .
  kustomize build . | waxwing validate -
  waxwing validate --staged

In CI:
  waxwing validate -o github .
  waxwing validate -o sarif . > waxwing.sarif

What is meant to be in Git in clear, such as an example: write the comment waxwing:allow on its
line, on the first line of its object, or in the comment right above.";

/// The largest file that is searched, in bytes, and in words.
const MAX_LEN: usize = 16 * 1024 * 1024;
const MAX_LEN_WORDS: &str = "16 MiB";

/// Check files offline: SealedSecrets, plaintext Secrets and private keys
///
/// Of SealedSecrets are checked the structure, the names of items, the limits, that every value is whole,
/// and that it was sealed for the namespace, name and item where it stands. Every text file is searched
/// for Secrets in clear and for private keys. Each finding starts with its file and line, and ends with
/// the id of its rule. The exit code is 1 if there is any.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files, folders (respecting .gitignore), or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "staged")]
    paths: Vec<PathBuf>,

    /// Check what is about to be committed: the files in Git's index that differ from HEAD
    #[arg(long)]
    staged: bool,

    /// The namespace of SealedSecrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,

    /// How to print the findings
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: Format,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let namespace = args.namespace.as_deref();
    let report = if args.staged {
        staged::examine_all(&args.paths, namespace)?
    } else {
        examine_all(&args.paths, namespace)
    };
    report.print(args.output)?;
    report.failure().or(())
}

fn examine_all(paths: &[PathBuf], namespace: Option<&str>) -> Report {
    let mut report = Report::default();
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) = paths
        .iter()
        .cloned()
        .partition(|path| Source::from(path.clone()) == Source::Stdin);
    if !stdin.is_empty() {
        report.take(look(&Source::Stdin, namespace, None));
    }
    let (files, failure) = walk::files(&paths);
    report.add_failure(failure);
    let (configs, failure) = Configs::of(&files);
    report.add_failure(failure);
    let work = |path: &PathBuf| {
        let config = configs.of_file(path);
        look(&Source::File(path.clone()), namespace, config.as_ref())
    };
    parallel::in_order(&files, work, |looked| report.take(looked));
    report
}

fn look(
    source: &Source,
    namespace: Option<&str>,
    config: Option<&(&Arc<Config>, Place)>,
) -> Result<Looked, InputError> {
    let name = source.name();
    let bytes = source.read_bytes(MAX_LEN)?;
    if bytes.len() > MAX_LEN {
        return Ok(Looked::TooLarge(name));
    }
    Ok(Looked::Examined(examine(&Text {
        name: &name,
        bytes: &bytes,
        is_manifest: is_manifest(source),
        namespace,
        config: config.map(|(config, place)| (&***config, place)),
    })))
}

/// Whether it has to be YAML or JSON: by its name, or as it is the output of another program.
fn is_manifest(source: &Source) -> bool {
    match source {
        Source::Stdin => true,
        Source::File(path) => {
            walk::is_manifest(path) || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
        }
    }
}
