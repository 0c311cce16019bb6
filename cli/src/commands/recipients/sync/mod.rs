//! `waxwing recipients sync`: the clusters' primary keys into `.waxwing.yaml`.

mod plan;
mod report;

use std::path::PathBuf;

use waxwing_crypto::Recipient;

use self::plan::{Plan, plan};
use self::report::{Row, State};
use crate::cluster::{ClusterArgs, ClusterError};
use crate::completion;
use crate::config::{self, Cluster, Config, ConfigError, Edit, Place};
use crate::diagnostic::{Advice, Failure};
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  After a rollover, take the new key into Git:
    waxwing recipients sync
    git diff .waxwing.yaml

  In CI, fail where a cluster has a newer key than the repository:
    waxwing recipients sync --check";

/// Take the primary keys of the clusters into .waxwing.yaml, in place
///
/// Every cluster with a context is asked. Nothing in the file changes but the recipient that is an
/// older key of the cluster: comments and the other recipients stay. A cluster that does not know the
/// key that the file has is taken for another cluster and refused, unless --trust-cluster is given.
/// The exit code is 1 if a cluster could not be asked, or with --check if the file is outdated.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Change nothing; exit with 1 if something would change
    #[arg(long)]
    check: bool,

    /// Only this cluster; may be repeated
    #[arg(long = "cluster", value_name = "NAME", add = completion::clusters())]
    clusters: Vec<String>,

    /// Take the key of a cluster even if it does not know the key that the file has
    #[arg(long)]
    trust_cluster: bool,

    /// A table for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let place = Place::of(None)?;
    let config = config::find(&place)?.ok_or_else(|| ConfigError::NotFound {
        folder: place.folder().display().to_string(),
    })?;
    let mut failure = Failure::default();
    let mut edits = Vec::new();
    let mut rows = Vec::new();
    for (name, cluster) in args.chosen(&config)? {
        let change = match args.ask(&config, name, cluster) {
            Ok(change) => change,
            Err(error) => {
                failure.add(error);
                rows.push(Row::of(name, State::Failed));
                continue;
            }
        };
        rows.push(args.row(name, change.as_ref()));
        edits.extend(change.and_then(|change| edit(name, change)));
    }
    if args.check {
        if !edits.is_empty() {
            failure.add(Outdated {
                config: config.name().to_owned(),
            });
        }
    } else {
        config.write_with(&edits)?;
    }
    report::print(&rows, args.output)?;
    failure.or(())
}

impl Args {
    fn chosen<'a>(&self, config: &'a Config) -> Result<Vec<(&'a str, &'a Cluster)>, Failure> {
        let mut failure = Failure::default();
        for name in &self.clusters {
            match config.cluster(name) {
                Ok(cluster) if cluster.context.is_none() => failure.add(NoContext {
                    config: config.name().to_owned(),
                    cluster: name.clone(),
                }),
                Ok(_) => {}
                Err(error) => failure.add(error),
            }
        }
        let is_chosen =
            |name: &str| self.clusters.is_empty() || self.clusters.iter().any(|c| c == name);
        failure.or(config
            .clusters()
            .filter(|(name, _)| is_chosen(name))
            .collect())
    }

    /// What has to change for a cluster; none, if it has no context.
    fn ask(
        &self,
        config: &Config,
        name: &str,
        cluster: &Cluster,
    ) -> Result<Option<Plan>, AskError> {
        let Some(context) = &cluster.context else {
            return Ok(None);
        };
        let namespace = cluster.controller_namespace.as_deref();
        let target = ClusterArgs::at_context(self.kubeconfig.clone(), Some(context), namespace);
        let explain = |cause: &dyn Advice| AskError {
            message: format!("{}: cluster {name}: {cause}", config.name()),
            advice: cause.advice(),
        };
        let (keys, primary) = keys_and_primary(&target).map_err(|error| explain(&error))?;
        let pinned: Vec<Recipient> = cluster.recipients().cloned().collect();
        let plan = plan(&pinned, &keys, &primary, self.trust_cluster);
        plan.map(Some).map_err(|error| explain(&error))
    }

    fn row(&self, name: &str, plan: Option<&Plan>) -> Row {
        let changed = if self.check {
            State::Outdated
        } else {
            State::Updated
        };
        let (state, old_key, new_key) = match plan {
            None => (State::NotAsked, None, None),
            Some(Plan::Current { key }) => (State::Current, Some(*key), Some(*key)),
            Some(Plan::Replace { old, new, .. }) => (changed, Some(*old), Some(new.key_id())),
            Some(Plan::Fill { new }) => (changed, None, Some(new.key_id())),
        };
        Row {
            old_key,
            new_key,
            ..Row::of(name, state)
        }
    }
}

impl Row {
    fn of(name: &str, state: State) -> Self {
        Self {
            cluster: name.to_owned(),
            state,
            old_key: None,
            new_key: None,
        }
    }
}

fn edit(cluster: &str, plan: Plan) -> Option<Edit> {
    let (index, new) = match plan {
        Plan::Current { .. } => return None,
        Plan::Replace { index, new, .. } => (Some(index), new),
        Plan::Fill { new } => (None, new),
    };
    Some(Edit {
        cluster: cluster.to_owned(),
        index,
        recipient: new,
    })
}

/// The recipients of all sealing keys of a cluster, and that of the primary one.
fn keys_and_primary(cluster: &ClusterArgs) -> Result<(Vec<Recipient>, Recipient), ClusterError> {
    let connection = cluster.connect()?;
    let keys = cluster.sealing_keys(&connection)?;
    let primary = cluster.recipient_of(&keys)?;
    let recipients = keys
        .iter()
        .filter_map(|key| key.spec.recipient.parse().ok());
    Ok((recipients.collect(), primary))
}

/// Why a cluster's recipients could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct AskError {
    message: String,
    advice: Vec<String>,
}

impl Advice for AskError {
    fn advice(&self) -> Vec<String> {
        self.advice.clone()
    }
}

/// `--check` found an older key.
#[derive(Debug, thiserror::Error)]
#[error("{config}: does not have the primary keys of all clusters")]
struct Outdated {
    config: String,
}

impl Advice for Outdated {
    fn advice(&self) -> Vec<String> {
        vec!["take them into it: waxwing recipients sync".to_owned()]
    }
}

/// A cluster that was named and cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{config}: cluster {cluster} has no context by which it could be asked")]
struct NoContext {
    config: String,
    cluster: String,
}

impl Advice for NoContext {
    fn advice(&self) -> Vec<String> {
        vec!["write its kubeconfig context into the file".to_owned()]
    }
}
