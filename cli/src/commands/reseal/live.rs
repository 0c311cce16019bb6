//! What the cluster says: its keys, and the SealedSecrets whose values are not current in the files.

use std::collections::{BTreeMap, BTreeSet};

use kube::Api;
use kube::api::ListParams;
use waxwing_api::SealedSecret;
use waxwing_crypto::{KeyId, Recipient};
use waxwing_manifest::{Document, Object};

use super::judge::{Key, Live, Standing};
use crate::cluster::{ClusterArgs, ClusterError, Connection, Permission};
use crate::namespace::FallbackNamespace;
use crate::sealed_files::sealed_secrets;

const SEALED_SECRETS: &str = "sealedsecrets.waxwing.dev";

/// Up to this many SealedSecrets of one namespace are asked for one by one; then all at once.
const FEW: usize = 5;

/// How many are listed at once.
const PAGE: u32 = 200;

/// What a cluster says of its keys.
pub(super) struct Keys {
    pub(super) primary: Recipient,
    pub(super) all: BTreeSet<KeyId>,
}

impl Keys {
    pub(super) fn of(cluster: &ClusterArgs, connection: &Connection) -> Result<Self, ClusterError> {
        let keys = cluster.sealing_keys(connection)?;
        let ids = keys
            .iter()
            .filter_map(|key| key.metadata.name.as_ref()?.parse().ok());
        Ok(Self {
            primary: cluster.recipient_of(&keys)?,
            all: ids.collect(),
        })
    }
}

/// Asks a cluster for SealedSecrets, for each at most once.
pub(super) struct Fetcher {
    connection: Connection,
    /// By namespace.
    asked: BTreeMap<String, Asked>,
}

/// What was asked for in a namespace.
#[derive(Default)]
struct Asked {
    names: BTreeSet<String>,
    all: bool,
}

impl Fetcher {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            asked: BTreeMap::new(),
        }
    }

    /// Lets `live` know the SealedSecrets of a file that have a value that is not current.
    pub(super) fn fetch(
        &mut self,
        live: &mut Live,
        documents: &[Document],
        namespace: &FallbackNamespace<'_>,
    ) -> Result<(), ClusterError> {
        for (namespace, name) in wanted(live, documents, namespace) {
            let found = self.ask(&namespace, &name)?;
            let objects = live.objects.get_or_insert_default();
            objects.extend(
                found
                    .into_iter()
                    .map(|(name, object)| ((namespace.clone(), name), object)),
            );
        }
        Ok(())
    }

    fn ask(
        &mut self,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<(String, SealedSecret)>, ClusterError> {
        let asked = self.asked.entry(namespace.to_owned()).or_default();
        if asked.all || !asked.names.insert(name.to_owned()) {
            return Ok(Vec::new());
        }
        let api = Api::namespaced(self.connection.client(), namespace);
        if asked.names.len() <= FEW {
            get(&self.connection, &api, namespace, name)
        } else {
            asked.all = true;
            list(&self.connection, &api, namespace)
        }
    }
}

/// Namespace and name of the SealedSecrets with a value that is not current.
fn wanted(live: &Live, documents: &[Document], fallback: &FallbackNamespace<'_>) -> Vec<Key> {
    let is_wanted = |object: &Object<'_>| {
        waxwing_manifest::sealed_items(object).is_ok_and(|items| {
            items
                .iter()
                .any(|item| live.standing(item.value.header()) != Standing::Current)
        })
    };
    let key = |object: Object<'_>| {
        // What is wrong with the namespace is told when the object is judged.
        let namespace = match object.namespace() {
            Some(namespace) => Some(namespace),
            None => fallback.get().ok().flatten(),
        };
        Some((namespace?.to_owned(), object.name()?.to_owned()))
    };
    sealed_secrets(documents)
        .filter(is_wanted)
        .filter_map(key)
        .collect()
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
    name: &str,
) -> Result<Vec<(String, SealedSecret)>, ClusterError> {
    let found = connection.ask(permission("get", namespace), api.get_opt(name))?;
    Ok(found
        .into_iter()
        .map(|object| named(name, object))
        .collect())
}

fn list(
    connection: &Connection,
    api: &Api<SealedSecret>,
    namespace: &str,
) -> Result<Vec<(String, SealedSecret)>, ClusterError> {
    let mut found = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let answer = connection.ask(permission("list", namespace), api.list(&page))?;
        found.extend(answer.items.into_iter().filter_map(|object| {
            let name = object.metadata.name.clone()?;
            Some(named(&name, object))
        }));
        match answer.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(found),
        }
    }
}

/// Without what nobody asks for, as there may be thousands.
fn named(name: &str, mut object: SealedSecret) -> (String, SealedSecret) {
    object.metadata.managed_fields = None;
    (name.to_owned(), object)
}
