//! What is remembered of each SealedSecret: little, whatever its size.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use waxwing_api::Reason;
use waxwing_crypto::KeyId;

use crate::object_key::ObjectKey;

/// How a SealedSecret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Ready,
    Failed(Reason),
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Failed(reason) => reason.as_str(),
        }
    }
}

/// A SealedSecret as it was last worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) uid: Box<str>,
    pub(crate) generation: i64,
    pub(crate) state: State,
    /// The resource version of its Secret as the controller left it.
    pub(crate) secret_version: Option<Box<str>>,
    /// All keys that its items are sealed to.
    pub(crate) key_ids: Box<[KeyId]>,
    pub(crate) stale: bool,
}

/// Every SealedSecret that was worked off.
#[derive(Debug, Default)]
pub(crate) struct Index(Mutex<HashMap<ObjectKey, Known>>);

impl Index {
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Known> {
        self.lock().get(key).cloned()
    }

    /// Whether that generation of that very object was worked off.
    pub(crate) fn has(&self, key: &ObjectKey, uid: &str, generation: i64) -> bool {
        self.lock()
            .get(key)
            .is_some_and(|known| &*known.uid == uid && known.generation >= generation)
    }

    pub(crate) fn remember(&self, key: ObjectKey, known: Known) {
        self.lock().insert(key, known);
    }

    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    /// Forgets all but those, and returns what was forgotten.
    pub(crate) fn retain(&self, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        let mut index = self.lock();
        let gone: Vec<ObjectKey> = index
            .keys()
            .filter(|key| !listed.contains(key))
            .cloned()
            .collect();
        for key in &gone {
            index.remove(key);
        }
        gone
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The objects for which `test` holds.
    pub(crate) fn select(&self, test: impl Fn(&Known) -> bool) -> Vec<ObjectKey> {
        self.lock()
            .iter()
            .filter(|(_, known)| test(known))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// How many objects are in each state, and how many are stale.
    pub(crate) fn count(&self) -> (HashMap<State, i64>, i64) {
        let index = self.lock();
        let mut states = HashMap::new();
        for known in index.values() {
            *states.entry(known.state).or_default() += 1;
        }
        let stale = index.values().filter(|known| known.stale).count();
        (states, i64::try_from(stale).unwrap_or(i64::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectKey, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
