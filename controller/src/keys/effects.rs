//! The changes to keys: each one request or two to the API server.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use waxwing_api::key_secret::key_secret;
use waxwing_api::names::{
    ESCROW_RECIPIENTS_ANNOTATION, FIELD_MANAGER, KEY_FINALIZER, PENDING_ANNOTATION,
    REVOKED_ANNOTATION,
};
use waxwing_api::{KeyState, SealedSecret, SealingKey, SealingKeySpec, SealingKeyStatus};
use waxwing_crypto::{Algorithm, Identity, KeyId};

use super::escrow::{Escrow, Recovery};
use super::facts::{Facts, KeySecret};
use super::store::key_secret_selector;
use crate::api_error::{self, Class, Tried};
use crate::unseal::key_ids;

/// How many SealedSecrets are looked at at once before a key is deleted for good.
const PAGE: u32 = 100;

/// What failed, in words that hold nothing of a key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct EffectError(pub(super) String);

pub(super) struct Effects {
    secrets: Api<Secret>,
    sealing_keys: Api<SealingKey>,
    sealed_secrets: Api<SealedSecret>,
    recovery: Option<Recovery>,
}

impl Effects {
    pub(super) fn new(client: &Client, namespace: &str, recovery: Option<Recovery>) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            sealing_keys: Api::namespaced(client.clone(), namespace),
            sealed_secrets: Api::all(client.clone()),
            recovery,
        }
    }

    /// The keys as the API server has them now, whatever the watches know.
    pub(super) async fn list(&self) -> Result<Facts, EffectError> {
        let of_keys = ListParams::default().fields(&key_secret_selector());
        let secrets = self
            .secrets
            .list(&of_keys)
            .await
            .map_err(failed("list", "secrets"))?;
        let sealing_keys = self
            .sealing_keys
            .list(&ListParams::default())
            .await
            .map_err(failed("list", "sealingkeys"))?;
        Ok(Facts {
            secrets: secrets
                .items
                .iter()
                .map(KeySecret::read)
                .map(Arc::new)
                .collect(),
            sealing_keys: sealing_keys.items.into_iter().map(Arc::new).collect(),
        })
    }

    /// Makes a new key. It is backed up first, and its private half is there before anyone can seal to
    /// the public half.
    pub(super) async fn create(
        &self,
        algorithm: Algorithm,
    ) -> Result<(KeyId, Option<SealingKey>), EffectError> {
        let identity = tokio::task::block_in_place(|| Identity::generate(algorithm));
        let escrow = self.seal(&identity).await?;
        let secret = pending_key_secret(&identity);
        self.secrets
            .create(&created_by(), &secret)
            .await
            .map_err(failed("create", "secrets"))?;
        let key = self
            .create_public(&identity, KeyState::Active, escrow)
            .await?;
        let id = identity.key_id();
        self.complete(&id.to_string()).await?;
        Ok((id, key))
    }

    /// Makes the SealingKey of a private half; `None` if it is there already.
    pub(super) async fn publish(
        &self,
        identity: &Identity,
        state: KeyState,
    ) -> Result<Option<SealingKey>, EffectError> {
        let escrow = match state {
            KeyState::Active | KeyState::Retired => self.seal(identity).await?,
            KeyState::Revoked => None,
        };
        self.create_public(identity, state, escrow).await
    }

    async fn create_public(
        &self,
        identity: &Identity,
        state: KeyState,
        escrow: Option<Escrow>,
    ) -> Result<Option<SealingKey>, EffectError> {
        let recipient = identity.recipient();
        let mut key = SealingKey::new(
            &recipient.key_id().to_string(),
            SealingKeySpec {
                recipient: recipient.to_string(),
                algorithm: recipient.algorithm().into(),
                state,
                escrow: None,
            },
        );
        key.finalizers_mut().push(KEY_FINALIZER.to_owned());
        if let Some(Escrow { text, mark }) = escrow {
            key.spec.escrow = Some(text);
            key.annotations_mut()
                .insert(ESCROW_RECIPIENTS_ANNOTATION.to_owned(), mark);
        }
        match self.sealing_keys.create(&created_by(), &key).await {
            Ok(key) => Ok(Some(key)),
            Err(error) if api_error::classify(&error) == Class::Conflict => Ok(None),
            Err(error) => Err(failed("create", "sealingkeys")(error)),
        }
    }

    /// The key Secret has its SealingKey.
    pub(super) async fn complete(&self, secret: &str) -> Result<(), EffectError> {
        self.annotate_secret(secret, json!({ PENDING_ANNOTATION: null }))
            .await
    }

    pub(super) async fn mark_revoked(
        &self,
        secret: &KeySecret,
        id: KeyId,
    ) -> Result<(), EffectError> {
        self.annotate_secret(
            &secret.name,
            json!({ REVOKED_ANNOTATION: secret.revoked.with(id) }),
        )
        .await
    }

    async fn annotate_secret(&self, name: &str, annotations: Value) -> Result<(), EffectError> {
        let patch = json!({ "metadata": { "annotations": annotations } });
        self.secrets
            .patch_metadata(name, &patched_by(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(failed("patch", "secrets"))
    }

    /// Backs a key up to the recovery recipients as they are now.
    pub(super) async fn put_in_escrow(
        &self,
        key: &SealingKey,
        identity: &Identity,
    ) -> Result<(), EffectError> {
        let Some(Escrow { text, mark }) = self.seal(identity).await? else {
            return Ok(());
        };
        let annotations = json!({ "annotations": { ESCROW_RECIPIENTS_ANNOTATION: mark } });
        self.patch(key, annotations, json!({ "escrow": text }))
            .await
    }

    pub(super) async fn retire(&self, key: &SealingKey) -> Result<(), EffectError> {
        self.patch(key, json!({}), json!({ "state": KeyState::Retired }))
            .await
    }

    pub(super) async fn keep(&self, key: &SealingKey) -> Result<(), EffectError> {
        let finalizers: Vec<&str> = other_finalizers(key).chain([KEY_FINALIZER]).collect();
        self.patch(key, json!({ "finalizers": finalizers }), json!({}))
            .await
    }

    pub(super) async fn release(&self, key: &SealingKey) -> Result<(), EffectError> {
        let finalizers: Vec<&str> = other_finalizers(key).collect();
        self.patch(key, json!({ "finalizers": finalizers }), json!({}))
            .await
    }

    /// Deletes both halves for good; the private one first, for without it the public one would come
    /// back. False: something needs the key, and it stays.
    pub(super) async fn delete(
        &self,
        key: &SealingKey,
        id: KeyId,
        secrets: &[&KeySecret],
    ) -> Result<bool, EffectError> {
        if self.is_needed(id).await? {
            return Ok(false);
        }
        for secret in secrets {
            let deleted = self
                .secrets
                .delete(&secret.name, &only(Some(secret.uid.clone()), None))
                .await;
            tolerate(deleted.map(drop), failed("delete", "secrets"))?;
        }
        let precondition = only(key.uid(), key.resource_version());
        let deleted = self
            .sealing_keys
            .delete(&key.name_any(), &precondition)
            .await;
        tolerate(deleted.map(drop), failed("delete", "sealingkeys"))?;
        Ok(true)
    }

    /// Whether some SealedSecret needs the key: the API server's word, and not that of a watch.
    async fn is_needed(&self, id: KeyId) -> Result<bool, EffectError> {
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let found = self
                .sealed_secrets
                .list(&page)
                .await
                .map_err(failed("list", "sealedsecrets"))?;
            if found
                .items
                .iter()
                .any(|sealed| key_ids(sealed).contains(&id))
            {
                return Ok(true);
            }
            match found.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(false),
            }
        }
    }

    pub(super) async fn write_status(
        &self,
        key: &SealingKey,
        status: &SealingKeyStatus,
    ) -> Result<(), EffectError> {
        let patch = json!({ "metadata": { "uid": key.metadata.uid }, "status": status });
        let written = self
            .sealing_keys
            .patch_status(&key.name_any(), &patched_by(), &Patch::Merge(patch))
            .await;
        tolerate(written.map(drop), failed("patch", "sealingkeys/status"))
    }

    /// Changes the SealingKey, if it is still as it was looked at.
    async fn patch(
        &self,
        key: &SealingKey,
        mut metadata: Value,
        spec: Value,
    ) -> Result<(), EffectError> {
        metadata["uid"] = json!(key.metadata.uid);
        metadata["resourceVersion"] = json!(key.metadata.resource_version);
        let patch = json!({ "metadata": metadata, "spec": spec });
        let patched = self
            .sealing_keys
            .patch(&key.name_any(), &patched_by(), &Patch::Merge(patch))
            .await;
        tolerate(patched.map(drop), failed("patch", "sealingkeys"))
    }

    async fn seal(&self, identity: &Identity) -> Result<Option<Escrow>, EffectError> {
        let Some(recovery) = self.recovery.clone() else {
            return Ok(None);
        };
        let id = identity.key_id();
        let identity = identity.clone();
        tokio::task::spawn_blocking(move || recovery.seal(&identity))
            .await
            .map_err(|_| EffectError(format!("key {id} could not be put in escrow")))?
            .map(Some)
            .map_err(|error| {
                EffectError(format!(
                    "key {id} is not put in escrow, and not used as long as it is not: {error}"
                ))
            })
    }
}

/// The key Secret, marked as not complete without its SealingKey.
fn pending_key_secret(identity: &Identity) -> Secret {
    let mut secret = key_secret(identity);
    secret
        .annotations_mut()
        .insert(PENDING_ANNOTATION.to_owned(), "true".to_owned());
    secret
}

fn other_finalizers(key: &SealingKey) -> impl Iterator<Item = &str> {
    key.finalizers()
        .iter()
        .map(String::as_str)
        .filter(|finalizer| *finalizer != KEY_FINALIZER)
}

/// An object that is gone, or was changed or made anew, is no error: the watch tells of it.
fn tolerate(
    result: Result<(), kube::Error>,
    explain: impl Fn(kube::Error) -> EffectError,
) -> Result<(), EffectError> {
    match result {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        result => result.map_err(explain),
    }
}

fn only(uid: Option<String>, resource_version: Option<String>) -> DeleteParams {
    DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version,
        }),
        ..DeleteParams::default()
    }
}

fn created_by() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn patched_by() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn failed(verb: &'static str, resource: &'static str) -> impl Fn(kube::Error) -> EffectError {
    move |error| EffectError(api_error::explain(&error, Tried::new(verb, resource)))
}
