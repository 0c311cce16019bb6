//! The renewal of a stale SealedSecret: its stale values, rewrapped for the primary. Pure functions.
//!
//! A renewal that is there and still good is kept as it is: a new one would be as good and another
//! text, and each rewrite costs every watcher of the object.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use waxwing_api::{Renewal, SealedSecret};
use waxwing_crypto::{Identity, KeyId, SealedValue};

use crate::keys::Keys;

/// How large an object may become by its renewal, as JSON and in bytes: the API server's store takes requests
/// of 1.5 MiB, and conditions and the rest of the metadata need some of it.
const ROOM: usize = 1_400 * 1024;

/// How much longer a value can become by a rewrap for another algorithm, in bytes of base64.
const GROWTH: usize = 2_560;

/// How often the name of each item stands in `metadata.managedFields`: for two managers of the spec (GitOps
/// beside kubectl, or before and after a change of tools), and for the renewal.
const OWNERS: usize = 3;

/// What stands around a name there (`"f:NAME":{},`), in bytes.
const AROUND_OWNED: usize = 8;

/// Why a stale object has no renewal, or not of all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Values and renewals do not fit into one object.
    NoRoom,
    /// An item is also sealed to keys of others, which are of another class than the primary.
    OtherClass,
}

/// The renewal that the status of a stale object should hold; `None`: there is nothing to renew, or it
/// cannot be.
pub(crate) fn renewal(sealed: &SealedSecret, keys: &Keys) -> Option<Renewal> {
    let primary = primary(keys)?;
    let due = due(sealed, keys);
    if !has_room(sealed, &due) {
        return None;
    }
    let encrypted_data: BTreeMap<String, String> = due
        .into_iter()
        .filter_map(|(item, value)| {
            let text = match good_renewal(sealed, item, &value, keys) {
                Some(present) => present.to_owned(),
                // Anything that could be opened can be rewrapped, obstacles aside.
                None => renew(&value, keys, primary)?.to_base64(),
            };
            Some((item.to_owned(), text))
        })
        .collect();
    (!encrypted_data.is_empty()).then_some(Renewal { encrypted_data })
}

/// Whether the object has the renewal that it should have.
pub(crate) fn is_current(sealed: &SealedSecret, keys: &Keys) -> bool {
    let due = due(sealed, keys);
    let wanted: BTreeSet<&str> = if has_room(sealed, &due) {
        due.iter()
            .filter(|(_, value)| !is_of_another_class(value, keys))
            .map(|(item, _)| *item)
            .collect()
    } else {
        BTreeSet::new()
    };
    let present = present(sealed).into_iter().flat_map(BTreeMap::keys);
    present.map(String::as_str).collect::<BTreeSet<_>>() == wanted
        && due
            .iter()
            .filter(|(item, _)| wanted.contains(item))
            .all(|(item, value)| good_renewal(sealed, item, value, keys).is_some())
}

/// What stands in the way of a renewal of every stale item.
pub(crate) fn obstacle(sealed: &SealedSecret, keys: &Keys) -> Option<Obstacle> {
    let due = due(sealed, keys);
    if !has_room(sealed, &due) {
        Some(Obstacle::NoRoom)
    } else if due
        .iter()
        .any(|(_, value)| is_of_another_class(value, keys))
    {
        Some(Obstacle::OtherClass)
    } else {
        None
    }
}

fn primary(keys: &Keys) -> Option<&Identity> {
    keys.ring().get(&keys.primary()?)
}

/// The same value for the primary, in the place of every older key of this cluster: those that open
/// nothing any more, too.
fn renew(value: &SealedValue, keys: &Keys, primary: &Identity) -> Option<SealedValue> {
    let old = value.header().key_ids().filter(|id| keys.is_old(*id));
    let primary = primary.recipient().clone();
    value
        .change_recipients(keys.ring(), &[primary], &old.collect::<Vec<_>>())
        .ok()
}

/// The items that are sealed to an older key of this cluster, and that a key at hand opens.
fn due<'a>(sealed: &'a SealedSecret, keys: &Keys) -> Vec<(&'a str, SealedValue)> {
    let is_due = |value: &SealedValue| {
        let ids = || value.header().key_ids();
        ids().any(|id| keys.is_old(id)) && ids().any(|id| keys.ring().contains(&id))
    };
    sealed
        .spec
        .encrypted_data
        .iter()
        .filter_map(|(item, text)| Some((item.as_str(), SealedValue::parse(text).ok()?)))
        .filter(|(_, value)| is_due(value))
        .collect()
}

fn present(sealed: &SealedSecret) -> Option<&BTreeMap<String, String>> {
    let renewal = sealed.status.as_ref()?.renewal.as_ref()?;
    Some(&renewal.encrypted_data)
}

/// The renewal of the item that is there, if it is one of this very value for the present primary.
fn good_renewal<'a>(
    sealed: &'a SealedSecret,
    item: &str,
    value: &SealedValue,
    keys: &Keys,
) -> Option<&'a str> {
    let text = present(sealed)?.get(item)?;
    let renewed = SealedValue::parse(text).ok()?;
    let ids: BTreeSet<KeyId> = renewed.header().key_ids().collect();
    (ids == ids_of_renewal(value, keys) && renewed.is_rewrap_of(value)).then_some(text)
}

fn ids_of_renewal(value: &SealedValue, keys: &Keys) -> BTreeSet<KeyId> {
    let staying = value.header().key_ids().filter(|id| !keys.is_old(*id));
    staying.chain(keys.primary()).collect()
}

fn is_of_another_class(value: &SealedValue, keys: &Keys) -> bool {
    primary(keys).is_some_and(|primary| {
        let mut staying = value
            .header()
            .keys
            .iter()
            .filter(|key| !keys.is_old(key.id));
        staying.any(|key| key.algorithm != primary.algorithm())
    })
}

fn has_room(sealed: &SealedSecret, due: &[(&str, SealedValue)]) -> bool {
    let values = &sealed.spec.encrypted_data;
    let renewals: usize = due
        .iter()
        .filter_map(|(item, _)| Some(item.len() + values.get(*item)?.len() + GROWTH))
        .sum();
    let templates = sealed.spec.template.iter().flat_map(|t| t.data.keys());
    let owned: usize = values
        .keys()
        .chain(templates)
        .map(|name| OWNERS * (name.len() + AROUND_OWNED))
        .sum();
    let metadata = json_len(&sealed.metadata.annotations) + json_len(&sealed.metadata.labels);
    json_len(&sealed.spec) + metadata + owned + renewals <= ROOM
}

/// The length of the JSON text, without writing it anywhere.
fn json_len(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written is not sent to the API server either.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::UNIX_EPOCH;

    use waxwing_api::SealedSecretStatus;
    use waxwing_crypto::{Algorithm, Place, Scope};

    use super::*;
    use crate::keys::test_keys;

    fn key(algorithm: Algorithm) -> Identity {
        Identity::generate(algorithm)
    }

    fn seal(plaintext: &[u8], to: &[&Identity]) -> String {
        let recipients: Vec<_> = to.iter().map(|key| key.recipient().clone()).collect();
        SealedValue::seal(plaintext, &Scope::Cluster, &recipients, UNIX_EPOCH)
            .unwrap()
            .to_base64()
    }

    fn sealed_secret(items: &[(&str, String)]) -> SealedSecret {
        let mut sealed = SealedSecret::default();
        sealed.spec.encrypted_data = items
            .iter()
            .map(|(item, value)| ((*item).to_owned(), value.clone()))
            .collect();
        sealed
    }

    fn put(sealed: &mut SealedSecret, renewal: Option<Renewal>) {
        sealed.status = Some(SealedSecretStatus {
            renewal,
            ..SealedSecretStatus::default()
        });
    }

    #[test]
    fn the_stale_items_are_renewed_for_the_primary_and_hold_the_same_values() {
        let [new, old, foreign] = [0; 3].map(|_| key(Algorithm::X25519));
        let keys = test_keys(&[&new, &old], &[]);
        let sealed = sealed_secret(&[
            ("stale", seal(b"one", &[&old])),
            ("shared", seal(b"two", &[&foreign, &old])),
            ("fresh", seal(b"three", &[&new])),
        ]);
        let renewed = renewal(&sealed, &keys).unwrap().encrypted_data;
        assert_eq!(renewed.keys().collect::<Vec<_>>(), ["shared", "stale"]);
        let place = Place {
            namespace: "n",
            name: "n",
            item: "i",
        };
        for (item, value, ids) in [
            ("stale", b"one", vec![new.key_id()]),
            ("shared", b"two", vec![foreign.key_id(), new.key_id()]),
        ] {
            let renewed = SealedValue::parse(&renewed[item]).unwrap();
            assert_eq!(renewed.header().key_ids().collect::<Vec<_>>(), ids);
            let only_new = test_keys(&[&new], &[]);
            let opened = renewed.open(only_new.ring(), &place).unwrap();
            assert_eq!(opened.as_slice(), value);
        }
    }

    #[test]
    fn older_keys_go_from_a_value_that_the_primary_opens_too_whether_they_open_anything_or_not() {
        let [new, old, revoked, foreign] = [0; 4].map(|_| key(Algorithm::X25519));
        let keys = test_keys(&[&new, &old], &[&revoked]);
        let mut sealed = sealed_secret(&[
            ("old", seal(b"v", &[&old, &new])),
            ("revoked", seal(b"v", &[&new, &revoked, &foreign])),
            ("both", seal(b"v", &[&revoked, &old])),
        ]);
        let renewal = renewal(&sealed, &keys);
        put(&mut sealed, renewal);
        assert!(is_current(&sealed, &keys));
        for (item, left) in [
            ("old", vec![&new]),
            ("revoked", vec![&new, &foreign]),
            ("both", vec![&new]),
        ] {
            let renewed = SealedValue::parse(&present(&sealed).unwrap()[item]).unwrap();
            let left: Vec<KeyId> = left.into_iter().map(Identity::key_id).collect();
            assert_eq!(
                renewed.header().key_ids().collect::<Vec<_>>(),
                left,
                "{item}"
            );
            let value = SealedValue::parse(&sealed.spec.encrypted_data[item]).unwrap();
            assert!(renewed.is_rewrap_of(&value), "{item}");
        }
    }

    #[test]
    fn a_good_renewal_stays_as_it_is_and_any_other_is_made_anew() {
        let [newest, new, old] = [0; 3].map(|_| key(Algorithm::X25519));
        let keys = test_keys(&[&new, &old], &[]);
        let mut sealed = sealed_secret(&[("a", seal(b"one", &[&old])), ("b", seal(b"x", &[&old]))]);
        assert!(!is_current(&sealed, &keys));
        let first = renewal(&sealed, &keys);
        put(&mut sealed, first.clone());
        assert!(is_current(&sealed, &keys));
        assert_eq!(renewal(&sealed, &keys), first, "unchanged");

        let rolled_over = test_keys(&[&newest, &new, &old], &[]);
        assert!(
            !is_current(&sealed, &rolled_over),
            "there is a newer primary"
        );

        sealed = sealed_secret(&[("a", seal(b"two", &[&old])), ("b", seal(b"x", &[&new]))]);
        put(&mut sealed, first.clone());
        assert!(!is_current(&sealed, &keys), "the values were changed");
        let second = renewal(&sealed, &keys).unwrap();
        assert_eq!(second.encrypted_data.keys().collect::<Vec<_>>(), ["a"]);
        assert_ne!(
            second.encrypted_data["a"],
            first.unwrap().encrypted_data["a"]
        );
    }

    #[test]
    fn there_is_no_renewal_where_nothing_is_stale_or_no_key_is_at_hand() {
        let [new, old, revoked] = [0; 3].map(|_| key(Algorithm::X25519));
        let fresh = sealed_secret(&[("a", seal(b"one", &[&new]))]);
        let unopenable = sealed_secret(&[("a", seal(b"one", &[&revoked]))]);
        let keys = test_keys(&[&new, &old], &[&revoked]);
        for sealed in [fresh, unopenable] {
            assert_eq!(renewal(&sealed, &keys), None);
            assert!(is_current(&sealed, &keys));
            assert_eq!(obstacle(&sealed, &keys), None);
        }
    }

    #[test]
    fn an_object_without_room_for_its_renewal_gets_none() {
        let [new, old] = [0; 2].map(|_| key(Algorithm::X25519));
        let keys = test_keys(&[&new, &old], &[]);
        for (len, obstacle) in [(400_000, None), (600_000, Some(Obstacle::NoRoom))] {
            let sealed = sealed_secret(&[("large", seal(&vec![b'x'; len], &[&old]))]);
            assert_eq!(super::obstacle(&sealed, &keys), obstacle, "{len}");
            assert_eq!(renewal(&sealed, &keys).is_none(), obstacle.is_some());
            assert_eq!(is_current(&sealed, &keys), obstacle.is_some());
        }
    }

    /// Items with the longest names that Kubernetes has, sealed to a key of which the renewal is longest.
    #[test]
    fn an_object_with_room_for_its_renewal_stays_below_what_the_api_server_stores() {
        const STORED: usize = 1_536 * 1024;
        let new = key(Algorithm::MlKem768X25519);
        let old = key(Algorithm::X25519);
        let keys = test_keys(&[&new, &old], &[]);
        let value = seal(b"value", &[&old]);
        let name = |number: usize| format!("{number:0253}");
        let mut largest = 0;
        for count in (200..400).step_by(20) {
            let mut sealed = SealedSecret::default();
            sealed.spec.encrypted_data = (0..count)
                .map(|number| (name(number), value.clone()))
                .collect();
            let Some(renewal) = renewal(&sealed, &keys) else {
                continue;
            };
            put(&mut sealed, Some(renewal));
            let fields: BTreeMap<String, BTreeMap<(), ()>> = (0..count)
                .map(|n| (format!("f:{}", name(n)), BTreeMap::new()))
                .collect();
            largest = largest.max(json_len(&sealed) + OWNERS * json_len(&fields));
        }
        let rest = 16 * 1024;
        // Values differ in length by what age adds at random, and the counts are steps.
        assert!(
            largest > STORED / 3 * 2,
            "{largest}: the limit was not come near"
        );
        assert!(largest + rest < STORED, "{largest}");
    }

    #[test]
    fn a_post_quantum_primary_cannot_join_classic_keys_of_others() {
        let new = key(Algorithm::MlKem768X25519);
        let [old, foreign] = [0; 2].map(|_| key(Algorithm::X25519));
        let keys = test_keys(&[&new, &old], &[]);
        let mut sealed = sealed_secret(&[
            ("alone", seal(b"one", &[&old])),
            ("shared", seal(b"two", &[&old, &foreign])),
        ]);
        assert_eq!(obstacle(&sealed, &keys), Some(Obstacle::OtherClass));
        let renewed = renewal(&sealed, &keys);
        assert_eq!(
            renewed
                .as_ref()
                .unwrap()
                .encrypted_data
                .keys()
                .collect::<Vec<_>>(),
            ["alone"]
        );
        put(&mut sealed, renewed);
        assert!(is_current(&sealed, &keys));
    }
}
