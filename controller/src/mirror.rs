//! A small collection of objects, kept as the API server has it.

use std::collections::HashMap;
use std::hash::Hash;

use kube::runtime::watcher::Event;

/// The values that a watch has told of, by key. A new listing replaces all of them at once, when it
/// is complete.
#[derive(Debug)]
pub(crate) struct Mirror<K, V> {
    current: HashMap<K, V>,
    listing: Option<HashMap<K, V>>,
    complete: bool,
}

impl<K, V> Default for Mirror<K, V> {
    fn default() -> Self {
        Self {
            current: HashMap::new(),
            listing: None,
            complete: false,
        }
    }
}

impl<K: Eq + Hash, V> Mirror<K, V> {
    /// Takes in an event whose object was read to a key and a value. True: the collection may have
    /// changed, and is complete.
    pub(crate) fn take(&mut self, event: Event<(K, V)>) -> bool {
        match event {
            Event::Init => {
                self.listing = Some(HashMap::new());
                return false;
            }
            Event::InitApply((key, value)) => {
                self.listing.get_or_insert_default().insert(key, value);
                return false;
            }
            Event::InitDone => {
                self.current = self.listing.take().unwrap_or_default();
                self.complete = true;
            }
            Event::Apply((key, value)) => {
                self.current.insert(key, value);
            }
            Event::Delete((key, _)) => self.remove(&key),
        }
        self.complete
    }

    /// Whether everything was listed at least once.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.current.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.current.iter()
    }

    /// Puts in what is known before the watch tells of it, if what is there passes the test.
    pub(crate) fn put_if(&mut self, key: K, test: impl FnOnce(Option<&V>) -> bool, value: V) {
        if test(self.current.get(&key)) {
            self.current.insert(key, value);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.current.remove(key);
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.current.values()
    }
}

/// The event with its object read.
pub(crate) fn map_event<K, T>(event: Event<K>, read: impl FnOnce(K) -> T) -> Event<T> {
    match event {
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
        Event::InitApply(object) => Event::InitApply(read(object)),
        Event::Apply(object) => Event::Apply(read(object)),
        Event::Delete(object) => Event::Delete(read(object)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_listing_replaces_what_was_there_only_when_it_is_complete() {
        let mut mirror = Mirror::default();
        assert!(!mirror.take(Event::Init));
        assert!(!mirror.take(Event::InitApply(("a", 1))));
        assert!(!mirror.is_complete());
        assert!(mirror.take(Event::InitDone));
        assert!(mirror.take(Event::Apply(("b", 2))));

        assert!(!mirror.take(Event::Init));
        assert!(!mirror.take(Event::InitApply(("b", 3))));
        assert_eq!((mirror.get(&"a"), mirror.get(&"b")), (Some(&1), Some(&2)));
        assert!(mirror.take(Event::InitDone));
        assert_eq!((mirror.get(&"a"), mirror.get(&"b")), (None, Some(&3)));
        assert!(mirror.take(Event::Delete(("b", 3))));
        assert_eq!(mirror.values().count(), 0);
    }
}
