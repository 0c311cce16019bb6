//! What the status of each SealingKey should say.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use waxwing_api::{KeyConditionType, KeyReason, SealingKey, SealingKeyStatus, condition};
use waxwing_crypto::KeyId;

use super::escrow::InEscrow;
use super::inventory::{Inventory, Usability};
use crate::status::carry_over;

/// The status that the SealingKey should have; `None` if it has it.
pub(crate) fn status_to_write(
    inventory: &Inventory,
    sealing_key: &SealingKey,
    now: Timestamp,
) -> Option<SealingKeyStatus> {
    let name = sealing_key.metadata.name.as_deref()?;
    let id: KeyId = name.parse().ok()?;
    let key = inventory.keys.get(&id)?;
    let public = key.public?;
    let present = sealing_key.status.clone().unwrap_or_default();
    let primary = inventory
        .primary()
        .is_some_and(|(_, primary)| primary == id);
    let summaries = [
        Some(loaded(inventory.usability(id, key))),
        Some(escrowed(public.in_escrow)),
        in_use(primary, inventory.dependents(id)),
        Some(stalled(inventory.usability(id, key))),
    ];
    let mut conditions = present.conditions.clone();
    for Summary(type_, truth, reason, message) in summaries.into_iter().flatten() {
        let condition = Condition {
            type_: type_.to_string(),
            status: if truth { "True" } else { "False" }.to_owned(),
            reason: reason.to_string(),
            message: message.to_owned(),
            observed_generation: sealing_key.metadata.generation,
            last_transition_time: Time(now),
        };
        put(&mut conditions, carry_over(&present.conditions, condition));
    }
    let wanted = SealingKeyStatus {
        observed_generation: sealing_key.metadata.generation,
        primary,
        dependents: inventory.dependents(id).or(present.dependents),
        conditions,
    };
    (wanted != present).then_some(wanted)
}

/// The condition that says why the key is not used, if the status did not say so before.
pub(crate) fn newly_unusable<'a>(
    sealing_key: &SealingKey,
    wanted: &'a SealingKeyStatus,
) -> Option<&'a Condition> {
    let bad = [
        KeyReason::PrivateHalfMissing.as_str(),
        KeyReason::PrivateHalfMismatch.as_str(),
    ];
    let now = find_loaded(wanted)?;
    let before = sealing_key.status.as_ref().and_then(find_loaded);
    let is_news = before.is_none_or(|before| before.reason != now.reason);
    (is_news && bad.contains(&now.reason.as_str())).then_some(now)
}

fn find_loaded(status: &SealingKeyStatus) -> Option<&Condition> {
    condition::find(&status.conditions, KeyConditionType::Loaded.as_str())
}

struct Summary(KeyConditionType, bool, KeyReason, &'static str);

fn loaded(usability: Usability) -> Summary {
    let (loaded, reason, message) = match usability {
        Usability::Active | Usability::Retired => (
            true,
            KeyReason::PrivateHalfLoaded,
            "The private half is there and matches.",
        ),
        Usability::Revoked => (
            false,
            KeyReason::Revoked,
            "The key was revoked: it opens nothing any more.",
        ),
        Usability::Mismatch => (
            false,
            KeyReason::PrivateHalfMismatch,
            "The key Secret of this name holds another key, or this object is not named after its recipient; the key is not used. Restore the key Secret from a backup, or delete this object.",
        ),
        Usability::Missing | Usability::Unreadable => (
            false,
            KeyReason::PrivateHalfMissing,
            "No key Secret holds the private half; the key is not used. Restore the key Secret from a backup, or delete this object.",
        ),
    };
    Summary(KeyConditionType::Loaded, loaded, reason, message)
}

fn escrowed(in_escrow: InEscrow) -> Summary {
    let (escrowed, reason, message) = match in_escrow {
        InEscrow::No => (
            false,
            KeyReason::NoEscrow,
            "The private half is in this cluster only, and lost when the cluster is. Run the controller with --recovery-recipient.",
        ),
        InEscrow::For(_) | InEscrow::ForUnknown => (
            true,
            KeyReason::InEscrow,
            "spec.escrow holds the private half, encrypted to recovery recipients.",
        ),
    };
    Summary(KeyConditionType::Escrowed, escrowed, reason, message)
}

/// `None`: it cannot be told yet.
fn in_use(primary: bool, dependents: Option<i64>) -> Option<Summary> {
    let (used, reason, message) = match (primary, dependents) {
        (true, _) => (
            true,
            KeyReason::IsPrimary,
            "New values are sealed to this key.",
        ),
        (false, Some(0)) => (
            false,
            KeyReason::NoDependents,
            "No SealedSecret in this cluster needs this key.",
        ),
        (false, Some(_)) => (
            true,
            KeyReason::HasDependents,
            "SealedSecrets have values sealed to this key: reseal them before it is deleted.",
        ),
        (false, None) => return None,
    };
    Some(Summary(KeyConditionType::InUse, used, reason, message))
}

/// A revoked key is what someone wanted it to be.
fn stalled(usability: Usability) -> Summary {
    let (stalled, reason, message) = match loaded(usability) {
        Summary(_, false, reason, message) if usability != Usability::Revoked => {
            (true, reason, message)
        }
        _ => (false, KeyReason::NotStalled, ""),
    };
    Summary(KeyConditionType::Stalled, stalled, reason, message)
}

/// In the place of the one of its type, or at the end.
fn put(conditions: &mut Vec<Condition>, condition: Condition) {
    let present = conditions
        .iter_mut()
        .find(|present| present.type_ == condition.type_);
    match present {
        Some(present) => *present = condition,
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests;
