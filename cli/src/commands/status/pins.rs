//! The keys that `.waxwing.yaml` has, seen from one file.

use std::fmt;

use serde::{Serialize, Serializer};
use waxwing_crypto::{KeyId, Recipient};

use crate::config::{Config, Place};

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Cluster(String),
    Recovery,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster(name) => name,
            Self::Recovery => "recovery",
        })
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A key that stands in `.waxwing.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) key: KeyId,
    pub(super) owner: Owner,
}

/// What `.waxwing.yaml` says of a file; nothing, where there is none.
#[derive(Default)]
pub(super) struct Pins {
    /// The clusters that the rule names, if there is one.
    ruled: Option<Vec<String>>,
    /// Every key, those of a cluster behind each other.
    all: Vec<Pin>,
}

impl Pins {
    pub(super) fn for_file(config: &Config, place: &Place) -> Self {
        let of_clusters = config.clusters().flat_map(|(name, cluster)| {
            let keys = cluster.recipients().map(Recipient::key_id);
            keys.map(|key| Pin {
                key,
                owner: Owner::Cluster(name.to_owned()),
            })
        });
        let recovery = config.recovery().map(|recipient| Pin {
            key: recipient.key_id(),
            owner: Owner::Recovery,
        });
        Self {
            ruled: config.clusters_for(place).map(<[String]>::to_vec),
            all: of_clusters.chain(recovery).collect(),
        }
    }

    pub(super) fn all(&self) -> &[Pin] {
        &self.all
    }

    /// The clusters that a SealedSecret is for: where no rule says it, those that have one of its keys.
    pub(super) fn clusters_of<'a>(&self, values: impl Iterator<Item = &'a [KeyId]>) -> Vec<String> {
        if let Some(ruled) = &self.ruled {
            return ruled.clone();
        }
        let keys: Vec<&KeyId> = values.flatten().collect();
        let matching = self.all.iter().filter(|pin| keys.contains(&&pin.key));
        let mut clusters: Vec<String> = matching
            .filter_map(|pin| match &pin.owner {
                Owner::Cluster(name) => Some(name.clone()),
                Owner::Recovery => None,
            })
            .collect();
        clusters.dedup();
        clusters
    }

    /// The keys that a value for these clusters would be sealed to today; none, if it cannot be known.
    pub(super) fn wanted(&self, clusters: &[String]) -> Vec<Pin> {
        let is_of_clusters =
            |pin: &Pin| matches!(&pin.owner, Owner::Cluster(name) if clusters.contains(name));
        if !self.all.iter().any(is_of_clusters) {
            return Vec::new();
        }
        let is_wanted = |pin: &&Pin| is_of_clusters(pin) || pin.owner == Owner::Recovery;
        self.all.iter().filter(is_wanted).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    #[test]
    fn the_rule_says_which_clusters_a_file_is_for_and_else_its_keys_do() {
        let [prod, staging, recovery] = std::array::from_fn(|_| {
            let identity = Identity::generate(Algorithm::X25519);
            identity.recipient().clone()
        });
        let text = format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
             prod: {{recipients: [{prod}]}}\n  staging: {{recipients: [{staging}]}}\n  \
             new: {{recipients: []}}\nrecovery: [{recovery}]\nrules:\n  \
             - {{path: prod.yaml, clusters: [prod]}}\n  - {{path: new.yaml, clusters: [new]}}\n"
        );
        let root = std::env::current_dir().unwrap();
        let config = Config::parse(".waxwing.yaml", &root, &text).unwrap();
        let [prod, staging, recovery] = [prod, staging, recovery].map(|key| key.key_id());
        let stranger = "0123456789abcdef".parse().unwrap();
        type Case<'a> = (&'a str, &'a [KeyId], &'a [&'a str], &'a [KeyId]);
        let cases: [Case<'_>; 6] = [
            ("prod.yaml", &[staging], &["prod"], &[prod, recovery]),
            ("other.yaml", &[staging], &["staging"], &[staging, recovery]),
            (
                "other.yaml",
                &[staging, prod, prod],
                &["prod", "staging"],
                &[prod, staging, recovery],
            ),
            ("other.yaml", &[stranger], &[], &[]),
            ("other.yaml", &[recovery], &[], &[]),
            ("new.yaml", &[prod], &["new"], &[]),
        ];
        for (file, keys, clusters, wanted) in cases {
            let place = Place::of(Some(Path::new(file))).unwrap();
            let pins = Pins::for_file(&config, &place);
            let found = pins.clusters_of([keys].into_iter());
            assert_eq!(found, clusters, "{file} {keys:?}");
            let found: Vec<KeyId> = pins.wanted(&found).iter().map(|pin| pin.key).collect();
            assert_eq!(found, wanted, "{file} {keys:?}");
        }
    }
}
