//! What should change about the keys now: a pure function of the keys, the time and the settings.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_api::KeyState;
use waxwing_crypto::{Algorithm, KeyId};

use super::inventory::{Age, Copies, Inventory, Key, PrivateHalf};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// The age at which the primary is followed by a new key; `None`: never.
    pub(crate) rollover_period: Option<Duration>,
    /// The algorithm of new keys.
    pub(crate) algorithm: Algorithm,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make a new key, which becomes the primary.
    Create(Cause),
    /// Make the SealingKey of a private half that has none.
    Publish { id: KeyId, state: KeyState },
    /// The key of that Secret has its SealingKey: it is not pending any more.
    Complete { secret: String },
    /// Mark the key Secret, so that the revocation outlives the SealingKey.
    MarkRevoked { secret: String, id: KeyId },
}

/// Why a new key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    NoKey,
    /// The primary has reached its age, or someone asks for a new one.
    Rollover,
    Revocation,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) actions: Vec<Action>,
    /// A new key is needed, and is not made as long as a key Secret cannot be read: the key in it
    /// may be the one that is missed.
    pub(crate) blocked: bool,
    /// When to decide again, if nothing changes before.
    pub(crate) again_at: Option<Timestamp>,
}

/// Creation times are kept in seconds: two keys of one second would be ordered by their names, and
/// the new one might not be the newer one.
const RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// How far the API server's clock, which stamps the keys, may be ahead of this one.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

pub(crate) fn decide(inventory: &Inventory, now: Timestamp, settings: &Settings) -> Decision {
    let mut decision = Decision::default();
    for (id, key) in &inventory.keys {
        decision.actions.extend(tend(inventory, *id, key));
    }
    if has_unfinished_key(inventory) {
        return decision;
    }
    let due = match inventory.primary() {
        None => Some(cause_without_primary(inventory)),
        Some(primary) if is_older_than_a_revoked_key(inventory, primary) => Some(Cause::Revocation),
        Some((_, id)) if is_rollover_requested(inventory, id) => Some(Cause::Rollover),
        Some((created, _)) => {
            let due_at = settings
                .rollover_period
                .and_then(|period| end_of(created, period));
            decision.again_at = due_at.filter(|at| *at > now);
            due_at.filter(|at| *at <= now).map(|_| Cause::Rollover)
        }
    };
    let Some(cause) = due else { return decision };
    if is_blocked(inventory, cause) {
        decision.blocked = true;
    } else if let Some(wait) = wait_for_the_next_second(inventory, now) {
        decision.again_at = Some(wait);
    } else {
        decision.actions.push(Action::Create(cause));
    }
    decision
}

/// What should be done about one key by itself.
fn tend(inventory: &Inventory, id: KeyId, key: &Key) -> Vec<Action> {
    let PrivateHalf::Loaded(copies) = &key.private else {
        return Vec::new();
    };
    let Some(public) = key.public else {
        let state = state_to_publish(key, copies);
        return vec![Action::Publish { id, state }];
    };
    let mut actions: Vec<Action> = copies
        .pending
        .iter()
        .map(|secret| Action::Complete {
            secret: secret.clone(),
        })
        .collect();
    if public.state == KeyState::Revoked
        && (key.is_marked_revoked() || inventory.is_succeeded(id, key))
    {
        actions.extend(copies.unmarked.iter().map(|secret| Action::MarkRevoked {
            secret: secret.clone(),
            id,
        }));
    }
    actions
}

/// A key that someone put in by hand opens values, and never becomes primary without a word.
fn state_to_publish(key: &Key, copies: &Copies) -> KeyState {
    if key.is_marked_revoked() {
        KeyState::Revoked
    } else if copies.pending.is_empty() {
        KeyState::Retired
    } else {
        KeyState::Active
    }
}

/// A new key that was made and not published yet is about to become the primary.
fn has_unfinished_key(inventory: &Inventory) -> bool {
    inventory.keys.values().any(|key| {
        let PrivateHalf::Loaded(copies) = &key.private else {
            return false;
        };
        key.public.is_none() && state_to_publish(key, copies) == KeyState::Active
    })
}

fn cause_without_primary(inventory: &Inventory) -> Cause {
    let being_revoked =
        |key: &Key| key.is_loaded() && !key.is_marked_revoked() && key.is_to_be_revoked();
    if inventory.keys.values().any(being_revoked) {
        Cause::Revocation
    } else {
        Cause::NoKey
    }
}

/// After a revocation, values are not sealed to a key that is older still.
fn is_older_than_a_revoked_key(inventory: &Inventory, primary: Age) -> bool {
    inventory.keys.iter().any(|(id, key)| {
        key.is_to_be_revoked()
            && key
                .public
                .is_some_and(|public| (public.created, *id) > primary)
    })
}

fn is_rollover_requested(inventory: &Inventory, id: KeyId) -> bool {
    let key = inventory.keys.get(&id);
    key.and_then(|key| key.public)
        .is_some_and(|public| public.rollover_requested)
}

/// An unreadable key Secret stands in the way of a new key, unless it clearly is not the key that
/// is missed: the primary is the newest Active key, or a key is being revoked.
fn is_blocked(inventory: &Inventory, cause: Cause) -> bool {
    if inventory.unreadable.is_empty() {
        return false;
    }
    match cause {
        Cause::NoKey => true,
        Cause::Revocation => false,
        Cause::Rollover => {
            let newest_active = inventory
                .keys
                .iter()
                .filter_map(|(id, key)| key.public.map(|public| (public, *id)))
                .filter(|(public, _)| public.state == KeyState::Active)
                .map(|(public, id)| (public.created, id))
                .max();
            newest_active != inventory.primary()
        }
    }
}

fn wait_for_the_next_second(inventory: &Inventory, now: Timestamp) -> Option<Timestamp> {
    let newest = inventory
        .keys
        .values()
        .filter_map(|key| key.public)
        .map(|public| public.created)
        .filter(|created| *created <= now.saturating_add(SKEW).unwrap_or(Timestamp::MAX))
        .max()?;
    let next = newest.checked_add(RESOLUTION).ok()?;
    (now < next).then_some(next)
}

/// `None` if that lies beyond all times.
fn end_of(created: Timestamp, period: Duration) -> Option<Timestamp> {
    created
        .checked_add(SignedDuration::try_from(period).ok()?)
        .ok()
}

#[cfg(test)]
mod tests;
