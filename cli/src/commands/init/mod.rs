//! `waxwing init`: the files that a repository needs.

mod config_file;
mod git_setup;
mod hook;

use std::io;
use std::path::{Path, PathBuf};

use waxwing_crypto::Recipient;

use self::config_file::NewCluster;
use crate::cluster::{ClusterArgs, NoRecipient};
use crate::config::{Config, FILE_NAME, is_cluster_name};
use crate::diagnostic::{Advice, Failure};
use crate::git::repository_root;
use crate::input::refuse_second_stdin;
use crate::output::{self, Audience};
use crate::recipients::{RecipientArgs, parse_recipient};
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  With the primary key of the cluster of the current kubeconfig context:
    waxwing init --cluster prod

  Offline, with a key to recover with:
    waxwing init --cluster prod -r age1pq1… --recovery-recipient age1pq1…

  In every clone: a readable git diff, and no commit with a plaintext Secret:
    waxwing init --git";

/// The name of a cluster that nothing else gives a name to.
const DEFAULT_CLUSTER: &str = "default";

/// Write .waxwing.yaml, which says whom this repository seals to
///
/// The public key of the cluster is taken from the cluster, or from -r and -R. It stands in Git from
/// then on: sealing needs no cluster any more, and nobody who answers in its place is trusted. Add
/// further clusters to the file by hand, with recipients: [], and run waxwing recipients sync.
/// A file that is there already is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to write it [default: the root of the Git repository, else the current folder]
    folder: Option<PathBuf>,

    /// What to call the cluster [default: the name of its kubeconfig context]
    #[arg(long = "cluster", value_name = "NAME")]
    name: Option<String>,

    /// Set up this clone of the Git repository instead: git diff shows sealed values in words, and a
    /// pre-commit hook refuses what waxwing validate finds fault with
    #[arg(
        long,
        conflicts_with_all = ["name", "recipients", "recipients_files", "recovery", "kubeconfig", "context"]
    )]
    git: bool,

    /// Lines for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    recipients: RecipientArgs,

    /// Seal every value to this public key as well, to recover with; may be repeated
    #[arg(long = "recovery-recipient", value_name = "RECIPIENT")]
    recovery: Vec<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.git {
        return git_setup::run(args.folder.as_deref(), args.output);
    }
    refuse_second_stdin(args.recipients.sources())?;
    let path = args.path()?;
    if path.symlink_metadata().is_ok() {
        return Err(InitError::Exists { path }.into());
    }
    let recovery = args.recovery_recipients()?;
    let given = args.recipients.given()?;
    let context = args.context(given.is_some())?;
    let cluster = NewCluster {
        name: args.cluster_name(context.as_deref())?,
        recipients: match given {
            Some(recipients) => recipients,
            None => vec![args.cluster.primary_recipient()?],
        },
        controller_namespace: args.cluster.controller_namespace(),
        context,
    };
    let text = config_file::text(&cluster, &recovery);
    Config::parse(&path.display().to_string(), Path::new(""), &text)?;
    output::create_new(&path, text.as_bytes(), Audience::Public)?;
    report(&path, &cluster, args.output)
}

fn report(path: &Path, cluster: &NewCluster<'_>, format: ReportFormat) -> Result<(), Failure> {
    let keys = cluster.recipients.iter().map(Recipient::key_id);
    let keys: Vec<String> = keys.map(|id| id.to_string()).collect();
    let (file, name) = (path.display().to_string(), &cluster.name);
    let text = match format {
        ReportFormat::Json => {
            let report = serde_json::json!({"file": file, "cluster": name, "keys": keys});
            format!("{report:#}\n")
        }
        ReportFormat::Table => {
            format!("wrote {file}: cluster {name}, key {}\n", keys.join(", "))
        }
    };
    Ok(output::write_stdout(text.as_bytes())?)
}

impl Args {
    fn path(&self) -> Result<PathBuf, InitError> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => repository_root()
                .map_err(InitError::CurrentFolder)?
                .unwrap_or_default(),
        };
        Ok(folder.join(FILE_NAME))
    }

    fn recovery_recipients(&self) -> Result<Vec<Recipient>, Failure> {
        let mut failure = Failure::default();
        let mut recipients = Vec::new();
        for text in &self.recovery {
            match parse_recipient("--recovery-recipient", text) {
                Ok(recipient) => recipients.push(recipient),
                Err(error) => failure.add(error),
            }
        }
        failure.or(recipients)
    }

    /// The kubeconfig context of the cluster. Who gives its key by hand need not have one.
    fn context(&self, is_offline: bool) -> Result<Option<String>, NoRecipient> {
        if is_offline && !self.cluster.is_named() {
            Ok(None)
        } else {
            Ok(self.cluster.context()?)
        }
    }

    fn cluster_name(&self, context: Option<&str>) -> Result<String, InitError> {
        let name = self.name.as_deref().or(context).unwrap_or(DEFAULT_CLUSTER);
        if is_cluster_name(name) {
            Ok(name.to_owned())
        } else {
            Err(InitError::Name {
                name: name.to_owned(),
            })
        }
    }
}

/// Why no `.waxwing.yaml` is written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{}: exists already, and is never overwritten", path.display())]
    Exists { path: PathBuf },
    #[error("\"{name}\" is no name for a cluster: it is empty or has blanks")]
    Name { name: String },
    #[error("the current folder cannot be found: {0}")]
    CurrentFolder(io::Error),
}

impl Advice for InitError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Exists { .. } => vec![
                "add a cluster to it by hand, with its context and recipients: [], then: waxwing recipients sync"
                    .to_owned(),
            ],
            Self::Name { .. } => vec!["give it a short name with --cluster".to_owned()],
            Self::CurrentFolder(_) => Vec::new(),
        }
    }
}
