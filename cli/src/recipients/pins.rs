//! Whether the key that a cluster wants values sealed to is pinned in Git: whoever can answer in the
//! cluster's place must not be able to choose whom values are sealed to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use waxwing_crypto::Recipient;

use crate::config::{self, Cluster, Config, Place};
use crate::diagnostic::{Advice, Failure};

/// The cluster that `config` has the key for, among those that the cluster of `context` may be.
pub(super) fn pinned_cluster<'a>(
    config: &'a Config,
    context: Option<&str>,
    primary: &Recipient,
) -> Result<&'a Cluster, PinError> {
    let candidates = config.clusters_at(context);
    let has_primary = |(name, cluster): &(&str, &Cluster)| {
        candidates.contains(name) && cluster.recipients().any(|pinned| pinned == primary)
    };
    match config.clusters().find(has_primary) {
        Some((_, cluster)) => Ok(cluster),
        None => Err(PinError {
            key: primary.key_id().to_string(),
            config: config.name().to_owned(),
            clusters: candidates.join(" or "),
        }),
    }
}

/// What the `.waxwing.yaml` of one file after the other says about the primary key of a cluster.
pub(crate) struct Pins {
    context: Option<String>,
    primary: Recipient,
    /// The folders whose files may be sealed to it.
    permitted: BTreeSet<PathBuf>,
}

impl Pins {
    /// The primary key of the cluster of a kubeconfig context.
    pub(crate) fn of(context: Option<String>, primary: Recipient) -> Self {
        Self {
            context,
            primary,
            permitted: BTreeSet::new(),
        }
    }

    /// Refuses the key for a file whose `.waxwing.yaml` does not have it.
    pub(crate) fn check(&mut self, file: &Path) -> Result<(), Failure> {
        let place = Place::of(Some(file))?;
        if self.permitted.contains(place.folder()) {
            return Ok(());
        }
        if let Some(config) = config::find(&place)? {
            pinned_cluster(&config, self.context.as_deref(), &self.primary)?;
        }
        self.permitted.insert(place.folder().to_owned());
        Ok(())
    }
}

/// A cluster wants values sealed to a key that is not pinned.
#[derive(Debug, thiserror::Error)]
#[error(
    "the cluster's primary key {key} is not what {config} has for {clusters}; nothing is sealed to it"
)]
pub(super) struct PinError {
    key: String,
    config: String,
    clusters: String,
}

impl Advice for PinError {
    fn advice(&self) -> Vec<String> {
        vec![
            "after a rollover, take the new key into Git: waxwing recipients sync".to_owned(),
            "to seal to it all the same, give --trust-cluster".to_owned(),
        ]
    }
}
