//! What the files hold.

use std::path::Path;
use std::time::SystemTime;

use waxwing_api::{AnySealedSecret, SealedKind};
use waxwing_crypto::{KeyId, SealedValue};
use waxwing_manifest::{Location, Object, Problem, read_sealed_secret};

use super::live::{Clusters, Live};
use super::pins::Pins;
use super::standing::Standing;
use crate::config::{Config, Configs};
use crate::diagnostic::Failure;
use crate::sealed_files::SealedFile;

/// A SealedSecret, and where it stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) location: Location,
    pub(super) kind: SealedKind,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// The clusters that it is for: by the rule for its file, else by its keys.
    pub(super) clusters: Vec<String>,
    pub(super) standing: Standing,
    /// In the order of their names.
    pub(super) items: Vec<Item>,
    /// What the clusters have of it, if they are asked and it could be read.
    pub(super) live: Option<Live>,
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
    /// Namespace and name; of a ClusterSealedSecret `*/NAME`.
    pub(super) fn full_name(&self) -> String {
        match (self.kind, &self.namespace) {
            (SealedKind::ClusterSealedSecret, _) => format!("*/{}", self.name),
            (SealedKind::SealedSecret, Some(namespace)) => format!("{namespace}/{}", self.name),
            (SealedKind::SealedSecret, None) => self.name.clone(),
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
    /// The clusters that are to be asked, if any.
    pub(super) clusters: Option<&'a Clusters>,
}

/// What a file holds, and what is wrong with it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) failure: Failure,
}

/// What `.waxwing.yaml` says of a file.
struct View<'a> {
    config: Option<&'a Config>,
    pins: Pins,
}

impl Survey<'_> {
    pub(super) fn file(&self, path: &Path) -> Found {
        let mut found = Found::default();
        match SealedFile::read(path) {
            Ok(Some(file)) => {
                let view = self.view(path);
                for object in file.sealed_secrets() {
                    let entry = self.entry(&object, &view, &mut found.failure);
                    found.entries.push(entry);
                }
            }
            Ok(None) => {}
            Err(failure) => found.failure = failure,
        }
        found
    }

    fn view(&self, path: &Path) -> View<'_> {
        match self.configs.of_file(path) {
            Some((config, place)) => View {
                config: Some(config),
                pins: Pins::for_file(config, &place),
            },
            None => View {
                config: None,
                pins: Pins::default(),
            },
        }
    }

    fn entry(&self, object: &Object<'_>, view: &View<'_>, failure: &mut Failure) -> Entry {
        let kind = object.sealed_kind().unwrap_or(SealedKind::SealedSecret);
        let namespace = match kind {
            SealedKind::SealedSecret => object.namespace().or(self.namespace),
            SealedKind::ClusterSealedSecret => None,
        };
        let entry = Entry {
            location: object.location(),
            kind,
            namespace: namespace.map(str::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
            clusters: Vec::new(),
            standing: Standing::BROKEN,
            items: Vec::new(),
            live: None,
        };
        let sealed = match read_sealed_secret(object) {
            Ok(sealed) => sealed,
            Err(errors) => {
                failure.add(errors);
                return entry;
            }
        };
        let Some(items) = items(object, &sealed, failure) else {
            return entry;
        };
        let keys = || items.iter().map(|item| item.keys.as_slice());
        let clusters = view.pins.clusters_of(keys());
        let standing = Standing::of(keys(), &view.pins.wanted(&clusters), view.pins.all());
        let live = self
            .clusters
            .map(|asked| asked.about(sealed, view.config, &clusters));
        Entry {
            clusters,
            standing,
            items,
            live,
            ..entry
        }
    }
}

/// The sealed values, or none if one of them is broken.
fn items(
    object: &Object<'_>,
    sealed: &AnySealedSecret,
    failure: &mut Failure,
) -> Option<Vec<Item>> {
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
