//! What should change about the keys now: a pure function of the keys, the time and the settings.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use waxwing_api::KeyState;
use waxwing_crypto::{Algorithm, KeyId};

use super::escrow::{Fingerprint, InEscrow};
use super::inventory::{Age, Copies, Inventory, Key, PrivateHalf, PublicHalf};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// The age at which the primary is followed by a new key; `None`: never.
    pub(crate) rollover_period: Option<Duration>,
    /// The algorithm of new keys.
    pub(crate) algorithm: Algorithm,
    /// How long after another key took over an Active key is retired; `None`: never.
    pub(crate) retire_after: Option<Duration>,
    /// How long after a Retired key lost its last dependent it is deleted; `None`: never.
    pub(crate) delete_unused_after: Option<Duration>,
    /// Whom the keys are backed up to, if to anyone.
    pub(crate) recovery: Option<Fingerprint>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make a new key, which becomes the primary.
    Create(Cause),
    /// Make the SealingKey of a private half that has none.
    Publish {
        id: KeyId,
        state: KeyState,
    },
    /// The key of that Secret has its SealingKey: it is not pending any more.
    Complete {
        secret: String,
    },
    /// Mark the key Secret, so that the revocation outlives the SealingKey.
    MarkRevoked {
        secret: String,
        id: KeyId,
    },
    /// Encrypt the private half to the recovery recipients as they are now.
    Escrow(KeyId),
    /// Put the finalizer on the SealingKey.
    Keep(KeyId),
    /// Take it off: the SealingKey is being deleted, and nothing needs it.
    Release(KeyId),
    Retire(KeyId),
    /// Delete both halves for good.
    Delete(KeyId),
}

impl Action {
    /// A word for the change, whichever key it is about.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Create(_) => "Create",
            Self::Publish { .. } => "Publish",
            Self::Complete { .. } => "Complete",
            Self::MarkRevoked { .. } => "MarkRevoked",
            Self::Escrow(_) => "Escrow",
            Self::Keep(_) => "Keep",
            Self::Release(_) => "Release",
            Self::Retire(_) => "Retire",
            Self::Delete(_) => "Delete",
        }
    }

    /// The key that it is about, where that is known before.
    pub(crate) const fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::Publish { id, .. }
            | Self::MarkRevoked { id, .. }
            | Self::Escrow(id)
            | Self::Keep(id)
            | Self::Release(id)
            | Self::Retire(id)
            | Self::Delete(id) => Some(*id),
            Self::Create(_) | Self::Complete { .. } => None,
        }
    }
}

/// Why a new key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    NoKey,
    /// The primary has reached its age, or someone asks for a new one.
    Rollover,
    Revocation,
}

impl Cause {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "NoKey",
            Self::Rollover => "Rollover",
            Self::Revocation => "Revocation",
        }
    }
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
        decision
            .actions
            .extend(tend(inventory, *id, key, settings.recovery));
        decision.age(inventory, *id, key, now, settings);
    }
    if !has_unfinished_key(inventory) {
        decision.succeed(inventory, now, settings);
    }
    decision
}

impl Decision {
    fn look_again(&mut self, at: Timestamp) {
        self.again_at = Some(self.again_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// True: that time has come. Otherwise the next decision is due then, if it ever comes.
    fn has_come(&mut self, at: Option<Timestamp>, now: Timestamp) -> bool {
        match at {
            Some(at) if at > now => {
                self.look_again(at);
                false
            }
            at => at.is_some(),
        }
    }

    /// Whether a new primary is needed.
    fn succeed(&mut self, inventory: &Inventory, now: Timestamp, settings: &Settings) {
        let cause = match inventory.primary() {
            None => cause_without_primary(inventory),
            Some(primary) if is_older_than_a_revoked_key(inventory, primary) => Cause::Revocation,
            Some((_, id)) if is_rollover_requested(inventory, id) => Cause::Rollover,
            Some((created, _)) => {
                let due_at = end_of(created, settings.rollover_period);
                if !self.has_come(due_at, now) {
                    return;
                }
                Cause::Rollover
            }
        };
        if is_blocked(inventory, cause) {
            self.blocked = true;
        } else if let Some(wait) = wait_for_the_next_second(inventory, now) {
            self.look_again(wait);
        } else {
            self.actions.push(Action::Create(cause));
        }
    }

    /// What becomes of a key that another one has taken over from.
    fn age(
        &mut self,
        inventory: &Inventory,
        id: KeyId,
        key: &Key,
        now: Timestamp,
        settings: &Settings,
    ) {
        let Some(public) = key.public.filter(|public| !public.deleting) else {
            return;
        };
        match public.state {
            KeyState::Active if key.is_loaded() => {
                let retired_at = succeeded_at(inventory, (public.created, id))
                    .and_then(|at| end_of(at, settings.retire_after));
                if self.has_come(retired_at, now) {
                    self.actions.push(Action::Retire(id));
                }
            }
            KeyState::Retired if inventory.dependents(id) == Some(0) && !key.is_shared() => {
                let deleted_at = public
                    .unneeded_since
                    .and_then(|since| end_of(since, settings.delete_unused_after));
                if self.has_come(deleted_at, now) {
                    self.actions.push(Action::Delete(id));
                }
            }
            KeyState::Active | KeyState::Retired | KeyState::Revoked => {}
        }
    }
}

/// What should be done about one key by itself.
fn tend(inventory: &Inventory, id: KeyId, key: &Key, recovery: Option<Fingerprint>) -> Vec<Action> {
    let mut actions: Vec<Action> = key
        .public
        .and_then(|public| tend_public(inventory, id, key, public))
        .into_iter()
        .collect();
    let PrivateHalf::Loaded(copies) = &key.private else {
        return actions;
    };
    let Some(public) = key.public else {
        let state = state_to_publish(key, copies);
        return vec![Action::Publish { id, state }];
    };
    actions.extend(copies.pending.iter().map(|secret| Action::Complete {
        secret: secret.clone(),
    }));
    let is_in_escrow = recovery.is_none_or(|wanted| public.in_escrow == InEscrow::For(wanted));
    if !is_in_escrow && !key.is_to_be_revoked() {
        actions.push(Action::Escrow(id));
    }
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

/// The finalizer. One on a key that never had its private half would be in the way of its deletion.
fn tend_public(inventory: &Inventory, id: KeyId, key: &Key, public: PublicHalf) -> Option<Action> {
    if public.deleting {
        let is_free = public.kept && inventory.dependents(id) == Some(0);
        is_free.then_some(Action::Release(id))
    } else {
        (!public.kept && key.is_loaded()).then_some(Action::Keep(id))
    }
}

/// When a newer key took over: the oldest of those that are Active. A key that someone put in by hand
/// and that never was Active did not take over from any.
fn succeeded_at(inventory: &Inventory, age: Age) -> Option<Timestamp> {
    inventory
        .keys
        .iter()
        .filter(|(_, key)| key.is_loaded() && !key.is_marked_revoked())
        .filter_map(|(id, key)| Some((key.public?, *id)))
        .filter(|(public, id)| public.state == KeyState::Active && (public.created, *id) > age)
        .map(|(public, _)| public.created)
        .min()
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

/// After a revocation, values are not sealed to a key that is older still. A revoked key without its
/// private half came with another cluster's keys, or was dealt with before its deletion.
fn is_older_than_a_revoked_key(inventory: &Inventory, primary: Age) -> bool {
    inventory.keys.iter().any(|(id, key)| {
        key.is_to_be_revoked()
            && key.is_loaded()
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

/// `None` for a period of never, and if the end lies beyond all times.
fn end_of(start: Timestamp, period: Option<Duration>) -> Option<Timestamp> {
    start
        .checked_add(SignedDuration::try_from(period?).ok()?)
        .ok()
}

#[cfg(test)]
mod tests;
