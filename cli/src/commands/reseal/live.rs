//! What the cluster says: its keys, and the SealedSecrets whose values are stale in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kube::Api;
use kube::api::ListParams;
use waxwing_api::SealedSecret;
use waxwing_crypto::KeyId;

use super::judge::{Judge, Key, Live, Standing};
use crate::cluster::{ClusterArgs, ClusterError, Connection, Permission};
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::sealed_files::{read, sealed_secrets};

const SEALED_SECRETS: &str = "sealedsecrets.waxwing.dev";

/// Up to this many SealedSecrets of one namespace are asked for one by one.
const FEW: usize = 5;

/// How many are listed at once.
const PAGE: u32 = 200;

pub(super) fn judge(
    cluster: &ClusterArgs,
    files: &[PathBuf],
    namespace: &FallbackNamespace<'_>,
    check: bool,
) -> Result<Judge, Failure> {
    let primary = cluster.primary_recipient()?.key_id();
    let connection = cluster.connect()?;
    let keys = cluster.sealing_keys(&connection)?;
    let keys: BTreeSet<KeyId> = keys
        .iter()
        .filter_map(|key| key.metadata.name.as_ref()?.parse().ok())
        .collect();
    let mut live = Live {
        primary,
        keys,
        objects: BTreeMap::new(),
    };
    if !check {
        let wanted = wanted(&live, files, namespace)?;
        live.objects = fetch(&connection, wanted)?;
    }
    Ok(Judge::Live(live))
}

/// The SealedSecrets with a value that is not current, by namespace.
fn wanted(
    live: &Live,
    files: &[PathBuf],
    namespace: &FallbackNamespace<'_>,
) -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files {
        // What cannot be read is told when the file's turn comes.
        let Ok(documents) = read(path) else {
            continue;
        };
        for object in sealed_secrets(&documents) {
            let is_wanted = waxwing_manifest::sealed_items(&object).is_ok_and(|items| {
                items
                    .iter()
                    .any(|item| live.standing(item.value.header()) != Standing::Current)
            });
            let Some(name) = object.name().filter(|_| is_wanted) else {
                continue;
            };
            let namespace = match object.namespace() {
                Some(namespace) => Some(namespace),
                None => namespace.get()?,
            };
            if let Some(namespace) = namespace {
                wanted
                    .entry(namespace.to_owned())
                    .or_default()
                    .insert(name.to_owned());
            }
        }
    }
    Ok(wanted)
}

fn fetch(
    connection: &Connection,
    wanted: BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeMap<Key, SealedSecret>, ClusterError> {
    let mut objects = BTreeMap::new();
    for (namespace, names) in wanted {
        let api = Api::namespaced(connection.client(), &namespace);
        let found = if names.len() <= FEW {
            get(connection, &api, &namespace, &names)?
        } else {
            list(connection, &api, &namespace, &names)?
        };
        objects.extend(
            found
                .into_iter()
                .map(|(name, object)| ((namespace.clone(), name), object)),
        );
    }
    Ok(objects)
}

fn permission(verb: &'static str, namespace: &str) -> Permission {
    Permission {
        verb,
        resource: SEALED_SECRETS,
        namespace: namespace.to_owned(),
    }
}

fn get(
    connection: &Connection,
    api: &Api<SealedSecret>,
    namespace: &str,
    names: &BTreeSet<String>,
) -> Result<Vec<(String, SealedSecret)>, ClusterError> {
    let mut found = Vec::new();
    for name in names {
        if let Some(object) = connection.ask(permission("get", namespace), api.get_opt(name))? {
            found.push((name.clone(), object));
        }
    }
    Ok(found)
}

fn list(
    connection: &Connection,
    api: &Api<SealedSecret>,
    namespace: &str,
    names: &BTreeSet<String>,
) -> Result<Vec<(String, SealedSecret)>, ClusterError> {
    let mut found = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let answer = connection.ask(permission("list", namespace), api.list(&page))?;
        let named = answer
            .items
            .into_iter()
            .filter_map(|object| Some((object.metadata.name.clone()?, object)));
        found.extend(named.filter(|(name, _)| names.contains(name)));
        match answer.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(found),
        }
    }
}
