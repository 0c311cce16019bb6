//! What has to change in the recipients of a cluster. No file and no cluster is touched here.

use waxwing_crypto::{KeyId, Recipient};

use crate::diagnostic::Advice;

/// What has to change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: the primary key is there.
    Current { key: KeyId },
    /// Another recipient for the one at `index`.
    Replace {
        index: usize,
        old: KeyId,
        new: Recipient,
    },
    /// The first recipient.
    Fill { new: Recipient },
}

/// Decides for a cluster with these `pinned` recipients, whose SealingKeys are `keys`, one of them
/// `primary`.
///
/// Recipients that are no keys of the cluster stay: others may open the values too. A cluster that
/// knows none of the pinned recipients need not be the one that they were taken from, so that is
/// refused unless `trust`.
pub(super) fn plan(
    pinned: &[Recipient],
    keys: &[Recipient],
    primary: &Recipient,
    trust: bool,
) -> Result<Plan, Refusal> {
    let of_cluster: Vec<usize> = (0..pinned.len())
        .filter(|&index| keys.contains(&pinned[index]))
        .collect();
    match of_cluster[..] {
        [index] if pinned[index] == *primary => Ok(Plan::Current {
            key: primary.key_id(),
        }),
        [index] => Ok(replace(pinned, index, primary)),
        [] if pinned.is_empty() => Ok(Plan::Fill {
            new: primary.clone(),
        }),
        [] if trust && pinned.len() == 1 => Ok(replace(pinned, 0, primary)),
        [] if trust => Err(Refusal::WhichOne {
            pinned: pinned.len(),
            primary: primary.key_id(),
        }),
        [] => Err(Refusal::Stranger {
            pinned: pinned.iter().map(Recipient::key_id).collect(),
            primary: primary.key_id(),
        }),
        _ => Err(Refusal::Several {
            keys: of_cluster
                .iter()
                .map(|&index| pinned[index].key_id())
                .collect(),
            primary: primary.key_id(),
        }),
    }
}

fn replace(pinned: &[Recipient], index: usize, primary: &Recipient) -> Plan {
    Plan::Replace {
        index,
        old: pinned[index].key_id(),
        new: primary.clone(),
    }
}

/// Why the recipients of a cluster are not touched.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "it knows nothing of the pinned key {}, and its primary key is {primary}; it may be another cluster",
        list(.pinned)
    )]
    Stranger { pinned: Vec<KeyId>, primary: KeyId },
    #[error(
        "it knows none of its {pinned} pinned keys, so that it is not clear which one {primary} replaces"
    )]
    WhichOne { pinned: usize, primary: KeyId },
    #[error("{} are all keys of this one cluster", list(.keys))]
    Several { keys: Vec<KeyId>, primary: KeyId },
}

impl Advice for Refusal {
    fn advice(&self) -> Vec<String> {
        vec![match self {
            Self::Stranger { .. } => {
                "see whether its context leads to the right cluster; if that was set up anew, give --trust-cluster"
                    .to_owned()
            }
            Self::WhichOne { .. } => {
                "remove those of its recipients that are gone, then run this again".to_owned()
            }
            Self::Several { primary, .. } => {
                format!("keep one of them in the file; the primary key is {primary}")
            }
        }]
    }
}

fn list(keys: &[KeyId]) -> String {
    let words: Vec<String> = keys.iter().map(ToString::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    #[test]
    fn the_primary_takes_the_place_of_the_clusters_older_key_and_of_nothing_else() {
        let [old, primary, foreign, other]: [Recipient; 4] = std::array::from_fn(|_| {
            let identity = Identity::generate(Algorithm::X25519);
            identity.recipient().clone()
        });
        let replace = |index, replaced: &Recipient| {
            Ok(Plan::Replace {
                index,
                old: replaced.key_id(),
                new: primary.clone(),
            })
        };
        let current = Ok(Plan::Current {
            key: primary.key_id(),
        });
        let stranger = |pinned: &[&Recipient]| {
            Err(Refusal::Stranger {
                pinned: pinned.iter().map(|key| key.key_id()).collect(),
                primary: primary.key_id(),
            })
        };
        let fill = Ok(Plan::Fill {
            new: primary.clone(),
        });
        let which_one = Err(Refusal::WhichOne {
            pinned: 2,
            primary: primary.key_id(),
        });
        let several = Err(Refusal::Several {
            keys: vec![old.key_id(), primary.key_id()],
            primary: primary.key_id(),
        });
        type Case<'a> = (&'a str, &'a [&'a Recipient], bool, Result<Plan, Refusal>);
        let cases: [Case<'_>; 10] = [
            ("the primary", &[&primary], false, current),
            ("an older key", &[&old], false, replace(0, &old)),
            (
                "an older key among others",
                &[&foreign, &old],
                false,
                replace(1, &old),
            ),
            ("none yet", &[], false, fill),
            ("a stranger", &[&other], false, stranger(&[&other])),
            ("a trusted stranger", &[&other], true, replace(0, &other)),
            (
                "several strangers",
                &[&other, &foreign],
                false,
                stranger(&[&other, &foreign]),
            ),
            (
                "several trusted strangers",
                &[&other, &foreign],
                true,
                which_one,
            ),
            ("two keys of the cluster", &[&old, &primary], false, several),
            (
                "an older key, with trust",
                &[&foreign, &old],
                true,
                replace(1, &old),
            ),
        ];
        let keys = [old.clone(), primary.clone()];
        for (case, pinned, trust, expected) in cases {
            let pinned: Vec<Recipient> = pinned.iter().copied().cloned().collect();
            assert_eq!(plan(&pinned, &keys, &primary, trust), expected, "{case}");
        }
    }
}
