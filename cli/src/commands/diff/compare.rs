//! What differs between the SealedSecrets of two files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use waxwing_api::{AnySealedSecret, SealedKind};
use waxwing_crypto::SealedValue;
use waxwing_manifest::{ManifestError, Object, read_sealed_secret, sealed_items};

/// A SealedSecret by kind, namespace and name; and, as nothing forbids a file to have it twice, which of
/// those it is, from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) kind: SealedKind,
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
        let Some(kind) = object.sealed_kind() else {
            return Ok(());
        };
        let mut id = Id {
            kind,
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
fn fields(mut sealed: AnySealedSecret) -> BTreeMap<String, Value> {
    sealed.spec.encrypted_data.clear();
    let mut tree = json!({ "metadata": sealed.metadata, "spec": sealed.spec });
    if let Some(selector) = sealed.namespace_selector {
        tree["spec"]["namespaceSelector"] = json!(selector);
    }
    let mut fields = BTreeMap::new();
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
mod tests;
