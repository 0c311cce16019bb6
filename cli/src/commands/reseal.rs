//! `waxwing reseal`: a repository follows its cluster to a new key.
//!
//! `file` reads a file, asks the `judge` about each sealed value, and writes it back with the new
//! values; the judge decides by what the `live` cluster says or by identities at hand; `report` tells.

mod file;
mod judge;
mod live;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget};
use waxwing_crypto::{KeyId, Recipient};

use crate::cluster::{ClusterArgs, ClusterError, Fetcher};
use crate::diagnostic::Failure;
use crate::identities;
use crate::input::{Source, refuse_second_stdin};
use crate::namespace::FallbackNamespace;
use crate::recipients::Pins;
use crate::report_format::ReportFormat;
use crate::walk;
use file::Resealing;
use judge::{Judge, Live, Offline};
use report::Report;

/// From this many files on, a bar shows how far it is.
const MANY_FILES: usize = 200;

const EXAMPLES: &str = "\
Examples:
  After a rollover, bring a repository to the new key, and commit the change:
    waxwing reseal .

  In CI, fail while a value is sealed to an older key:
    waxwing reseal --check .

  Without the cluster, with the old key and the recipient of the new one:
    waxwing reseal -i old-key.txt --recipient age1pq1… apps/

  Let a second cluster open the same values:
    waxwing reseal -i key.txt --add-recipient age1pq1… apps/

The value itself stays the same. Whoever had the old key and the old file has the value: after a
leak, change it. Exit codes: 0 done, 1 something is stale (--check), unreachable or refused.";

/// Replace sealed values by the same values for the newest key, and change nothing else
///
/// Values that are sealed to an older key of the cluster are replaced by what its controller offers
/// in their place: no plaintext and no private key leaves the cluster. Every other byte of the files
/// stays: comments, order, quoting, line endings. A value that the cluster does not have, or has in
/// another form, is reported and left.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The files, and folders to search for .yaml, .yml and .json (respecting .gitignore)
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// Change nothing; name every stale value, and exit with 1 if there is one
    #[arg(long)]
    check: bool,

    /// Reseal with the identities in FILE, and not with what the cluster offers; may be repeated
    #[arg(short, long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,

    /// With -i, the recipient to reseal to [default: the primary key of the cluster, which is asked]
    #[arg(short, long, value_name = "RECIPIENT", requires = "identities")]
    recipient: Option<Recipient>,

    /// With -i, let this recipient open the values too; may be repeated
    #[arg(
        long,
        value_name = "RECIPIENT",
        requires = "identities",
        conflicts_with = "recipient"
    )]
    add_recipient: Vec<Recipient>,

    /// With -i, take the values from this recipient, or from the key of this id; may be repeated
    #[arg(
        long,
        value_name = "RECIPIENT|KEYID",
        requires = "identities",
        conflicts_with = "recipient",
        value_parser = key_id
    )]
    remove_recipient: Vec<KeyId>,

    /// The namespace of SealedSecrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,

    /// Lines for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    /// Reseal to the primary key of the cluster, even if .waxwing.yaml does not have it
    #[arg(
        long,
        conflicts_with_all = ["recipient", "add_recipient", "remove_recipient"]
    )]
    trust_cluster: bool,

    #[command(flatten)]
    cluster: ClusterArgs,
}

fn key_id(text: &str) -> Result<KeyId, String> {
    if let Ok(recipient) = text.parse::<Recipient>() {
        return Ok(recipient.key_id());
    }
    text.parse().map_err(|_| {
        "neither a recipient (age1…, age1pq1…) nor a key id (16 hex digits)".to_owned()
    })
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (files, mut failure) = walk::manifests(&args.paths);
    let namespace = FallbackNamespace::new(args.namespace.as_deref(), &args.cluster);
    let mut resealing = args.resealing(&namespace)?;
    let bar = progress(files.len());
    let mut report = Report::default();
    for path in files {
        match resealing.reseal(&path) {
            Ok(outcome) => report.add(outcome),
            Err(error) => {
                failure.add(error);
                break;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.print(args.output, args.check)?;
    report.fail(args.check, &mut failure);
    failure.or(())
}

impl Args {
    fn resealing<'a>(
        &self,
        namespace: &'a FallbackNamespace<'a>,
    ) -> Result<Resealing<'a>, Failure> {
        let resealing = |judge, fetcher, pins| Resealing {
            judge,
            fetcher,
            pins,
            namespace,
            check: self.check,
        };
        if !self.identities.is_empty() {
            let (judge, pins) = self.offline()?;
            return Ok(resealing(judge, None, pins));
        }
        let connection = self.cluster.connect()?;
        let keys = live::Keys::of(&self.cluster, &connection)?;
        let judge = Judge::Live(Live {
            primary: keys.primary.key_id(),
            keys: keys.all,
            objects: (!self.check).then(BTreeMap::new),
        });
        let fetcher = (!self.check).then(|| Fetcher::new(connection));
        Ok(resealing(judge, fetcher, self.pins(keys.primary)?))
    }

    fn offline(&self) -> Result<(Judge, Option<Pins>), Failure> {
        let sources: Vec<Source> = self.identities.iter().cloned().map(Source::from).collect();
        refuse_second_stdin(sources.iter().cloned())?;
        let ring = identities::key_ring(&sources)?;
        let mut pins = None;
        let task = match &self.recipient {
            Some(recipient) => Offline::Rewrap(recipient.clone()),
            None if self.add_recipient.is_empty() && self.remove_recipient.is_empty() => {
                // The newest key is the cluster's; the identities at hand open what is sealed to others.
                let primary = self.cluster.primary_recipient()?;
                pins = self.pins(primary.clone())?;
                Offline::Rewrap(primary)
            }
            None => Offline::Change {
                add: self.add_recipient.clone(),
                remove: self.remove_recipient.clone(),
            },
        };
        Ok((Judge::Offline { ring, task }, pins))
    }

    /// What has to permit the primary key that the cluster named, unless it is trusted.
    fn pins(&self, primary: Recipient) -> Result<Option<Pins>, ClusterError> {
        if self.trust_cluster {
            return Ok(None);
        }
        Ok(Some(Pins::of(self.cluster.context()?, primary)))
    }
}

fn progress(files: usize) -> ProgressBar {
    // Standard error that is no terminal draws nothing.
    let target = if files < MANY_FILES {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    ProgressBar::with_draw_target(Some(u64::try_from(files).unwrap_or(u64::MAX)), target)
}
