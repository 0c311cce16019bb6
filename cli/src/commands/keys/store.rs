//! Both halves of a cluster's sealing keys, as its API server has them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use waxwing_api::key_secret::{identities, key_secret};
use waxwing_api::names::KEY_SECRET_TYPE;
use waxwing_api::{KeyState, SealingKey};
use waxwing_crypto::{Identity, KeyId, KeyRing};

use crate::cluster::{ClusterArgs, ClusterError, Connection, Permission, SEALING_KEYS};

/// Under which name the API server notes what this program wrote.
const FIELD_MANAGER: &str = "waxwing";

/// The keys of a cluster.
pub(super) struct KeyStore<'a> {
    cluster: &'a ClusterArgs,
    connection: Connection,
}

impl<'a> KeyStore<'a> {
    pub(super) fn open(cluster: &'a ClusterArgs) -> Result<Self, ClusterError> {
        Ok(Self {
            cluster,
            connection: cluster.connect()?,
        })
    }

    pub(super) fn namespace(&self) -> &str {
        self.cluster.controller_namespace()
    }

    /// The cluster in words.
    pub(super) fn target(&self) -> &str {
        self.connection.target()
    }

    /// All SealingKeys, the oldest first.
    pub(super) fn list(&self) -> Result<Vec<SealingKey>, ClusterError> {
        let mut keys = self.cluster.sealing_keys(&self.connection)?;
        keys.sort_by(|a, b| age_and_name(a).cmp(&age_and_name(b)));
        Ok(keys)
    }

    /// As [`Self::list`], at least one.
    pub(super) fn list_some(&self) -> Result<Vec<SealingKey>, ClusterError> {
        let keys = self.list()?;
        if keys.is_empty() {
            let namespace = self.namespace().to_owned();
            return Err(ClusterError::NoKeys { namespace });
        }
        Ok(keys)
    }

    pub(super) fn set_state(&self, name: &str, state: KeyState) -> Result<(), ClusterError> {
        self.patch(name, &json!({ "spec": { "state": state } }))
    }

    pub(super) fn annotate(
        &self,
        name: &str,
        annotation: &str,
        value: &str,
    ) -> Result<(), ClusterError> {
        self.patch(
            name,
            &json!({ "metadata": { "annotations": { annotation: value } } }),
        )
    }

    fn patch(&self, name: &str, patch: &Value) -> Result<(), ClusterError> {
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let (keys, patch) = (self.sealing_keys(), Patch::Merge(patch));
        let patched = keys.patch(name, &params, &patch);
        self.connection
            .ask(self.permission("patch", SEALING_KEYS), patched)
            .map(drop)
    }

    /// Makes a SealingKey that is not there yet; an existing one is never overwritten.
    pub(super) fn create(&self, key: &SealingKey) -> Result<(), ClusterError> {
        let (keys, params) = (self.sealing_keys(), post_params());
        let created = keys.create(&params, key);
        self.connection
            .ask(self.permission("create", SEALING_KEYS), created)
            .map(drop)
    }

    /// Makes the key Secret of an identity that is not there yet; an existing one is never
    /// overwritten.
    pub(super) fn create_private_half(&self, identity: &Identity) -> Result<(), ClusterError> {
        let (secrets, params, secret) = (self.secrets(), post_params(), key_secret(identity));
        let created = secrets.create(&params, &secret);
        self.connection
            .ask(self.permission("create", "secrets"), created)
            .map(drop)
    }

    /// The private halves of all keys.
    pub(super) fn private_halves(&self) -> Result<PrivateHalves, ClusterError> {
        let secrets = self.secrets();
        let of_keys = ListParams::default().fields(&format!("type={KEY_SECRET_TYPE}"));
        let found = self
            .connection
            .ask(self.permission("list", "secrets"), secrets.list(&of_keys))?;
        Ok(PrivateHalves::of(&found.items))
    }

    fn sealing_keys(&self) -> Api<SealingKey> {
        Api::namespaced(self.connection.client(), self.namespace())
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.connection.client(), self.namespace())
    }

    fn permission(&self, verb: &'static str, resource: &'static str) -> Permission {
        Permission {
            verb,
            resource,
            namespace: Some(self.namespace().to_owned()),
        }
    }
}

fn post_params() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn age_and_name(key: &SealingKey) -> (Option<k8s_openapi::jiff::Timestamp>, &str) {
    let created = key.metadata.creation_timestamp.as_ref().map(|time| time.0);
    (created, name(key))
}

/// The name of a SealingKey that came from the API server or from a checked file: its key id.
pub(super) fn name(key: &SealingKey) -> &str {
    key.metadata.name.as_deref().unwrap_or_default()
}

/// What the key Secrets of a cluster hold.
#[derive(Debug, Default)]
pub(super) struct PrivateHalves {
    ring: KeyRing,
    secret_names: BTreeSet<String>,
}

impl PrivateHalves {
    pub(super) fn of(secrets: &[Secret]) -> Self {
        Self {
            // One that cannot be read holds nothing; the controller's conditions and log say why.
            ring: secrets
                .iter()
                .filter_map(|secret| identities(secret).ok())
                .flatten()
                .collect(),
            secret_names: secrets
                .iter()
                .filter_map(|secret| secret.metadata.name.clone())
                .collect(),
        }
    }

    pub(super) fn get(&self, id: &KeyId) -> Option<&Identity> {
        self.ring.get(id)
    }

    /// Whether there is a key Secret of that name, whatever it holds.
    pub(super) fn has_secret(&self, name: &str) -> bool {
        self.secret_names.contains(name)
    }
}
