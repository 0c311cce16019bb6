//! SealedSecrets and ClusterSealedSecrets as they are in a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use kube::api::ListParams;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use waxwing_api::{AnySealedSecret, ClusterSealedSecret, SealedKind, SealedSecret};

use super::{ClusterError, Connection, Permission};

/// The resources, as RBAC and kubectl call them.
const SEALED_SECRETS: &str = "sealedsecrets.waxwing.dev";
const CLUSTER_SEALED_SECRETS: &str = "clustersealedsecrets.waxwing.dev";

/// Up to this many objects of one namespace, and as many ClusterSealedSecrets, are asked for one by one;
/// then all at once.
const FEW: usize = 5;

/// How many are listed at once.
const PAGE: u32 = 200;

/// Which object of a cluster is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    /// None: a ClusterSealedSecret.
    namespace: Option<String>,
    name: String,
}

impl Address {
    /// None, for a SealedSecret of which nobody knows the namespace.
    pub(crate) fn of(kind: SealedKind, namespace: Option<&str>, name: &str) -> Option<Self> {
        let namespace = match kind {
            SealedKind::SealedSecret => Some(namespace?.to_owned()),
            SealedKind::ClusterSealedSecret => None,
        };
        Some(Self {
            namespace,
            name: name.to_owned(),
        })
    }
}

/// Asks a cluster for SealedSecrets and ClusterSealedSecrets, for each at most once.
pub(crate) struct Fetcher {
    connection: Connection,
    /// By namespace; under none, the ClusterSealedSecrets.
    asked: BTreeMap<Option<String>, Asked>,
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

    /// What has to be asked for, so that this object is known. Nothing, if it was asked for already.
    pub(crate) fn fetch(
        &mut self,
        wanted: &Address,
    ) -> Result<Vec<(Address, AnySealedSecret)>, ClusterError> {
        let asked = self.asked.entry(wanted.namespace.clone()).or_default();
        if asked.all || !asked.names.insert(wanted.name.clone()) {
            return Ok(Vec::new());
        }
        asked.all = asked.names.len() > FEW;
        let only = (!asked.all).then_some(wanted.name.as_str());
        let client = self.connection.client();
        match &wanted.namespace {
            Some(namespace) => {
                let api: Api<SealedSecret> = Api::namespaced(client, namespace);
                self.ask(&api, only, SEALED_SECRETS, Some(namespace))
            }
            None => {
                let api: Api<ClusterSealedSecret> = Api::all(client);
                self.ask(&api, only, CLUSTER_SEALED_SECRETS, None)
            }
        }
    }

    /// Asks for the object of one name, or for all of them.
    fn ask<K>(
        &self,
        api: &Api<K>,
        only: Option<&str>,
        resource: &'static str,
        namespace: Option<&str>,
    ) -> Result<Vec<(Address, AnySealedSecret)>, ClusterError>
    where
        K: Resource + Clone + Debug + DeserializeOwned + Into<AnySealedSecret>,
    {
        let permission = |verb| Permission {
            verb,
            resource,
            namespace: namespace.map(str::to_owned),
        };
        let found: Vec<AnySealedSecret> = match only {
            Some(name) => {
                let found = self.connection.ask(permission("get"), api.get_opt(name))?;
                found.into_iter().map(stripped).collect()
            }
            None => self.list(api, &permission("list"))?,
        };
        let addressed = found.into_iter().filter_map(|object| {
            let name = object.metadata.name.as_deref()?;
            Some((Address::of(object.kind(), namespace, name)?, object))
        });
        Ok(addressed.collect())
    }

    fn list<K>(
        &self,
        api: &Api<K>,
        permission: &Permission,
    ) -> Result<Vec<AnySealedSecret>, ClusterError>
    where
        K: Clone + Debug + DeserializeOwned + Into<AnySealedSecret>,
    {
        let mut found = Vec::new();
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let answer = self.connection.ask(permission.clone(), api.list(&page))?;
            found.extend(answer.items.into_iter().map(stripped));
            match answer.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(found),
            }
        }
    }
}

/// Without what nobody asks for, as there may be thousands.
fn stripped(object: impl Into<AnySealedSecret>) -> AnySealedSecret {
    let mut object = object.into();
    object.metadata.managed_fields = None;
    object
}
