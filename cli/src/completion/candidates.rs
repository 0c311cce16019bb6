//! What arguments can be, by what is in the files of the repository.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::config::{self, Config, Place};

/// For a cluster: those of `.waxwing.yaml`.
pub(crate) fn clusters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_config(cluster_names))
}

/// For a key id: those of the recipients in `.waxwing.yaml`.
pub(crate) fn key_ids() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_config(pinned_keys))
}

/// An error has its place in the command that is completed, not before it.
fn of_config(candidates: fn(&Config) -> Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let config = Place::of(None)
        .ok()
        .and_then(|here| config::find(&here).ok());
    config
        .flatten()
        .as_ref()
        .map(candidates)
        .unwrap_or_default()
}

fn cluster_names(config: &Config) -> Vec<CompletionCandidate> {
    config
        .clusters()
        .map(|(name, cluster)| {
            let context = cluster.context.as_ref();
            let help = context.map(|context| format!("context {context}").into());
            CompletionCandidate::new(name).help(help)
        })
        .collect()
}

fn pinned_keys(config: &Config) -> Vec<CompletionCandidate> {
    let of_clusters = config.clusters().flat_map(|(name, cluster)| {
        let recipients = cluster.recipients();
        recipients.map(move |recipient| (name, recipient))
    });
    of_clusters
        .map(|(name, recipient)| {
            CompletionCandidate::new(recipient.key_id().to_string())
                .help(Some(format!("cluster {name}").into()))
        })
        .collect()
}
