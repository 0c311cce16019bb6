//! What becomes of one sealed value: a decision without effects.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_api::{AnySealedSecret, ConditionType, condition};
use waxwing_crypto::{Header, KeyId, KeyRing, OpenError, Recipient, RewrapError, SealedValue};

use crate::cluster::Address;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    /// Its SealedSecret; unknown where neither the file nor anything else names the namespace.
    pub(super) object: Option<&'a Address>,
    pub(super) item: &'a str,
}

/// What becomes of a value.
#[derive(Debug)]
pub(super) enum Verdict {
    Current,
    /// It is sealed to none of the cluster's keys, and the cluster does not have it.
    Foreign,
    Reseal(Box<SealedValue>),
    /// It is stale, and nobody asked for the new value.
    Stale,
    /// It is stale, and the new value is not to be had.
    Unreachable(String),
    /// Something is wrong with it.
    Refused(String),
}

/// What a cluster says of its keys and of the SealedSecrets that matter.
pub(super) struct Live {
    pub(super) primary: KeyId,
    pub(super) keys: BTreeSet<KeyId>,
    /// None, where all that matters is which values are stale.
    pub(super) objects: Option<BTreeMap<Address, AnySealedSecret>>,
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
        let objects = match (standing, &self.objects) {
            (Standing::Current, _) => return Verdict::Current,
            (Standing::Stale, None) => return Verdict::Stale,
            (Standing::Foreign, None) => return Verdict::Foreign,
            (_, Some(objects)) => objects,
        };
        let Some(address) = spot.object else {
            return Verdict::Unreachable(
                "its SealedSecret names no namespace; add it, or pass -n NAMESPACE".to_owned(),
            );
        };
        let object = objects.get(address);
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

    fn renew(&self, object: &AnySealedSecret, item: &str, value: &SealedValue) -> Verdict {
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

fn why_not_renewed(object: &AnySealedSecret) -> String {
    let conditions = object.status.as_ref().map(|status| &*status.conditions);
    let of = |kind: ConditionType| condition::find(conditions.unwrap_or_default(), kind.as_str());
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
mod tests;
