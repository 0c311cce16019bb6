//! Any sequence of edits of any stream changes what was asked, and nothing else.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use waxwing_manifest::edit::{Change, apply};
use waxwing_manifest::{Document, ManifestError, Object, read, read_sealed_secret};

use crate::common::{documents, sealed_objects};
use crate::streams::any_stream;

/// Something to do to one of the items.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index),
    SetNew,
    Unset(Index),
    Rename(Index),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => any::<Index>().prop_map(Edit::Set),
        2 => Just(Edit::SetNew),
        2 => any::<Index>().prop_map(Edit::Unset),
        2 => any::<Index>().prop_map(Edit::Rename),
    ]
}

/// An edit with its names and values.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Replace { item: String, value: String },
    Insert { item: String, value: String },
    Remove { item: String },
    Rename { item: String, to: String },
}

impl Step {
    /// `items` are those that are there.
    fn of(edit: &Edit, items: &[String], number: usize) -> Self {
        let value = format!("YWdl{number:04}NEW/+");
        let name = format!("n{number:04}");
        let item = |index: &Index| (!items.is_empty()).then(|| index.get(items).clone());
        match edit {
            Edit::Set(index) => match item(index) {
                Some(item) => Self::Replace { item, value },
                None => Self::Insert { item: name, value },
            },
            Edit::SetNew => Self::Insert { item: name, value },
            Edit::Unset(index) => match item(index) {
                Some(item) => Self::Remove { item },
                None => Self::Insert { item: name, value },
            },
            Edit::Rename(index) => match item(index) {
                Some(item) => Self::Rename { item, to: name },
                None => Self::Insert { item: name, value },
            },
        }
    }

    fn item(&self) -> &str {
        match self {
            Self::Replace { item, .. }
            | Self::Insert { item, .. }
            | Self::Remove { item }
            | Self::Rename { item, .. } => item,
        }
    }

    fn change<'a>(&self, object: Object<'a>) -> Result<Change<'a>, ManifestError> {
        match self {
            Self::Replace { item, value } => Change::replace_item(object, item, value),
            Self::Insert { item, value } => Change::insert_item(object, item, value),
            Self::Remove { item } => Change::remove_item(object, item),
            Self::Rename { item, to } => Change::rename_item(object, item, to),
        }
    }

    /// The same in a tree of another reader.
    fn apply(&self, items: &mut Mapping) {
        match self {
            Self::Replace { item, value } | Self::Insert { item, value } => {
                items.insert(item.as_str().into(), value.as_str().into());
            }
            Self::Remove { item } => {
                items.shift_remove(item.as_str());
            }
            Self::Rename { item, to } => {
                let renamed = items.iter().map(|(key, value)| {
                    let is_it = key.as_str() == Some(item);
                    let key = if is_it {
                        to.as_str().into()
                    } else {
                        key.clone()
                    };
                    (key, value.clone())
                });
                *items = renamed.collect();
            }
        }
    }

    /// What became of the text, as far as it can be told without knowing how it is written.
    fn check_text(&self, old: &str, new: &str, had_items: bool) {
        match self {
            Self::Replace { value, .. } => {
                // The new value stands where another one stood.
                let at = new.find(value.as_str()).unwrap();
                let after = &new[at + value.len()..];
                assert!(old.starts_with(&new[..at]) && old.ends_with(after));
            }
            Self::Rename { item, to } => assert_eq!(new, old.replacen(item.as_str(), to, 1)),
            Self::Insert { .. } if had_items => assert!(is_subsequence(old, new)),
            Self::Insert { item, .. } => assert_eq!(
                lines_without(new, item).len(),
                lines_without(old, item).len()
            ),
            Self::Remove { .. } => {
                assert!(is_subsequence(&new.replace(" {}", ""), old));
                assert_eq!(kept_comments(old), kept_comments(new));
            }
        }
    }
}

fn is_subsequence(short: &str, long: &str) -> bool {
    let mut long = long.bytes();
    short.bytes().all(|byte| long.any(|other| other == byte))
}

/// The lines in which neither an item nor the mapping around it stands.
fn lines_without<'a>(text: &'a str, item: &str) -> Vec<&'a str> {
    let is_other = |line: &&str| !line.contains(item) && !line.contains("encryptedData");
    text.lines().filter(is_other).collect()
}

/// The numbered comments that stand for themselves.
fn kept_comments(text: &str) -> BTreeSet<&str> {
    let marks = text.match_indices('c');
    let marks = marks.filter_map(|(at, _)| text.get(at..at + 5));
    marks
        .filter(|mark| mark[1..].bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

/// The documents as another reader sees them.
fn trees(text: &str) -> Vec<Value> {
    let text = text.trim_start_matches('\u{feff}');
    let json = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Ok(values) = json.collect() {
        return values;
    }
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// The SealedSecrets in a tree, in order.
fn sealed_in<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value.get("kind").and_then(Value::as_str) {
        Some("SealedSecret") => found.push(value),
        Some("List") => {
            let items = value.get_mut("items").and_then(Value::as_sequence_mut);
            for item in items.into_iter().flatten() {
                sealed_in(item, found);
            }
        }
        _ => {}
    }
}

/// The items of a SealedSecret in a tree, made if there are none.
fn items_of(sealed: &mut Value) -> &mut Mapping {
    for field in ["spec", "encryptedData"] {
        if sealed.get("spec").is_none_or(Value::is_null) || field == "encryptedData" {
            let parent = if field == "spec" {
                &mut *sealed
            } else {
                &mut sealed["spec"]
            };
            if parent.get(field).is_none_or(Value::is_null) {
                parent[field] = Mapping::new().into();
            }
        }
    }
    sealed["spec"]["encryptedData"].as_mapping_mut().unwrap()
}

/// The names of the items of a SealedSecret, those of merge keys too.
fn names(object: &Object<'_>, tree: &mut Value) -> Vec<String> {
    if let Ok(sealed) = read_sealed_secret(object) {
        return sealed.spec.encrypted_data.into_keys().collect();
    }
    let keys = items_of(tree).keys().filter_map(Value::as_str);
    keys.filter(|key| *key != "<<").map(str::to_owned).collect()
}

/// Does some edits of one SealedSecret at once, and checks what came of it. None, if it was refused.
fn edited(text: &str, object: Index, edits: &[Edit], number: usize) -> Option<String> {
    let documents = documents(text);
    let objects = sealed_objects(&documents);
    let at = object.index(objects.len());
    let mut expected = trees(text);
    let mut found = Vec::new();
    expected
        .iter_mut()
        .for_each(|tree| sealed_in(tree, &mut found));
    assert_eq!(found.len(), objects.len());
    let names = names(&objects[at], &mut found[at].clone());
    let mut steps: Vec<Step> = Vec::new();
    for (offset, edit) in edits.iter().enumerate() {
        let step = Step::of(edit, &names, number * 10 + offset);
        if steps.iter().all(|other| other.item() != step.item()) {
            steps.push(step);
        }
    }
    let new = changed(&documents, objects[at], &steps).ok()?;
    if let [step] = &steps[..] {
        step.check_text(text, &new, !names.is_empty());
    }
    let is_insertion = |step: &&Step| matches!(step, Step::Insert { .. });
    let items = items_of(found[at]);
    steps
        .iter()
        .filter(|step| !is_insertion(step))
        .for_each(|step| step.apply(items));
    steps
        .iter()
        .filter(is_insertion)
        .for_each(|step| step.apply(items));
    // Unlike its comparison, the text of a tree keeps the order.
    assert_eq!(
        format!("{:#?}", trees(&new)),
        format!("{expected:#?}"),
        "{text:?} {steps:?} {new:?}"
    );
    Some(new)
}

fn changed(
    documents: &[Document],
    object: Object<'_>,
    steps: &[Step],
) -> Result<String, ManifestError> {
    let changes = steps.iter().map(|step| step.change(object));
    apply(documents, &changes.collect::<Result<Vec<_>, _>>()?)
}

#[test]
fn any_sequence_of_edits_changes_what_was_asked_and_nothing_else() {
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let edits = prop::collection::vec(
        (any::<Index>(), prop::collection::vec(any_edit(), 1..4)),
        1..8,
    );
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&(any_stream(), edits), |(stream, edits)| {
            let mut text = stream;
            prop_assume!(!sealed_objects(&documents(&text)).is_empty());
            for (number, (object, edits)) in edits.iter().enumerate() {
                match edited(&text, *object, edits, number) {
                    Some(new) => {
                        accepted.set(accepted.get() + 1);
                        text = new;
                    }
                    None => refused.set(refused.get() + 1),
                }
            }
            Ok(())
        })
        .unwrap();
    let (accepted, refused): (usize, usize) = (accepted.get(), refused.get());
    assert!(
        accepted > 2 * refused,
        "{accepted} accepted, {refused} refused"
    );
}

proptest! {
    #[test]
    fn a_damaged_file_is_refused_or_changed_as_asked(
        text in any_stream(),
        at in any::<Index>(),
        damage in "[ -~\n\t\u{e9}]{0,3}",
        removed in 0..4usize,
        edit in any_edit(),
    ) {
        let damaged = damaged(&text, at.index(text.len() + 1), removed, &damage);
        let Ok(documents) = read("input.yaml", &damaged) else { return Ok(()) };
        for (number, object) in sealed_objects(&documents).into_iter().enumerate() {
            let Ok(before) = read_sealed_secret(&object) else { continue };
            let mut expected = before.spec.encrypted_data;
            let names: Vec<String> = expected.keys().cloned().collect();
            let step = Step::of(&edit, &names, 0);
            let Ok(edited) = changed(&documents, object, std::slice::from_ref(&step)) else { continue };
            match step {
                Step::Replace { item, value } | Step::Insert { item, value } => {
                    expected.insert(item, value);
                }
                Step::Remove { item } => {
                    expected.remove(&item);
                }
                Step::Rename { item, to } => {
                    let value = expected.remove(&item).unwrap();
                    expected.insert(to, value);
                }
            }
            let edited = read("input.yaml", &edited).unwrap();
            let after = sealed_objects(&edited)[number];
            if !expected.is_empty() {
                prop_assert_eq!(read_sealed_secret(&after).unwrap().spec.encrypted_data, expected);
            }
        }
    }
}

/// Some characters of a text replaced by others.
fn damaged(text: &str, at: usize, removed: usize, damage: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = at.min(characters.len());
    let rest = (at + removed).min(characters.len());
    let (before, after) = (&characters[..at], &characters[rest..]);
    before
        .iter()
        .copied()
        .chain(damage.chars())
        .chain(after.iter().copied())
        .collect()
}
