//! The keys as unsealing needs them.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto::{KeyId, KeyRing};

use super::escrow::InEscrow;
use super::facts::Facts;
use super::inventory::{Inventory, PublicHalf, Usability};

/// A snapshot of the cluster's keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ring: KeyRing,
    primary: Option<KeyId>,
    revoked: BTreeSet<KeyId>,
    /// All keys of this cluster, whatever they may do.
    ours: BTreeSet<KeyId>,
    counts: BTreeMap<Usability, i64>,
    without_escrow: i64,
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
        let is_bare = |public: &PublicHalf| public.in_escrow == InEscrow::No;
        for (id, key) in &inventory.keys {
            keys.without_escrow += i64::from(key.public.as_ref().is_none_or(is_bare));
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

    /// How many keys are in this cluster only.
    pub(crate) const fn without_escrow(&self) -> i64 {
        self.without_escrow
    }

    /// All keys of this cluster, whatever they may do.
    pub(crate) fn ours(&self) -> impl Iterator<Item = KeyId> {
        self.ours.iter().copied()
    }

    /// The key Secrets that could not be read, with the reason.
    pub(crate) fn unreadable(&self) -> &[(String, String)] {
        &self.unreadable
    }

    pub(crate) fn is_revoked(&self, id: KeyId) -> bool {
        self.revoked.contains(&id)
    }

    /// Whether it is a key of this cluster, whatever it may do, and not the primary.
    pub(crate) fn is_old(&self, id: KeyId) -> bool {
        self.ours.contains(&id) && self.primary != Some(id)
    }

    /// Whether something that is sealed to these keys is sealed to a key of this cluster that is
    /// not the primary. `None`: there is no primary.
    pub(crate) fn is_stale(&self, key_ids: &[KeyId]) -> Option<bool> {
        self.primary?;
        Some(key_ids.iter().any(|id| self.is_old(*id)))
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

/// Keys for tests: those that open values, the first of them primary, and revoked ones.
#[cfg(test)]
pub(crate) fn test_keys(
    open: &[&waxwing_crypto::Identity],
    revoked: &[&waxwing_crypto::Identity],
) -> Keys {
    let ids = |keys: &[&waxwing_crypto::Identity]| {
        keys.iter().map(|key| key.key_id()).collect::<BTreeSet<_>>()
    };
    Keys {
        ring: open.iter().copied().cloned().collect(),
        primary: open.first().map(|key| key.key_id()),
        ours: &ids(open) | &ids(revoked),
        revoked: ids(revoked),
        ..Keys::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    #[test]
    fn stale_is_what_is_sealed_to_a_key_of_this_cluster_that_is_not_the_primary() {
        let [new, old, foreign] = [0; 3].map(|_| Identity::generate(Algorithm::X25519));
        let ids = |keys: &[&Identity]| keys.iter().map(|key| key.key_id()).collect::<Vec<_>>();
        let cluster = test_keys(&[&new, &old], &[]);
        for (sealed_to, stale) in [
            (ids(&[&new]), false),
            (ids(&[&old]), true),
            (ids(&[&new, &old]), true),
            (ids(&[&foreign]), false),
            (ids(&[&new, &foreign]), false),
        ] {
            assert_eq!(cluster.is_stale(&sealed_to), Some(stale), "{sealed_to:?}");
        }
        assert_eq!(test_keys(&[], &[&old]).is_stale(&ids(&[&old])), None);
    }

    #[test]
    fn a_change_of_keys_matters_only_to_what_it_lets_open_or_not() {
        let [one, two] = [0; 2].map(|_| Identity::generate(Algorithm::X25519));
        let sealed_to_two = [two.key_id()];
        let before = test_keys(&[&one], &[]);
        let added = test_keys(&[&one, &two], &[]);
        let revoked = test_keys(&[&one], &[&two]);
        assert!(
            added.matter_to(&before, &sealed_to_two, false),
            "it can be opened now"
        );
        assert!(
            !added.matter_to(&before, &sealed_to_two, true),
            "it was opened before"
        );
        assert!(
            !added.matter_to(&before, &[one.key_id()], false),
            "its own key is as it was"
        );
        assert!(
            revoked.matter_to(&added, &sealed_to_two, true),
            "its key was revoked"
        );
        assert!(
            !before.matter_to(&added, &sealed_to_two, true),
            "the Secret stays when a key is lost"
        );
    }
}
