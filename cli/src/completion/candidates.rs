//! What arguments can be, by what is in the files of the repository.

use std::env;
use std::path::PathBuf;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use waxwing_manifest::{read, read_sealed_secret};

use crate::config::{self, Config, Place};
use crate::input::Source;
use crate::sealed_files::sealed_secrets;

/// For a cluster: those of `.waxwing.yaml`.
pub(crate) fn clusters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_config(cluster_names))
}

/// For a key id: those of the recipients in `.waxwing.yaml`.
pub(crate) fn key_ids() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_config(pinned_keys))
}

/// For an item: those of the file that is named before it.
pub(crate) fn items() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let files = env::args_os()
            .skip(1)
            .map(PathBuf::from)
            .filter(|path| path.is_file());
        files
            .map(|file| items_of(&Source::File(file)))
            .find(|items| !items.is_empty())
            .unwrap_or_default()
    })
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

fn items_of(file: &Source) -> Vec<CompletionCandidate> {
    let Ok(text) = file.read_text() else {
        return Vec::new();
    };
    let documents = read(&file.name(), &text).unwrap_or_default();
    sealed_secrets(&documents)
        .filter_map(|object| read_sealed_secret(&object).ok())
        .flat_map(|sealed| sealed.spec.encrypted_data.into_keys())
        .map(CompletionCandidate::new)
        .collect()
}
