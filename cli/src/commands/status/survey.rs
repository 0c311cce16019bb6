//! What the files hold.

use std::path::Path;
use std::time::SystemTime;

use waxwing_api::SealedSecret;
use waxwing_crypto::{KeyId, SealedValue};
use waxwing_manifest::{Location, Object, Problem, read_sealed_secret};

use super::pins::Pins;
use super::standing::Standing;
use crate::config::Configs;
use crate::diagnostic::Failure;
use crate::sealed_files::{read, sealed_secrets};

/// A SealedSecret, and where it stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) location: Location,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// The clusters that it is for: by the rule for its file, else by its keys.
    pub(super) clusters: Vec<String>,
    pub(super) standing: Standing,
    /// In the order of their names.
    pub(super) items: Vec<Item>,
}

/// A sealed value.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) sealed_at: SystemTime,
    pub(super) keys: Vec<KeyId>,
}

impl Entry {
    /// Namespace and name.
    pub(super) fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// When the oldest value was sealed.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.items.iter().map(|item| item.sealed_at).min()
    }
}

/// How files are looked at.
pub(super) struct Survey<'a> {
    pub(super) configs: &'a Configs,
    /// The namespace of SealedSecrets that do not name one.
    pub(super) namespace: Option<&'a str>,
}

/// What a file holds, and what is wrong with it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) failure: Failure,
}

impl Survey<'_> {
    pub(super) fn file(&self, path: &Path) -> Found {
        let mut found = Found::default();
        match read(path) {
            Ok(documents) => {
                let pins = match self.configs.of_file(path) {
                    Some((config, place)) => Pins::for_file(config, &place),
                    None => Pins::default(),
                };
                for object in sealed_secrets(&documents) {
                    let entry = self.entry(&object, &pins, &mut found.failure);
                    found.entries.push(entry);
                }
            }
            Err(failure) => found.failure = failure,
        }
        found
    }

    fn entry(&self, object: &Object<'_>, pins: &Pins, failure: &mut Failure) -> Entry {
        let items = match read_sealed_secret(object) {
            Ok(sealed) => items(object, &sealed, failure),
            Err(errors) => {
                failure.add(errors);
                None
            }
        };
        let keys = || items.iter().flatten().map(|item| item.keys.as_slice());
        let clusters = pins.clusters_of(keys());
        let standing = match items {
            Some(_) => Standing::of(keys(), &pins.wanted(&clusters), pins.all()),
            None => Standing::BROKEN,
        };
        Entry {
            location: object.location(),
            namespace: object.namespace().or(self.namespace).map(str::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
            clusters,
            standing,
            items: items.unwrap_or_default(),
        }
    }
}

/// The sealed values, or none if one of them is broken.
fn items(object: &Object<'_>, sealed: &SealedSecret, failure: &mut Failure) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut is_whole = true;
    for (name, text) in &sealed.spec.encrypted_data {
        match SealedValue::parse(text) {
            Ok(value) => items.push(Item {
                name: name.clone(),
                line: object.line_of(&["spec", "encryptedData", name]),
                sealed_at: value.header().sealed_at,
                keys: value.header().key_ids().collect(),
            }),
            Err(error) => {
                failure.add(object.item_error(name, Problem::Malformed(error)));
                is_whole = false;
            }
        }
    }
    is_whole.then_some(items)
}
