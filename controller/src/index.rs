//! What is remembered of each SealedSecret: little, whatever its size.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;
use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::KeyId;

use crate::object_key::ObjectKey;
use crate::scope::{Listing, Scope};
use crate::status::first_reason;
use crate::unseal::Failure;

/// How a SealedSecret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Ready,
    Failed(Reason),
}

impl State {
    /// The first failure stands for all of them.
    pub(crate) fn of(failures: &[Failure]) -> Self {
        first_reason(failures).map_or(Self::Ready, |failure| Self::Failed(failure.reason))
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Failed(reason) => reason.as_str(),
        }
    }
}

/// Before the first generation of any object: what is known of it is older than the object is.
pub(crate) const NO_GENERATION: i64 = 0;

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
    /// When the oldest item was sealed.
    pub(crate) oldest: Option<SystemTime>,
}

/// How many SealedSecrets have a value sealed to each key; a key that is not there: none.
pub(crate) type Dependents = Arc<BTreeMap<KeyId, i64>>;

/// Every SealedSecret that was worked off, and those that wait for it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    scope: Scope,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<ObjectKey, Entry>,
    /// Where all SealedSecrets were listed.
    listed: BTreeSet<Listing>,
}

#[derive(Debug, Default)]
struct Entry {
    known: Option<Known>,
    /// The newest generation, as long as it waits.
    expected: Option<Expected>,
}

/// A SealedSecret that waits to be worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) uid: Box<str>,
    pub(crate) generation: i64,
    /// All keys that its items are sealed to.
    pub(crate) key_ids: Box<[KeyId]>,
}

impl Expected {
    fn is_fulfilled_by(&self, known: &Known) -> bool {
        known.uid == self.uid && known.generation >= self.generation
    }
}

impl Entry {
    /// The keys that the object needs: both now and once it was worked off.
    fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        let known = self.known.as_ref().map(|known| &known.key_ids);
        let expected = self.expected.as_ref().map(|expected| &expected.key_ids);
        let ids: HashSet<KeyId> = known
            .into_iter()
            .chain(expected)
            .flatten()
            .copied()
            .collect();
        ids.into_iter()
    }
}

impl Index {
    pub(crate) fn of(scope: Scope) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Known> {
        self.lock().entries.get(key)?.known.clone()
    }

    /// Whether that generation of that very object was worked off.
    pub(crate) fn has(&self, key: &ObjectKey, uid: &str, generation: i64) -> bool {
        let inner = self.lock();
        let known = inner
            .entries
            .get(key)
            .and_then(|entry| entry.known.as_ref());
        known.is_some_and(|known| &*known.uid == uid && known.generation >= generation)
    }

    /// It waits to be worked off: until then nothing is known of it but the keys that it needs.
    pub(crate) fn expect(&self, key: ObjectKey, expected: Expected) {
        self.lock().entries.entry(key).or_default().expected = Some(expected);
        self.changed.notify_one();
    }

    pub(crate) fn remember(&self, key: ObjectKey, known: Known) {
        let mut inner = self.lock();
        let entry = inner.entries.entry(key).or_default();
        entry
            .expected
            .take_if(|expected| expected.is_fulfilled_by(&known));
        entry.known = Some(known);
        drop(inner);
        self.changed.notify_one();
    }

    /// Notes whether an object, as it was looked at, is stale.
    pub(crate) fn mark_stale(&self, key: &ObjectKey, sealed: &SealedSecret, stale: bool) {
        let mut inner = self.lock();
        let known = inner
            .entries
            .get_mut(key)
            .and_then(|entry| entry.known.as_mut());
        if let Some(known) = known
            && Some(&*known.uid) == sealed.metadata.uid.as_deref()
            && Some(known.generation) == sealed.metadata.generation
        {
            known.stale = stale;
        }
    }

    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.lock().entries.remove(key);
        self.changed.notify_one();
    }

    /// The listing begins anew: until it is complete, there may be more than is known.
    pub(crate) fn relist(&self, listing: &Listing) {
        self.lock().listed.remove(listing);
    }

    /// All objects of the listing are known: forgets all others of it, and returns what was forgotten.
    pub(crate) fn retain(&self, listing: &Listing, listed: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        let mut inner = self.lock();
        inner.listed.insert(listing.clone());
        let gone: Vec<ObjectKey> = inner
            .entries
            .keys()
            .filter(|key| listing.contains(key) && !listed.contains(key))
            .cloned()
            .collect();
        for key in &gone {
            inner.entries.remove(key);
        }
        drop(inner);
        self.changed.notify_one();
        gone
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
        self.changed.notify_one();
    }

    /// The objects for which `test` holds.
    pub(crate) fn select(&self, test: impl Fn(&Known) -> bool) -> Vec<ObjectKey> {
        self.lock()
            .entries
            .iter()
            .filter(|(_, entry)| entry.known.as_ref().is_some_and(&test))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// How many objects are in each state, and how many are stale.
    pub(crate) fn count(&self) -> (HashMap<State, i64>, i64) {
        let inner = self.lock();
        let mut states = HashMap::new();
        let mut stale = 0;
        for known in inner
            .entries
            .values()
            .filter_map(|entry| entry.known.as_ref())
        {
            *states.entry(known.state).or_default() += 1;
            stale += i64::from(known.stale);
        }
        (states, stale)
    }

    /// When the oldest value of each object was sealed.
    pub(crate) fn oldest(&self) -> Vec<SystemTime> {
        self.lock()
            .entries
            .values()
            .filter_map(|entry| entry.known.as_ref()?.oldest)
            .collect()
    }

    /// How many objects need each key; `None` until all objects were listed.
    pub(crate) fn dependents(&self) -> Option<Dependents> {
        let inner = self.lock();
        let is_listed = |listing| inner.listed.contains(listing);
        if !self.scope.listings().iter().all(is_listed) {
            return None;
        }
        let mut counts = BTreeMap::new();
        for id in inner.entries.values().flat_map(Entry::key_ids) {
            *counts.entry(id).or_default() += 1;
        }
        Some(Arc::new(counts))
    }

    /// Returns once something changed since it last returned. For one task only.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::scope::Area;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: "prod".into(),
            name: name.into(),
        }
    }

    fn everywhere() -> Listing {
        Listing::SealedSecrets(Area::Everywhere)
    }

    /// An index of an empty cluster.
    fn listed() -> Index {
        let index = Index::default();
        for listing in index.scope.listings() {
            index.retain(&listing, &HashSet::new());
        }
        index
    }

    fn id(number: u64) -> KeyId {
        format!("{number:016x}").parse().unwrap()
    }

    fn known(generation: i64, key_ids: &[KeyId]) -> Known {
        Known {
            uid: "uid".into(),
            generation,
            state: State::Ready,
            secret_version: None,
            key_ids: key_ids.into(),
            stale: false,
            oldest: None,
        }
    }

    fn expected(uid: &str, generation: i64, key_ids: &[KeyId]) -> Expected {
        Expected {
            uid: uid.into(),
            generation,
            key_ids: key_ids.into(),
        }
    }

    fn counts(index: &Index) -> Vec<(KeyId, i64)> {
        let dependents = index.dependents().unwrap();
        dependents.iter().map(|(id, count)| (*id, *count)).collect()
    }

    #[test]
    fn dependents_are_not_told_before_all_objects_were_listed() {
        let index = Index::default();
        index.remember(key("a"), known(1, &[id(1)]));
        assert_eq!(index.dependents(), None);
        index.retain(&everywhere(), &[key("a")].into());
        assert_eq!(index.dependents(), None);
        index.retain(&Listing::ClusterSealedSecrets, &HashSet::new());
        assert_eq!(counts(&index), [(id(1), 1)]);
        index.relist(&everywhere());
        assert_eq!(index.dependents(), None);
        index.retain(&everywhere(), &[key("a")].into());
        assert_eq!(counts(&index), [(id(1), 1)]);
        index.clear();
        assert_eq!(index.dependents(), None);
    }

    #[test]
    fn a_listing_of_one_namespace_says_nothing_of_the_others() {
        let namespaces = ["dev".to_owned(), "prod".to_owned()];
        let index = Index::of(Scope::new(&namespaces, None));
        index.remember(key("a"), known(1, &[id(1)]));
        let dev = Listing::SealedSecrets(Area::Namespace("dev".into()));
        index.retain(&dev, &HashSet::new());
        assert!(index.get(&key("a")).is_some());
        assert_eq!(index.dependents(), None);
        let prod = Listing::SealedSecrets(Area::Namespace("prod".into()));
        assert_eq!(index.retain(&prod, &HashSet::new()), [key("a")]);
        assert_eq!(counts(&index), []);
    }

    #[test]
    fn an_object_that_waits_needs_its_old_keys_and_its_new_ones() {
        let index = listed();
        index.expect(key("a"), expected("uid", 1, &[id(1)]));
        assert_eq!(counts(&index), [(id(1), 1)]);
        index.remember(key("a"), known(1, &[id(1)]));
        index.expect(key("a"), expected("uid", 2, &[id(1), id(2)]));
        assert_eq!(counts(&index), [(id(1), 1), (id(2), 1)]);
        index.remember(key("a"), known(2, &[id(2)]));
        assert_eq!(counts(&index), [(id(2), 1)]);
    }

    #[test]
    fn work_on_an_older_generation_or_object_does_not_end_the_wait_of_a_newer_one() {
        let index = listed();
        for newer in [expected("uid", 2, &[id(2)]), expected("other", 1, &[id(2)])] {
            index.expect(key("a"), newer);
            index.remember(key("a"), known(1, &[id(1)]));
            assert_eq!(counts(&index), [(id(1), 1), (id(2), 1)]);
            index.forget(&key("a"));
        }
        assert_eq!(counts(&index), []);
    }
}
