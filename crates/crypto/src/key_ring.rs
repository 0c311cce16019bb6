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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    #[test]
    fn an_identity_is_found_by_its_key_id_until_it_is_removed() {
        let identity = Identity::generate(Algorithm::X25519);
        let mut ring = KeyRing::default();
        assert!(ring.is_empty());
        let id = ring.insert(identity.clone());
        assert_eq!(id, identity.key_id());
        assert_eq!(ring.insert(identity), id);
        assert_eq!(ring.len(), 1);
        assert!(ring.contains(&id));
        assert_eq!(ring.ids().collect::<Vec<_>>(), [id]);
        assert_eq!(ring.get(&id).map(Identity::key_id), Some(id));
        assert!(ring.remove(&id).is_some());
        assert!(ring.get(&id).is_none());
        assert!(ring.remove(&id).is_none());
    }

    #[test]
    fn a_ring_can_be_shared_between_threads() {
        fn shareable<T: Send + Sync>(_: &T) {}
        shareable(&KeyRing::default());
    }
}
