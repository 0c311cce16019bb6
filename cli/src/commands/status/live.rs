//! What the clusters have of the SealedSecrets in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use waxwing_api::AnySealedSecret;

use super::in_cluster::InCluster;
use super::survey::Entry;
use crate::cluster::{Address, ClusterArgs, ClusterError, Fetcher};
use crate::config::Config;
use crate::diagnostic::Failure;

/// Which clusters to ask.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct LiveArgs {
    /// Ask the clusters too: is it applied, Ready, drifted. Each cluster of .waxwing.yaml is asked by
    /// its context, or without a .waxwing.yaml that of the current one
    #[arg(long)]
    live: bool,

    /// Ask this cluster alone, by its kubeconfig context
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// How a cluster is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Context(String),
    /// The cluster of this pod, as there is no kubeconfig.
    Pod,
    /// `.waxwing.yaml` names no context.
    None,
}

/// A SealedSecret as the file has it, and as the clusters have it.
#[derive(Debug)]
pub(super) struct Live {
    sealed: AnySealedSecret,
    pub(super) answers: Vec<Answer>,
}

/// What a cluster has of a SealedSecret.
#[derive(Debug)]
pub(super) struct Answer {
    /// The name of the cluster, or of the context.
    pub(super) cluster: String,
    way: Way,
    pub(super) found: InCluster,
}

impl Answer {
    fn expected(cluster: &str, way: Way) -> Self {
        let found = match way {
            Way::None => InCluster::NotAsked { why: "no context" },
            Way::Context(_) | Way::Pod => InCluster::NoAnswer,
        };
        Self {
            cluster: cluster.to_owned(),
            way,
            found,
        }
    }
}

/// The clusters to ask.
#[derive(Debug)]
pub(super) struct Clusters {
    kubeconfig: Option<PathBuf>,
    /// The only one, if it was named.
    only: Option<String>,
    /// How the only one, or else that of the current context, is asked.
    current: Way,
}

impl LiveArgs {
    /// None, if no cluster is to be asked.
    pub(super) fn clusters(self) -> Result<Option<Clusters>, ClusterError> {
        if !self.live && self.context.is_none() && self.kubeconfig.is_none() {
            return Ok(None);
        }
        let current = match &self.context {
            Some(only) => Some(only.clone()),
            None => ClusterArgs::at_context(self.kubeconfig.clone(), None, None).context()?,
        };
        Ok(Some(Clusters {
            kubeconfig: self.kubeconfig,
            only: self.context,
            current: current.map_or(Way::Pod, Way::Context),
        }))
    }
}

impl Clusters {
    /// What is to be asked about a SealedSecret that is for the clusters of these names, as `config` has
    /// them.
    pub(super) fn about(
        &self,
        sealed: AnySealedSecret,
        config: Option<&Config>,
        names: &[String],
    ) -> Live {
        let answers = match (config, &self.only) {
            (None, _) => vec![self.current_answer()],
            (Some(config), Some(only)) => {
                let candidates = config.clusters_at(Some(only));
                let is_for_it =
                    names.is_empty() || names.iter().any(|name| candidates.contains(&&**name));
                is_for_it
                    .then(|| self.current_answer())
                    .into_iter()
                    .collect()
            }
            (Some(config), None) => names
                .iter()
                .map(|name| {
                    let cluster = config.cluster(name).ok();
                    let context = cluster.and_then(|cluster| cluster.context.clone());
                    Answer::expected(name, context.map_or(Way::None, Way::Context))
                })
                .collect(),
        };
        Live { sealed, answers }
    }

    fn current_answer(&self) -> Answer {
        match &self.current {
            Way::Context(context) => Answer::expected(context, self.current.clone()),
            way => Answer::expected("this pod's cluster", way.clone()),
        }
    }

    /// Asks one cluster after the other, and returns what went wrong with some.
    pub(super) fn ask(&self, entries: &mut [Entry]) -> Failure {
        let mut failure = Failure::default();
        let answers = entries
            .iter()
            .filter_map(|entry| entry.live.as_ref())
            .flat_map(|live| &live.answers);
        let ways: BTreeSet<Way> = answers.map(|answer| answer.way.clone()).collect();
        for way in ways {
            let context = match &way {
                Way::Context(context) => Some(context.as_str()),
                Way::Pod => None,
                Way::None => continue,
            };
            let cluster = ClusterArgs::at_context(self.kubeconfig.clone(), context, None);
            if let Err(error) = ask_one(&cluster, &way, entries, &mut failure) {
                failure.add(error);
            }
        }
        failure
    }
}

/// Asks a cluster for everything that it should have. A namespace that it does not let one look into
/// goes into `failure`; any other error ends it.
fn ask_one(
    cluster: &ClusterArgs,
    way: &Way,
    entries: &mut [Entry],
    failure: &mut Failure,
) -> Result<(), ClusterError> {
    let mut fetcher = Fetcher::new(cluster.connect()?);
    let mut objects: BTreeMap<Address, AnySealedSecret> = BTreeMap::new();
    for entry in entries {
        let Some(live) = &mut entry.live else {
            continue;
        };
        for answer in live.answers.iter_mut().filter(|answer| answer.way == *way) {
            let namespace = entry.namespace.as_deref();
            let Some(address) = Address::of(entry.kind, namespace, &entry.name) else {
                answer.found = InCluster::NotAsked {
                    why: "no namespace",
                };
                continue;
            };
            match fetcher.fetch(&address) {
                Ok(fetched) => {
                    objects.extend(fetched);
                    answer.found = InCluster::of(&live.sealed, objects.get(&address));
                }
                Err(error @ ClusterError::Forbidden { .. }) => failure.add(error),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
