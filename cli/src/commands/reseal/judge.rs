//! What becomes of one sealed value: a decision without effects.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_api::{ConditionType, SealedSecret};
use waxwing_crypto::{Header, KeyId, KeyRing, OpenError, Recipient, RewrapError, SealedValue};

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    /// Unknown where neither the file nor anything else says it.
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) item: &'a str,
}

/// What becomes of a value.
#[derive(Debug)]
pub(super) enum Verdict {
    Current,
    /// It is sealed to none of the cluster's keys, and the cluster does not have it.
    Foreign,
    Reseal(Box<SealedValue>),
    /// It is stale, and the new value is not to be had.
    Unreachable(String),
    /// Something is wrong with it.
    Refused(String),
}

/// Namespace and name.
pub(super) type Key = (String, String);

/// What a cluster says of its keys and of the SealedSecrets that matter.
pub(super) struct Live {
    pub(super) primary: KeyId,
    pub(super) keys: BTreeSet<KeyId>,
    pub(super) objects: BTreeMap<Key, SealedSecret>,
}

/// What is to be done without a cluster.
pub(super) enum Offline {
    Rewrap(Recipient),
    Change {
        add: Vec<Recipient>,
        remove: Vec<KeyId>,
    },
}

pub(super) enum Judge {
    Live(Live),
    Offline { ring: KeyRing, task: Offline },
}

impl Judge {
    pub(super) fn judge(&self, spot: Spot<'_>, text: &str, value: &SealedValue) -> Verdict {
        match self {
            Self::Live(live) => live.judge(spot, text, value),
            Self::Offline { ring, task } => task.judge(ring, value),
        }
    }
}

/// How a value stands to the keys of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    Stale,
    Foreign,
}

impl Live {
    /// A value is stale if it is sealed to a key of the cluster that is not the primary.
    pub(super) fn standing(&self, header: &Header) -> Standing {
        let mut ours = header
            .key_ids()
            .filter(|id| self.keys.contains(id))
            .peekable();
        if ours.peek().is_none() {
            Standing::Foreign
        } else if ours.all(|id| id == self.primary) {
            Standing::Current
        } else {
            Standing::Stale
        }
    }

    fn judge(&self, spot: Spot<'_>, text: &str, value: &SealedValue) -> Verdict {
        let standing = self.standing(value.header());
        if standing == Standing::Current {
            return Verdict::Current;
        }
        let Some(namespace) = spot.namespace else {
            return Verdict::Unreachable(
                "its SealedSecret names no namespace; add it, or pass -n NAMESPACE".to_owned(),
            );
        };
        let object = self
            .objects
            .get(&(namespace.to_owned(), spot.name.to_owned()));
        let there = object.and_then(|object| object.spec.encrypted_data.get(spot.item));
        match (standing, object, there) {
            (Standing::Foreign, _, None) => Verdict::Foreign,
            (_, Some(_), Some(there)) if there != text => Verdict::Refused(
                "differs from the value in the cluster; apply the file, and reseal it then"
                    .to_owned(),
            ),
            (Standing::Foreign, _, Some(_)) => Verdict::Foreign,
            (_, Some(object), Some(_)) => self.renew(object, spot.item, value),
            _ => Verdict::Unreachable(
                "the cluster does not have it; apply the file first, or reseal it with -i IDENTITY"
                    .to_owned(),
            ),
        }
    }

    fn renew(&self, object: &SealedSecret, item: &str, value: &SealedValue) -> Verdict {
        let renewal = object
            .status
            .as_ref()
            .and_then(|status| status.renewal.as_ref());
        let Some(text) = renewal.and_then(|renewal| renewal.encrypted_data.get(item)) else {
            return Verdict::Unreachable(why_not_renewed(object));
        };
        match SealedValue::parse(text) {
            Ok(new) if !new.is_rewrap_of(value) => Verdict::Refused(
                "the cluster offers another value in its place; find out who wrote its status"
                    .to_owned(),
            ),
            Ok(new) if self.standing(new.header()) != Standing::Current => Verdict::Unreachable(
                "the cluster has not renewed it for its newest key yet; try again in a moment"
                    .to_owned(),
            ),
            Ok(new) => Verdict::Reseal(Box::new(new)),
            Err(error) => Verdict::Refused(format!(
                "what the cluster offers in its place cannot be read: {error}"
            )),
        }
    }
}

fn why_not_renewed(object: &SealedSecret) -> String {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    let of = |kind: ConditionType| {
        conditions
            .clone()
            .find(move |condition| condition.type_ == kind.as_str())
    };
    match (of(ConditionType::Ready), of(ConditionType::Stale)) {
        (Some(ready), _) if ready.status != "True" => {
            format!("the cluster offers nothing in its place, as it is not Ready there: {}", ready.reason)
        }
        (_, Some(stale)) if !stale.message.is_empty() => {
            format!("the cluster offers nothing in its place: {}", stale.message)
        }
        _ => "the cluster offers nothing in its place yet; try again in a moment, or reseal it with -i IDENTITY".to_owned(),
    }
}

impl Offline {
    /// Changing the keys authenticates the header only: a damaged value would be passed on.
    fn checked(ring: &KeyRing, value: &SealedValue) -> Result<(), RewrapError> {
        Ok(value.authenticate(ring)?)
    }

    fn judge(&self, ring: &KeyRing, value: &SealedValue) -> Verdict {
        let header = value.header();
        let changed = match self {
            Self::Rewrap(to) => {
                let is_current = header.is_sealed_to(&to.key_id())
                    && !header
                        .key_ids()
                        .any(|id| id != to.key_id() && ring.contains(&id));
                if is_current {
                    return Verdict::Current;
                }
                Self::checked(ring, value).and_then(|()| value.rewrap(ring, to))
            }
            Self::Change { add, remove } => {
                let remove: Vec<KeyId> = remove
                    .iter()
                    .copied()
                    .filter(|id| header.is_sealed_to(id))
                    .collect();
                if remove.is_empty()
                    && add
                        .iter()
                        .all(|recipient| header.is_sealed_to(&recipient.key_id()))
                {
                    return Verdict::Current;
                }
                Self::checked(ring, value)
                    .and_then(|()| value.change_recipients(ring, add, &remove))
            }
        };
        match changed {
            Ok(new) => Verdict::Reseal(Box::new(new)),
            Err(RewrapError::Open(error @ OpenError::UnknownKey { .. })) => {
                Verdict::Unreachable(error.to_string())
            }
            Err(error) => Verdict::Refused(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::SystemTime;

    use waxwing_api::{Renewal, SealedSecretStatus};
    use waxwing_crypto::{Algorithm, Identity, Scope};

    use super::*;

    const SPOT: Spot<'_> = Spot {
        namespace: Some("prod"),
        name: "db",
        item: "password",
    };

    struct World {
        old: Identity,
        new: Identity,
        stranger: Identity,
    }

    impl World {
        fn new() -> Self {
            let identity = || Identity::generate(Algorithm::X25519);
            Self {
                old: identity(),
                new: identity(),
                stranger: identity(),
            }
        }

        fn seal(&self, to: &[&Identity]) -> SealedValue {
            let to: Vec<Recipient> = to
                .iter()
                .map(|identity| identity.recipient().clone())
                .collect();
            SealedValue::seal(b"v", &Scope::Cluster, &to, SystemTime::UNIX_EPOCH).unwrap()
        }

        fn ring(&self) -> KeyRing {
            [self.old.clone()].into_iter().collect()
        }

        /// A cluster that has `value` and offers `renewal`.
        fn live(&self, value: &SealedValue, renewal: Option<&SealedValue>) -> Live {
            let item = |value: &SealedValue| [("password".to_owned(), value.to_base64())].into();
            let mut object = SealedSecret::default();
            object.spec.encrypted_data = item(value);
            object.status = Some(SealedSecretStatus {
                renewal: renewal.map(|renewal| Renewal {
                    encrypted_data: item(renewal),
                }),
                ..SealedSecretStatus::default()
            });
            Live {
                primary: self.new.key_id(),
                keys: [self.old.key_id(), self.new.key_id()].into(),
                objects: [(("prod".to_owned(), "db".to_owned()), object)].into(),
            }
        }
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Current => "current",
            Verdict::Foreign => "foreign",
            Verdict::Reseal(_) => "reseal",
            Verdict::Unreachable(_) => "unreachable",
            Verdict::Refused(_) => "refused",
        }
    }

    #[test]
    fn a_live_cluster_decides_by_its_keys_its_objects_and_its_renewals() {
        let world = World::new();
        let stale = world.seal(&[&world.old]);
        let current = world.seal(&[&world.new]);
        let foreign = world.seal(&[&world.stranger]);
        let renewal = stale.rewrap(&world.ring(), world.new.recipient()).unwrap();
        let late = stale
            .rewrap(&world.ring(), world.stranger.recipient())
            .unwrap();
        let nowhere = Spot {
            namespace: None,
            ..SPOT
        };
        let elsewhere = Spot {
            name: "other",
            ..SPOT
        };
        let cases = [
            (
                "stale, renewed",
                SPOT,
                &stale,
                world.live(&stale, Some(&renewal)),
                "reseal",
            ),
            (
                "stale, not renewed",
                SPOT,
                &stale,
                world.live(&stale, None),
                "unreachable",
            ),
            (
                "stale, renewed for another key",
                SPOT,
                &stale,
                world.live(&stale, Some(&late)),
                "unreachable",
            ),
            (
                "stale, another value offered",
                SPOT,
                &stale,
                world.live(&stale, Some(&current)),
                "refused",
            ),
            (
                "stale, differs",
                SPOT,
                &stale,
                world.live(&renewal, Some(&renewal)),
                "refused",
            ),
            (
                "stale, not applied",
                elsewhere,
                &stale,
                world.live(&stale, Some(&renewal)),
                "unreachable",
            ),
            (
                "stale, no namespace",
                nowhere,
                &stale,
                world.live(&stale, Some(&renewal)),
                "unreachable",
            ),
            (
                "current, differs",
                SPOT,
                &current,
                world.live(&stale, None),
                "current",
            ),
            (
                "foreign, not applied",
                elsewhere,
                &foreign,
                world.live(&stale, None),
                "foreign",
            ),
            (
                "foreign, applied",
                SPOT,
                &foreign,
                world.live(&foreign, None),
                "foreign",
            ),
            (
                "foreign, differs",
                SPOT,
                &foreign,
                world.live(&stale, None),
                "refused",
            ),
        ];
        for (name, spot, value, live, expected) in cases {
            let verdict = Judge::Live(live).judge(spot, &value.to_base64(), value);
            assert_eq!(word(&verdict), expected, "{name}: {verdict:?}");
        }
    }

    #[test]
    fn identities_at_hand_reseal_what_they_open() {
        let world = World::new();
        let to_new = || Offline::Rewrap(world.new.recipient().clone());
        let change = |add: &[&Identity], remove: &[&Identity]| Offline::Change {
            add: add
                .iter()
                .map(|identity| identity.recipient().clone())
                .collect(),
            remove: remove.iter().map(|identity| identity.key_id()).collect(),
        };
        let (old, new, stranger) = (&world.old, &world.new, &world.stranger);
        let cases = [
            ("sealed to the old key", to_new(), vec![old], "reseal"),
            ("sealed to both", to_new(), vec![old, new], "reseal"),
            ("sealed to the new key", to_new(), vec![new], "current"),
            (
                "sealed to someone else",
                to_new(),
                vec![stranger],
                "unreachable",
            ),
            ("granted", change(&[new], &[]), vec![old], "reseal"),
            (
                "granted already",
                change(&[new], &[]),
                vec![old, new],
                "current",
            ),
            ("taken away", change(&[], &[new]), vec![old, new], "reseal"),
            (
                "taken away already",
                change(&[], &[new]),
                vec![old],
                "current",
            ),
            (
                "taken from the last",
                change(&[], &[old]),
                vec![old],
                "refused",
            ),
        ];
        for (name, task, to, expected) in cases {
            let value = world.seal(&to);
            let judge = Judge::Offline {
                ring: world.ring(),
                task,
            };
            let verdict = judge.judge(SPOT, &value.to_base64(), &value);
            assert_eq!(word(&verdict), expected, "{name}: {verdict:?}");
        }
    }
}
