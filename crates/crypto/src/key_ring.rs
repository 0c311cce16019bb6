//! The identities at hand.

use std::collections::BTreeMap;

use crate::{Identity, KeyId};

/// Identities, looked up by key id.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(BTreeMap<KeyId, Identity>);

impl KeyRing {
    /// Puts an identity in, in place of the same one if it is there, and returns its key id.
    pub fn insert(&mut self, identity: Identity) -> KeyId {
        let id = identity.key_id();
        self.0.insert(id, identity);
        id
    }

    /// Takes an identity out.
    pub fn remove(&mut self, id: &KeyId) -> Option<Identity> {
        self.0.remove(id)
    }

    /// The identity of that key id.
    pub fn get(&self, id: &KeyId) -> Option<&Identity> {
        self.0.get(id)
    }

    /// Whether the identity of that key id is there.
    pub fn contains(&self, id: &KeyId) -> bool {
        self.0.contains_key(id)
    }

    /// The key ids, in ascending order.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.0.keys().copied()
    }

    /// The number of identities.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no identity.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Identity> for KeyRing {
    fn from_iter<I: IntoIterator<Item = Identity>>(identities: I) -> Self {
        let mut ring = Self::default();
        for identity in identities {
            ring.insert(identity);
        }
        ring
    }
}
