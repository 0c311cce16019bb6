//! One word for the versions of all Secrets of an object.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::selection::Selection;
use crate::object_key::ObjectKey;
use crate::secrets::Secrets;

/// Says whether anything is to be done: it changes with every Secret that changes, comes or goes, with
/// every namespace that is selected or is not any more, and with every Secret that is left over.
///
/// `known` goes before what was heard of the Secrets, which may be a moment old.
pub(super) fn of(
    name: &str,
    selection: &Selection,
    secrets: &Secrets,
    known: &BTreeMap<Box<str>, Box<str>>,
) -> Box<str> {
    let mut digest = Sha256::new();
    let mut add = |word: &str, namespace: &str, version: &str| {
        for part in [word, namespace, version] {
            digest.update(part);
            digest.update([0]);
        }
    };
    for namespace in &selection.wanted {
        let heard = || secrets.version(&ObjectKey::new(namespace, name));
        let version = known.get(namespace).cloned().or_else(heard);
        add("secret", namespace, version.as_deref().unwrap_or_default());
    }
    for namespace in left_over(name, selection, secrets) {
        add("left over", namespace, "");
    }
    let hex = digest.finalize();
    let hex: String = hex.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.into()
}

/// The namespaces in which a Secret must go.
pub(super) fn left_over<'a>(
    name: &str,
    selection: &'a Selection,
    secrets: &Secrets,
) -> Vec<&'a str> {
    let namespaces = selection.unwanted.iter().chain(&selection.protected);
    namespaces
        .map(AsRef::as_ref)
        .filter(|namespace| secrets.is_cluster_wide(&ObjectKey::new(namespace, name)))
        .collect()
}
