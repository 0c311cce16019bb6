//! SealedSecrets as they are in a cluster.

use std::collections::{BTreeMap, BTreeSet};

use kube::Api;
use kube::api::ListParams;
use waxwing_api::SealedSecret;

use super::{ClusterError, Connection, Permission};

/// The resource of SealedSecrets, as RBAC and kubectl call it.
const SEALED_SECRETS: &str = "sealedsecrets.waxwing.dev";

/// Up to this many SealedSecrets of one namespace are asked for one by one; then all at once.
const FEW: usize = 5;

/// How many are listed at once.
const PAGE: u32 = 200;

/// Asks a cluster for SealedSecrets, for each at most once.
pub(crate) struct Fetcher {
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
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            asked: BTreeMap::new(),
        }
    }

    /// What has to be asked for, so that this SealedSecret is known; by their names. Nothing, if it was
    /// asked for already.
    pub(crate) fn fetch(
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
