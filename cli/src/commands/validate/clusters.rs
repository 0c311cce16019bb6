//! Whether SealedSecrets are sealed for the clusters that `.waxwing.yaml` names for their file.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto::{KeyId, Recipient};
use waxwing_manifest::Object;

use super::finding::Finding;
use super::rule::Rule;
use crate::config::{Config, Place};

/// What is wrong with whom a value is sealed to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Mismatch {
    /// All its keys are known, and none of them is a key of these clusters.
    Clusters(Vec<String>),
    /// These keys are not known, and none of the others is a key of these clusters.
    Keys {
        unknown: Vec<KeyId>,
        clusters: Vec<String>,
    },
}

/// Checks a SealedSecret whose items are sealed to `keys`. Items with the same problem share a finding.
pub(super) fn check(
    object: &Object<'_>,
    keys: &BTreeMap<String, Vec<KeyId>>,
    config: &Config,
    place: &Place,
) -> Vec<Finding> {
    let finding = |rule, item: &str, message| {
        let location = object.location();
        Finding {
            rule,
            file: location.source,
            line: object.line_of(&["spec", "encryptedData", item]),
            document: Some(location.document),
            message: format!("{}: {message}", object.describe()),
        }
    };
    let name = config.name();
    let Some(clusters) = config.clusters_for(place) else {
        let message = format!("no rule of {name} matches this file; add one");
        return vec![finding(Rule::Unruled, "", message)];
    };
    let mut mismatches: BTreeMap<Mismatch, Vec<&str>> = BTreeMap::new();
    for (item, sealed_to) in keys {
        if let Some(mismatch) = judge(config, clusters, sealed_to) {
            mismatches.entry(mismatch).or_default().push(item);
        }
    }
    let findings = mismatches.into_iter().map(|(mismatch, items)| {
        let (rule, words) = mismatch.tell(name);
        finding(rule, items[0], format!("{}: {words}", counted(&items)))
    });
    findings.collect()
}

/// Holds the keys of a value against those of the clusters that it is for. A cluster of which no key is
/// known yet is left out.
fn judge(config: &Config, clusters: &[String], sealed_to: &[KeyId]) -> Option<Mismatch> {
    let of_cluster = |name: &str| {
        let cluster = config.cluster(name).ok()?;
        let keys: Vec<KeyId> = cluster.recipients().map(Recipient::key_id).collect();
        Some(keys).filter(|keys| !keys.is_empty())
    };
    let lacks = |name: &&String| {
        let keys = of_cluster(name);
        keys.is_some_and(|keys| !keys.iter().any(|key| sealed_to.contains(key)))
    };
    let clusters: Vec<String> = clusters.iter().filter(lacks).cloned().collect();
    if clusters.is_empty() {
        return None;
    }
    let of_all = config
        .clusters()
        .flat_map(|(_, cluster)| cluster.recipients());
    let known: BTreeSet<KeyId> = of_all
        .chain(config.recovery())
        .map(Recipient::key_id)
        .collect();
    let unknown = sealed_to.iter().filter(|key| !known.contains(key));
    let unknown: Vec<KeyId> = unknown.copied().collect();
    Some(if unknown.is_empty() {
        Mismatch::Clusters(clusters)
    } else {
        Mismatch::Keys { unknown, clusters }
    })
}

impl Mismatch {
    fn tell(&self, config: &str) -> (Rule, String) {
        match self {
            Self::Clusters(clusters) => {
                let clusters = clusters.join(", ");
                let words =
                    format!("sealed to no key of {clusters}, which {config} says the file is for");
                (Rule::WrongCluster, words)
            }
            Self::Keys { unknown, clusters } => {
                let keys: Vec<String> = unknown.iter().map(ToString::to_string).collect();
                let (keys, clusters) = (keys.join(", "), clusters.join(", "));
                let words = format!(
                    "sealed to {keys}, which {config} does not have, and to no key of {clusters}"
                );
                (Rule::UnknownKey, words)
            }
        }
    }
}

fn counted(items: &[&str]) -> String {
    let noun = if items.len() == 1 { "item" } else { "items" };
    let names: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
    format!("{noun} {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    #[test]
    fn a_value_has_to_be_sealed_for_every_cluster_of_its_file() {
        let [prod, old, staging, recovery, other] = std::array::from_fn(|_| {
            let identity = Identity::generate(Algorithm::X25519);
            identity.recipient().clone()
        });
        let text = format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
             prod: {{recipients: [{prod}, {old}]}}\n  staging: {{recipients: [{staging}]}}\n  \
             new: {{recipients: []}}\nrecovery: [{recovery}]\n"
        );
        let config = Config::parse(".waxwing.yaml", Path::new("/"), &text).unwrap();
        let wrong = |clusters: &[&str]| {
            Some(Mismatch::Clusters(
                clusters.iter().map(ToString::to_string).collect(),
            ))
        };
        let unknown = |clusters: &[&str]| {
            Some(Mismatch::Keys {
                unknown: vec![other.key_id()],
                clusters: clusters.iter().map(ToString::to_string).collect(),
            })
        };
        type Case<'a> = (&'a [&'a str], &'a [&'a Recipient], Option<Mismatch>);
        let cases: &[Case<'_>] = &[
            (&["prod"], &[&prod, &recovery], None),
            (&["prod"], &[&old], None),
            (&["prod", "staging"], &[&old, &staging], None),
            (&["new"], &[&prod], None),
            (&["prod"], &[&prod, &other], None),
            (&["prod"], &[&staging], wrong(&["prod"])),
            (&["prod"], &[&recovery], wrong(&["prod"])),
            (&["prod", "staging"], &[&prod], wrong(&["staging"])),
            (
                &["prod", "staging"],
                &[&recovery],
                wrong(&["prod", "staging"]),
            ),
            (&["prod"], &[&other], unknown(&["prod"])),
            (
                &["prod", "staging"],
                &[&other, &prod],
                unknown(&["staging"]),
            ),
        ];
        for (clusters, keys, expected) in cases {
            let clusters: Vec<String> = clusters.iter().map(ToString::to_string).collect();
            let keys: Vec<KeyId> = keys.iter().map(|key| key.key_id()).collect();
            assert_eq!(judge(&config, &clusters, &keys), *expected, "{clusters:?}");
        }
    }
}
