//! What differs between the SealedSecrets of two files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use waxwing_api::SealedSecret;
use waxwing_crypto::SealedValue;
use waxwing_manifest::{ManifestError, Object, read_sealed_secret, sealed_items};

/// A SealedSecret by namespace and name; and, as nothing forbids a file to have it twice, which of
/// those it is, from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    nth: usize,
}

/// What is compared of a SealedSecret.
#[derive(Debug, Default)]
pub(super) struct Content {
    items: BTreeMap<String, SealedValue>,
    /// Everything else, by the path to it.
    fields: BTreeMap<String, Value>,
}

/// The SealedSecrets of a file.
#[derive(Debug, Default)]
pub(super) struct Side {
    contents: BTreeMap<Id, Content>,
    /// Those that could not be read.
    broken: BTreeSet<Id>,
}

impl Content {
    fn read(object: &Object<'_>) -> Result<Self, Vec<ManifestError>> {
        let sealed = read_sealed_secret(object)?;
        let items = sealed_items(object)?.into_iter();
        Ok(Self {
            items: items.map(|item| (item.name, item.value)).collect(),
            fields: fields(sealed),
        })
    }
}

impl Side {
    /// Adds a SealedSecret, even if it cannot be read.
    pub(super) fn add(&mut self, object: &Object<'_>) -> Result<(), Vec<ManifestError>> {
        let mut id = Id {
            namespace: object.namespace().map(str::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
            nth: 0,
        };
        while self.contents.contains_key(&id) || self.broken.contains(&id) {
            id.nth += 1;
        }
        match Content::read(object) {
            Ok(content) => drop(self.contents.insert(id, content)),
            Err(errors) => {
                self.broken.insert(id);
                return Err(errors);
            }
        }
        Ok(())
    }
}

/// Everything but the sealed values, by the path to it.
fn fields(mut sealed: SealedSecret) -> BTreeMap<String, Value> {
    sealed.spec.encrypted_data.clear();
    let mut fields = BTreeMap::new();
    let tree = serde_json::to_value(sealed).expect("a manifest is strings and booleans only");
    flatten("", tree, &mut fields);
    fields
}

fn flatten(path: &str, value: Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                flatten(&step(path, &key), value, fields);
            }
        }
        leaf => drop(fields.insert(path.to_owned(), leaf)),
    }
}

/// The path to an entry, in kubectl's words.
fn step(path: &str, key: &str) -> String {
    if key.contains('.') {
        format!("{path}[\"{key}\"]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// A SealedSecret that is not the same on both sides.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) id: Id,
    pub(super) change: Change,
    pub(super) items: Vec<ItemDifference>,
    pub(super) fields: Vec<FieldDifference>,
}

/// An item that is not the same on both sides.
#[derive(Debug)]
pub(super) struct ItemDifference {
    pub(super) name: String,
    pub(super) change: ItemChange,
    pub(super) old: Option<SealedValue>,
    pub(super) new: Option<SealedValue>,
}

/// Another part of a SealedSecret that is not the same on both sides.
#[derive(Debug, Serialize)]
pub(super) struct FieldDifference {
    /// Such as `metadata.labels.app`.
    pub(super) path: String,
    pub(super) change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Change {
    Added,
    Removed,
    Changed,
}

/// What became of a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ItemChange {
    Added,
    Removed,
    /// It was sealed anew, so it may be another value.
    Changed,
    /// The same value for other keys.
    Resealed,
    /// The same ciphertext under another scope or time of sealing, as nothing of Waxwing makes it.
    Relabelled,
}

/// Everything that differs, in the order of namespaces and names. Of what could not be read on one
/// side nothing is known.
pub(super) fn compare(mut old: Side, mut new: Side) -> Vec<Difference> {
    let ids: BTreeSet<Id> = old
        .contents
        .keys()
        .chain(new.contents.keys())
        .cloned()
        .collect();
    ids.into_iter()
        .filter(|id| !old.broken.contains(id) && !new.broken.contains(id))
        .filter_map(|id| {
            let contents = (old.contents.remove(&id), new.contents.remove(&id));
            Difference::of(id, contents)
        })
        .collect()
}

impl Difference {
    fn of(id: Id, contents: (Option<Content>, Option<Content>)) -> Option<Self> {
        let (change, fields, old, new) = match contents {
            (Some(old), Some(new)) => {
                let fields = field_differences(&old.fields, &new.fields);
                (Change::Changed, fields, old.items, new.items)
            }
            (Some(old), None) => (Change::Removed, Vec::new(), old.items, BTreeMap::new()),
            (None, Some(new)) => (Change::Added, Vec::new(), BTreeMap::new(), new.items),
            (None, None) => return None,
        };
        let difference = Self {
            id,
            change,
            items: item_differences(old, new),
            fields,
        };
        let differs = change != Change::Changed
            || !difference.items.is_empty()
            || !difference.fields.is_empty();
        differs.then_some(difference)
    }
}

fn item_differences(
    mut old: BTreeMap<String, SealedValue>,
    mut new: BTreeMap<String, SealedValue>,
) -> Vec<ItemDifference> {
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (old, new) = (old.remove(&name), new.remove(&name));
            let change = item_change(old.as_ref(), new.as_ref())?;
            Some(ItemDifference {
                name,
                change,
                old,
                new,
            })
        })
        .collect()
}

fn item_change(old: Option<&SealedValue>, new: Option<&SealedValue>) -> Option<ItemChange> {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return Some(ItemChange::Removed),
        (None, Some(_)) => return Some(ItemChange::Added),
        (None, None) => return None,
    };
    let label = |value: &SealedValue| (value.header().scope.clone(), value.header().sealed_at);
    match () {
        () if old == new => None,
        () if old.payload() != new.payload() => Some(ItemChange::Changed),
        () if label(old) == label(new) => Some(ItemChange::Resealed),
        () => Some(ItemChange::Relabelled),
    }
}

fn field_differences(
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
) -> Vec<FieldDifference> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let change = match (old.get(path), new.get(path)) {
                (Some(old), Some(new)) if old == new => return None,
                (Some(_), Some(_)) => Change::Changed,
                (Some(_), None) => Change::Removed,
                (None, _) => Change::Added,
            };
            Some(FieldDifference {
                path: path.clone(),
                change,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::{Duration, SystemTime};

    use waxwing_crypto::{Algorithm, Identity, KeyRing, Recipient, Scope};
    use waxwing_manifest::read;

    use super::*;

    const TIME: SystemTime = SystemTime::UNIX_EPOCH;

    fn identity() -> Identity {
        Identity::generate(Algorithm::X25519)
    }

    fn seal(recipient: &Recipient, scope: &Scope, time: SystemTime) -> SealedValue {
        SealedValue::seal(b"value", scope, std::slice::from_ref(recipient), time).unwrap()
    }

    #[test]
    fn a_value_is_changed_when_it_was_sealed_anew_and_resealed_when_only_its_keys_are_others() {
        let (first, second) = (identity(), identity());
        let [one, two] = [&first, &second].map(|identity| identity.recipient().clone());
        let value = seal(&one, &Scope::Cluster, TIME);
        let ring: KeyRing = [first].into_iter().collect();
        let resealed = value.rewrap(&ring, &two).unwrap();
        let granted = value
            .change_recipients(&ring, std::slice::from_ref(&two), &[])
            .unwrap();
        let same_keys = value.rewrap(&ring, &one).unwrap();
        // As whoever can open a value could make it: the header of one over the payload of another.
        let later = seal(&one, &Scope::Cluster, TIME + Duration::from_secs(1));
        let header = &later.as_bytes()[..later.header().header_len];
        let relabelled = SealedValue::from_bytes([header, value.payload()].concat()).unwrap();
        let anew = seal(&one, &Scope::Cluster, TIME);

        let cases = [
            ("the same", Some(&value), None),
            ("sealed anew", Some(&anew), Some(ItemChange::Changed)),
            ("another key", Some(&resealed), Some(ItemChange::Resealed)),
            ("a further key", Some(&granted), Some(ItemChange::Resealed)),
            (
                "the same key anew",
                Some(&same_keys),
                Some(ItemChange::Resealed),
            ),
            (
                "another header",
                Some(&relabelled),
                Some(ItemChange::Relabelled),
            ),
            ("gone", None, Some(ItemChange::Removed)),
        ];
        for (name, new, expected) in cases {
            assert_eq!(item_change(Some(&value), new), expected, "{name}");
        }
        assert_eq!(item_change(None, Some(&value)), Some(ItemChange::Added));
    }

    fn side(text: &str) -> Side {
        let mut side = Side::default();
        for document in &read("test", text).unwrap() {
            for object in document.objects() {
                // What is broken is noted in the side.
                let _ = side.add(&object);
            }
        }
        side
    }

    /// The SealedSecret `shop/db` with one item, and these fields in its metadata and its spec.
    fn manifest(value: &str, metadata: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\n\
             metadata: {{name: db, namespace: shop, {metadata}}}\n\
             spec: {{encryptedData: {{a: {value}}}, {spec}}}\n"
        )
    }

    fn value() -> String {
        seal(identity().recipient(), &Scope::Cluster, TIME).to_base64()
    }

    #[test]
    fn everything_but_the_values_is_compared_by_its_path() {
        use Change::{Added, Changed, Removed};
        type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, Change)]);
        let cases: &[Case<'_>] = &[
            ("", "", "", "deletionPolicy: Delete", &[]),
            (
                "",
                "",
                "",
                "deletionPolicy: Retain",
                &[("spec.deletionPolicy", Changed)],
            ),
            (
                "labels: {app.io/name: a, b: c}",
                "",
                "labels: {app.io/name: x}",
                "",
                &[
                    ("metadata.labels.b", Removed),
                    ("metadata.labels[\"app.io/name\"]", Changed),
                ],
            ),
            (
                "",
                "template: {type: a.io/b}",
                "",
                "template: {immutable: true, data: {url: x}}",
                &[
                    ("spec.template.data.url", Added),
                    ("spec.template.immutable", Added),
                    ("spec.template.type", Removed),
                ],
            ),
        ];
        let value = value();
        for &(old_metadata, old_spec, new_metadata, new_spec, expected) in cases {
            let old = manifest(&value, old_metadata, old_spec);
            let new = manifest(&value, new_metadata, new_spec);
            let found = compare(side(&old), side(&new));
            let found: Vec<(&str, Change)> = found
                .iter()
                .flat_map(|difference| &difference.fields)
                .map(|field| (field.path.as_str(), field.change))
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn sealed_secrets_are_paired_by_name_and_nothing_is_said_of_broken_ones() {
        let one = manifest(&value(), "", "");
        let other = one.replace("name: db", "name: other");
        let twice = format!("{one}{}", manifest(&value(), "", ""));
        let broken = manifest("AAAA", "", "");
        let cases = [
            (
                "the same in another order",
                format!("{one}{other}"),
                format!("{other}{one}"),
                vec![],
            ),
            (
                "renamed",
                one.clone(),
                other,
                vec![Change::Removed, Change::Added],
            ),
            (
                "another one of the name",
                one.clone(),
                twice.clone(),
                vec![Change::Added],
            ),
            (
                "the first one goes",
                twice,
                manifest(&value(), "", ""),
                vec![Change::Changed, Change::Removed],
            ),
            ("broken", one.clone(), broken.clone(), vec![]),
            ("broken and gone", broken, String::new(), vec![]),
        ];
        for (name, old, new, expected) in cases {
            let found = compare(side(&old), side(&new));
            let found: Vec<Change> = found.iter().map(|difference| difference.change).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
