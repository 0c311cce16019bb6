//! `waxwing status`: the SealedSecrets of a whole repository in one table.
//!
//! `survey` reads the files; `standing` decides how the keys of a SealedSecret compare with those of
//! `.waxwing.yaml`, and `age_policy` which values are too old. With --live the clusters are asked, and
//! `in_cluster` compares. `report` tells.

mod age_policy;
mod in_cluster;
mod live;
mod pins;
mod report;
mod standing;
mod survey;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use self::live::LiveArgs;
use self::report::Report;
use self::survey::Survey;
use crate::config::Configs;
use crate::diagnostic::{Advice, Failure, note};
use crate::git::repository_root;
use crate::report_format::ReportFormat;
use crate::{parallel, walk};

const EXAMPLES: &str = "\
Examples:
  The whole repository:
    waxwing status

  In CI, fail where a value was not changed for 90 days:
    waxwing status --max-age 90d

  Is it applied, Ready, and as in the files, in the clusters of .waxwing.yaml:
    waxwing status --live

  What is sealed to a key that .waxwing.yaml does not have for its cluster:
    waxwing status -o json | jq -r '.sealedSecrets[] | select(.state == \"stale\") | .file'

Exit codes: 0 done, 1 a file is broken, a value too old, or a cluster gave no answer.";

/// Show every SealedSecret of the repository: clusters, keys, and the age of its oldest value
///
/// No key is needed: the keys of the values are compared with those that .waxwing.yaml has for the
/// clusters of the file. No cluster is asked but with --live. A broken file is reported, and the rest is
/// shown all the same.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The files, and folders to search for .yaml, .yml and .json (respecting .gitignore) [default:
    /// the root of the Git repository, else the current folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Name every value that was sealed longer ago than this, such as 90d or 12h, and exit with 1 if
    /// there is one
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    max_age: Option<Duration>,

    /// The namespace of SealedSecrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,

    /// A table for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    live: LiveArgs,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let now = SystemTime::now();
    let paths = match args.paths {
        paths if paths.is_empty() => vec![repository()?],
        paths => paths,
    };
    let clusters = args.live.clusters()?;
    let (files, mut failure) = walk::manifests(&paths);
    let (configs, broken) = Configs::of(&files);
    failure.add(broken);

    let survey = Survey {
        configs: &configs,
        namespace: args.namespace.as_deref(),
        clusters: clusters.as_ref(),
    };
    let mut entries = Vec::new();
    parallel::in_order(
        &files,
        |file| survey.file(file),
        |found| {
            entries.extend(found.entries);
            failure.add(found.failure);
        },
    );
    if let Some(clusters) = &clusters {
        failure.add(clusters.ask(&mut entries));
    }
    if let Some(max_age) = args.max_age {
        for value in age_policy::too_old(&entries, max_age, now) {
            failure.add(value);
        }
    }
    let report = Report::new(&entries, now, clusters.is_some());
    report.print(args.output)?;
    if args.output == ReportFormat::Table {
        note(&report.summary());
    }
    failure.or(())
}

fn repository() -> Result<PathBuf, NoCurrentFolder> {
    match repository_root().map_err(NoCurrentFolder)? {
        Some(root) if !root.as_os_str().is_empty() => Ok(root),
        _ => Ok(PathBuf::from(".")),
    }
}

/// There is no folder to look at.
#[derive(Debug, thiserror::Error)]
#[error("the current folder cannot be found: {0}")]
struct NoCurrentFolder(std::io::Error);

impl Advice for NoCurrentFolder {}
