//! What the status of each SealingKey should say.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use waxwing_api::{KeyConditionType, KeyReason, SealingKey, SealingKeyStatus};
use waxwing_crypto::KeyId;

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
    let present = sealing_key.status.clone().unwrap_or_default();
    let loaded = loaded_condition(
        inventory.usability(id, key),
        sealing_key.metadata.generation,
        now,
    );
    let others = present
        .conditions
        .iter()
        .filter(|condition| condition.type_ != loaded.type_);
    let conditions = others
        .cloned()
        .chain([carry_over(&present.conditions, loaded.clone())])
        .collect();
    let wanted = SealingKeyStatus {
        primary: inventory
            .primary()
            .is_some_and(|(_, primary)| primary == id),
        conditions,
        ..present.clone()
    };
    (sealing_key.status.is_none() || wanted != present).then_some(wanted)
}

fn loaded_condition(usability: Usability, generation: Option<i64>, now: Timestamp) -> Condition {
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
    Condition {
        type_: KeyConditionType::Loaded.to_string(),
        status: if loaded { "True" } else { "False" }.to_owned(),
        reason: reason.to_string(),
        message: message.to_owned(),
        observed_generation: generation,
        last_transition_time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now),
    }
}
