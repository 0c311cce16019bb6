//! The keys as unsealing needs them.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto::{KeyId, KeyRing};

use super::facts::Facts;
use super::inventory::{Inventory, Usability};

/// A snapshot of the cluster's keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ring: KeyRing,
    primary: Option<KeyId>,
    revoked: BTreeSet<KeyId>,
    /// All keys of this cluster, whatever they may do.
    ours: BTreeSet<KeyId>,
    counts: BTreeMap<Usability, i64>,
    unreadable: Vec<(String, String)>,
}

impl Keys {
    pub(crate) fn of(facts: &Facts, inventory: &Inventory) -> Self {
        let mut keys = Self {
            primary: inventory.primary().map(|(_, id)| id),
            ours: inventory.keys.keys().copied().collect(),
            unreadable: inventory.unreadable.clone(),
            ..Self::default()
        };
        for (id, key) in &inventory.keys {
            let usability = inventory.usability(*id, key);
            *keys.counts.entry(usability).or_default() += 1;
            // A revoked key counts as revoked even without its private half.
            if usability == Usability::Revoked || (!key.is_loaded() && key.is_to_be_revoked()) {
                keys.revoked.insert(*id);
            }
        }
        keys.counts.insert(
            Usability::Unreadable,
            i64::try_from(keys.unreadable.len()).unwrap_or(i64::MAX),
        );
        let identities = facts.secrets.iter().flat_map(|secret| secret.identities());
        keys.ring = identities
            .filter(|identity| !keys.revoked.contains(&identity.key_id()))
            .cloned()
            .collect();
        keys
    }

    pub(crate) const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    pub(crate) const fn primary(&self) -> Option<KeyId> {
        self.primary
    }

    pub(crate) fn count(&self, usability: Usability) -> i64 {
        self.counts.get(&usability).copied().unwrap_or_default()
    }

    /// The key Secrets that could not be read, with the reason.
    pub(crate) fn unreadable(&self) -> &[(String, String)] {
        &self.unreadable
    }

    pub(crate) fn is_revoked(&self, id: KeyId) -> bool {
        self.revoked.contains(&id)
    }

    /// Whether something that is sealed to these keys is sealed to a key of this cluster that is
    /// not the primary. `None`: there is no primary.
    pub(crate) fn is_stale(&self, key_ids: &[KeyId]) -> Option<bool> {
        let primary = self.primary?;
        Some(
            key_ids
                .iter()
                .any(|id| *id != primary && self.ours.contains(id)),
        )
    }

    /// Whether a change from `earlier` keys to these can change what becomes of something that is
    /// sealed to `key_ids`, and that could be opened or not.
    pub(crate) fn matter_to(&self, earlier: &Self, key_ids: &[KeyId], opened: bool) -> bool {
        let changed = |id: &KeyId| {
            self.is_revoked(*id) != earlier.is_revoked(*id)
                || (!opened && self.ring.contains(id) != earlier.ring.contains(id))
        };
        key_ids.iter().any(changed)
    }
}
