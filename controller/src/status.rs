//! What a SealedSecret's status says: all conditions are summarised here, and nowhere else.

use std::time::SystemTime;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};
use waxwing_api::{ConditionType, SealedSecret, SealedSecretStatus};
use waxwing_crypto::KeyId;

use crate::keys::Keys;
use crate::unseal::Failure;

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
    /// `None`: there is no primary key to compare with.
    pub(crate) stale: Option<bool>,
}

/// What the status says of an object that needs no work.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) key_ids: Vec<KeyId>,
    pub(crate) secret_version: String,
    pub(crate) stale: bool,
    /// Whether the condition Stale says what it should.
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
    let ready = find(&status.conditions, ConditionType::Ready)?;
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
    if key_ids.iter().any(|id| keys.is_revoked(*id)) {
        return None;
    }
    let stale = keys.is_stale(&key_ids);
    let present = find(&status.conditions, ConditionType::Stale);
    Some(Settled {
        stale_is_current: present.is_some_and(|condition| condition.status == truth(stale)),
        stale: stale.unwrap_or_default(),
        key_ids,
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
    let conditions = [ready(verdict), stalled(verdict), stale(verdict)]
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
        renewal: previous.renewal,
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
    let summary = stale_condition(keys.is_stale(&key_ids));
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
    if let (Value::Object(all), Ok(Value::Object(set))) =
        (&mut fields, serde_json::to_value(status))
    {
        all.extend(set);
    }
    Some(json!({ "metadata": { "uid": sealed.metadata.uid }, "status": fields }))
}

/// The condition with the time at which its status last changed: now, or as before.
pub(crate) fn carry_over(previous: &[Condition], mut condition: Condition) -> Condition {
    let before = previous
        .iter()
        .find(|before| before.type_ == condition.type_);
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
            message: "The Secret is what this object says.".to_owned(),
        };
    };
    Summary {
        type_,
        status: "False",
        reason: first.reason.to_string(),
        message: list(verdict.failures),
    }
}

fn stalled(verdict: &Verdict<'_>) -> Summary {
    let type_ = ConditionType::Stalled;
    let stuck = verdict.failures.iter().filter(|failure| failure.is_final());
    match stuck.min_by_key(|failure| failure.reason) {
        Some(failure) => Summary {
            type_,
            status: "True",
            reason: failure.reason.to_string(),
            message: "It stays so until this object is changed, or the sealing keys are."
                .to_owned(),
        },
        None => Summary {
            type_,
            status: "False",
            reason: "NotStalled".to_owned(),
            message: String::new(),
        },
    }
}

fn stale(verdict: &Verdict<'_>) -> Summary {
    stale_condition(verdict.stale)
}

fn stale_condition(stale: Option<bool>) -> Summary {
    let (reason, message) = match stale {
        Some(true) => (
            "NotPrimaryKey",
            "At least one item is sealed to a key of this cluster that is not the primary; reseal it.",
        ),
        Some(false) => (
            "PrimaryKey",
            "No item is sealed to an older key of this cluster.",
        ),
        None => ("NoPrimaryKey", "There is no primary key to compare with."),
    };
    Summary {
        type_: ConditionType::Stale,
        status: truth(stale),
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

/// The reason that stands for all of them: the one that comes first in the order of [`waxwing_api::Reason`].
pub(crate) fn first_reason(failures: &[Failure]) -> Option<&Failure> {
    failures.iter().min_by_key(|failure| failure.reason)
}

/// Every failure with its next step.
pub(crate) fn list(failures: &[Failure]) -> String {
    let all: Vec<String> = failures.iter().map(Failure::to_string).collect();
    all.join("\n")
}

fn shorten(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    message
}

const fn truth(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    }
}

fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

#[cfg(test)]
mod tests;
