//! What a SealedSecret's status says: all conditions are summarised here, and nowhere else.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Map, Value, json};
use waxwing_api::{ConditionType, Renewal, SealedSecret, SealedSecretStatus, condition};
use waxwing_crypto::KeyId;

use crate::keys::Keys;
use crate::renewal::{Obstacle, obstacle};
use crate::unseal::{Failure, has_keys_for};

/// The limit of the definition on a message, in bytes.
const MAX_MESSAGE: usize = 32_768;

/// What came of one look at a SealedSecret.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    /// Empty: the Secret is what it should be.
    pub(crate) failures: &'a [Failure],
    pub(crate) key_ids: &'a [KeyId],
    pub(crate) oldest: Option<SystemTime>,
    /// The version of the Secret as the controller last left it.
    pub(crate) secret_version: Option<String>,
    pub(crate) staleness: Staleness,
    /// What is said if nothing failed.
    pub(crate) success: String,
}

/// Whether an object is stale, and what then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// There is no primary key to compare with.
    Unknown,
    Fresh,
    Stale(Option<Obstacle>),
}

impl Staleness {
    /// Of an object whose values are sealed to these keys.
    pub(crate) fn of(sealed: &SealedSecret, key_ids: &[KeyId], keys: &Keys) -> Self {
        match keys.is_stale(key_ids) {
            None => Self::Unknown,
            Some(false) => Self::Fresh,
            Some(true) => Self::Stale(obstacle(sealed, keys)),
        }
    }
}

/// What the status says of an object that needs no work.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) key_ids: Vec<KeyId>,
    pub(crate) secret_version: String,
    /// When the oldest item was sealed.
    pub(crate) oldest: Option<SystemTime>,
    pub(crate) stale: bool,
    /// Whether the condition Stale says what it should, and no renewal is left over.
    pub(crate) stale_is_current: bool,
}

/// Whether the Secret of this very generation was written, and is still as it was left: then
/// nothing needs to be decrypted or written.
pub(crate) fn settled(
    sealed: &SealedSecret,
    keys: &Keys,
    secret_version: Option<&str>,
) -> Option<Settled> {
    let status = sealed.status.as_ref()?;
    let left = status.secret_resource_version.clone()?;
    let ready = condition::find(&status.conditions, ConditionType::Ready.as_str())?;
    if status.observed_generation != sealed.metadata.generation
        || ready.status != "True"
        || secret_version != Some(&left)
    {
        return None;
    }
    let key_ids = status
        .key_ids
        .iter()
        .map(|id| id.parse())
        .collect::<Result<Vec<KeyId>, _>>()
        .ok()?;
    if key_ids.iter().any(|id| keys.is_revoked(*id)) && !has_keys_for(sealed, keys) {
        return None;
    }
    let staleness = Staleness::of(sealed, &key_ids, keys);
    let wanted = stale(staleness);
    let present = condition::find(&status.conditions, ConditionType::Stale.as_str());
    let says_so = present.is_some_and(|condition| {
        condition.status == wanted.status && condition.reason == wanted.reason
    });
    let has_left_over = staleness == Staleness::Fresh && status.renewal.is_some();
    Some(Settled {
        stale_is_current: says_so && !has_left_over,
        stale: matches!(staleness, Staleness::Stale(_)),
        key_ids,
        oldest: status.oldest_sealed_at.as_ref().map(|time| time.0.into()),
        secret_version: left,
    })
}

/// The status that the object should have.
pub(crate) fn summarise(
    sealed: &SealedSecret,
    verdict: &Verdict<'_>,
    now: Timestamp,
) -> SealedSecretStatus {
    let previous = sealed.status.clone().unwrap_or_default();
    let generation = sealed.metadata.generation;
    let conditions = [ready(verdict), stalled(verdict), stale(verdict.staleness)]
        .into_iter()
        .map(
            |Summary {
                 type_,
                 status,
                 reason,
                 message,
             }| {
                let condition = Condition {
                    type_: type_.to_string(),
                    status: status.to_owned(),
                    reason,
                    message: shorten(message),
                    observed_generation: generation,
                    last_transition_time: Time(now),
                };
                carry_over(&previous.conditions, condition)
            },
        )
        .collect();
    SealedSecretStatus {
        observed_generation: generation,
        conditions,
        key_ids: verdict.key_ids.iter().map(KeyId::to_string).collect(),
        oldest_sealed_at: verdict
            .oldest
            .and_then(|time| Timestamp::try_from(time).ok())
            .map(Time),
        secret_resource_version: verdict.secret_version.clone(),
        renewal: previous
            .renewal
            .filter(|_| verdict.staleness != Staleness::Fresh),
    }
}

/// The status of an object that needs no work, with the condition Stale brought up to date.
pub(crate) fn with_stale(sealed: &SealedSecret, keys: &Keys, now: Timestamp) -> SealedSecretStatus {
    let mut status = sealed.status.clone().unwrap_or_default();
    let key_ids: Vec<KeyId> = status
        .key_ids
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let staleness = Staleness::of(sealed, &key_ids, keys);
    if staleness == Staleness::Fresh {
        status.renewal = None;
    }
    let summary = stale(staleness);
    let condition = Condition {
        type_: summary.type_.to_string(),
        status: summary.status.to_owned(),
        reason: summary.reason,
        message: summary.message,
        observed_generation: sealed.metadata.generation,
        last_transition_time: Time(now),
    };
    let condition = carry_over(&status.conditions, condition);
    status
        .conditions
        .retain(|present| present.type_ != condition.type_);
    status.conditions.push(condition);
    status
}

/// The merge patch from the present status to that one; `None` if nothing changes. It holds the
/// object's uid, so that it cannot hit another object of the same name.
pub(crate) fn patch(sealed: &SealedSecret, status: &SealedSecretStatus) -> Option<Value> {
    if sealed.status.as_ref() == Some(status) {
        return None;
    }
    let mut fields = json!({
        "observedGeneration": null,
        "conditions": null,
        "keyIds": null,
        "oldestSealedAt": null,
        "secretResourceVersion": null,
    });
    let without_renewal = SealedSecretStatus {
        renewal: None,
        ..status.clone()
    };
    if let (Value::Object(all), Ok(Value::Object(set))) =
        (&mut fields, serde_json::to_value(without_renewal))
    {
        all.extend(set);
    }
    let present = sealed
        .status
        .as_ref()
        .and_then(|status| status.renewal.as_ref());
    if let Some(change) = renewal_change(present, status.renewal.as_ref()) {
        fields["renewal"] = change;
    }
    Some(json!({ "metadata": { "uid": sealed.metadata.uid }, "status": fields }))
}

/// The merge patch of the renewal alone. What does not change is left out: it may be changing elsewhere
/// at this moment.
fn renewal_change(present: Option<&Renewal>, wanted: Option<&Renewal>) -> Option<Value> {
    if present == wanted {
        return None;
    }
    let Some(wanted) = wanted else {
        return Some(Value::Null);
    };
    let none = BTreeMap::new();
    let present = present.map_or(&none, |renewal| &renewal.encrypted_data);
    let gone = present
        .keys()
        .filter(|item| !wanted.encrypted_data.contains_key(*item))
        .map(|item| (item.clone(), Value::Null));
    let changed = wanted
        .encrypted_data
        .iter()
        .filter(|(item, value)| present.get(*item) != Some(value))
        .map(|(item, value)| (item.clone(), Value::from(value.clone())));
    let items: Map<String, Value> = gone.chain(changed).collect();
    Some(json!({ "encryptedData": items }))
}

/// The condition with the time at which its status last changed: now, or as before.
pub(crate) fn carry_over(previous: &[Condition], mut condition: Condition) -> Condition {
    let before = condition::find(previous, &condition.type_);
    if let Some(before) = before.filter(|before| before.status == condition.status) {
        condition.last_transition_time = before.last_transition_time.clone();
    }
    condition
}

struct Summary {
    type_: ConditionType,
    status: &'static str,
    reason: String,
    message: String,
}

fn ready(verdict: &Verdict<'_>) -> Summary {
    let type_ = ConditionType::Ready;
    let Some(first) = first_reason(verdict.failures) else {
        return Summary {
            type_,
            status: "True",
            reason: "Unsealed".to_owned(),
            message: verdict.success.clone(),
        };
    };
    Summary {
        type_,
        status: "False",
        reason: first.reason.to_string(),
        message: list(verdict.failures),
    }
}

/// kstatus shows this message where it says Failed, and no other one.
fn stalled(verdict: &Verdict<'_>) -> Summary {
    let type_ = ConditionType::Stalled;
    let stuck = || verdict.failures.iter().filter(|failure| failure.is_final());
    match stuck().min_by_key(|failure| failure.reason) {
        Some(failure) => Summary {
            type_,
            status: "True",
            reason: failure.reason.to_string(),
            message: list(stuck()),
        },
        None => Summary {
            type_,
            status: "False",
            reason: "NotStalled".to_owned(),
            message: String::new(),
        },
    }
}

fn stale(staleness: Staleness) -> Summary {
    let (status, reason, message) = match staleness {
        Staleness::Stale(None) => (
            "True",
            "NotPrimaryKey",
            "At least one item is sealed to a key of this cluster that is not the primary; reseal it.",
        ),
        Staleness::Stale(Some(Obstacle::NoRoom)) => (
            "True",
            "NoRoomForRenewal",
            "At least one item is sealed to a key of this cluster that is not the primary, and this object is too large to hold the renewed values beside its own; reseal it with an identity (waxwing reseal -i), or split it.",
        ),
        Staleness::Stale(Some(Obstacle::OtherClass)) => (
            "True",
            "NotRenewable",
            "At least one item is sealed to a key of this cluster that is not the primary, and also to others' keys, with which the primary cannot be mixed because either is post-quantum and the other classic; seal it again, to recipients of one class.",
        ),
        Staleness::Fresh => (
            "False",
            "PrimaryKey",
            "No item is sealed to an older key of this cluster.",
        ),
        Staleness::Unknown => (
            "Unknown",
            "NoPrimaryKey",
            "There is no primary key to compare with.",
        ),
    };
    Summary {
        type_: ConditionType::Stale,
        status,
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

/// The reason that stands for all of them: the one that comes first in the order of [`waxwing_api::Reason`].
pub(crate) fn first_reason(failures: &[Failure]) -> Option<&Failure> {
    failures.iter().min_by_key(|failure| failure.reason)
}

/// Every failure with its next step, as far as a condition can hold them.
pub(crate) fn list<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> String {
    let all: Vec<String> = failures.into_iter().map(Failure::to_string).collect();
    shorten(all.join("\n"))
}

fn shorten(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    message
}

#[cfg(test)]
mod tests;
