//! Reads and writes Secrets.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Map, Value, json};
use waxwing_api::Reason;
use waxwing_api::names::FIELD_MANAGER;

use crate::api_error::{self, Class, Tried};
use crate::object_key::ObjectKey;
use crate::ownership::owner_of_nothing;
use crate::plan::Apply;
use crate::unseal::Failure;

/// How long garbage collection may take before something else is done meanwhile.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// One Secret of the API server.
pub(crate) struct Writer {
    api: Api<Secret>,
    name: Box<str>,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The Secret is not what was looked at any more.
    Conflict,
    /// Its namespace is being deleted, or is gone.
    NamespaceGoes,
    Failed(Failure),
}

/// Why a Secret is not what it should be, after all that was tried.
#[derive(Debug)]
pub(crate) enum NotWritten {
    /// Its namespace is being deleted, or is gone: nothing is to be done there any more.
    NamespaceGoes,
    Failed(Failure),
}

impl From<Failure> for NotWritten {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Writer {
    pub(crate) fn new(client: Client, key: &ObjectKey) -> Self {
        Self {
            api: Api::namespaced(client, &key.namespace),
            name: key.name.clone(),
        }
    }

    pub(crate) async fn look(&self) -> Result<Option<Secret>, Failure> {
        self.api
            .get_opt(&self.name)
            .await
            .map_err(|error| failure(&error, "get"))
    }

    /// Applies, and returns the version of the Secret after that. Only metadata comes back from
    /// the API server.
    pub(crate) async fn apply(&self, apply: &Apply) -> Result<String, WriteError> {
        let applied = self
            .api
            .patch_metadata(
                &self.name,
                &PatchParams::apply(FIELD_MANAGER).force(),
                &Patch::Apply(&apply.secret),
            )
            .await
            .map_err(|error| match api_error::is_namespace_going(&error) {
                true => WriteError::NamespaceGoes,
                false => write_error(&error),
            })?;
        let version = applied.metadata.resource_version.unwrap_or_default();
        if apply.alien_items.is_empty() {
            return Ok(version);
        }
        self.remove(&apply.alien_items, &version).await
    }

    /// Has the Secret deleted that was looked at, and applies.
    pub(crate) async fn recreate(
        &self,
        looked_at: Option<&Secret>,
        apply: &Apply,
    ) -> Result<String, WriteError> {
        if let Some(secret) = looked_at {
            let version = secret.metadata.resource_version.as_deref();
            self.give_up(version.unwrap_or_default()).await?;
            self.gone().await?;
        }
        self.apply(apply).await
    }

    /// Leaves the Secret, if it still has that version, to Kubernetes' garbage collection, which deletes
    /// what belongs to an owner that is not there. So the controller needs no right to delete Secrets,
    /// which would be one to delete keys. Returns the version of the Secret after that.
    pub(crate) async fn give_up(&self, version: &str) -> Result<String, WriteError> {
        let patch = json!({
            "metadata": { "resourceVersion": version, "ownerReferences": [owner_of_nothing()] },
        });
        let result = self
            .api
            .patch_metadata(&self.name, &merge(), &Patch::Merge(patch))
            .await;
        match result {
            Ok(secret) => Ok(secret.metadata.resource_version.unwrap_or_default()),
            Err(error) if api_error::is_gone(&error) => Ok(String::new()),
            Err(error) => Err(write_error(&error)),
        }
    }

    /// Waits until garbage collection has deleted the Secret.
    async fn gone(&self) -> Result<(), WriteError> {
        for _ in 0..LOOKS {
            if self.look().await.map_err(WriteError::Failed)?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Err(WriteError::Failed(Failure::of_object(
            Reason::ImmutableSecret,
            "the Secret is to be made anew, and garbage collection has not deleted it yet; tried again by and by",
        )))
    }

    async fn remove(&self, items: &[String], version: &str) -> Result<String, WriteError> {
        let nothing: Map<String, Value> = items
            .iter()
            .map(|item| (item.clone(), Value::Null))
            .collect();
        let patch = json!({ "metadata": { "resourceVersion": version }, "data": nothing });
        let removed = self
            .api
            .patch_metadata(&self.name, &merge(), &Patch::Merge(patch))
            .await;
        let removed = removed.map_err(|error| write_error(&error))?;
        Ok(removed.metadata.resource_version.unwrap_or_default())
    }
}

fn merge() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn write_error(error: &kube::Error) -> WriteError {
    match api_error::classify(error) {
        Class::Conflict => WriteError::Conflict,
        _ => WriteError::Failed(failure(error, "patch")),
    }
}

fn failure(error: &kube::Error, verb: &'static str) -> Failure {
    let what = api_error::explain(error, Tried::new(verb, "secrets"));
    let (reason, next) = match api_error::classify(error) {
        Class::Forbidden => (Reason::Forbidden, "; tried again by and by"),
        Class::Invalid => (Reason::InvalidSecret, "; correct the items or the template"),
        Class::TooLarge => (
            Reason::TooLarge,
            "; split the items over several SealedSecrets",
        ),
        Class::Conflict | Class::Unavailable => (Reason::ApiError, "; tried again by and by"),
    };
    Failure::of_object(reason, what + next)
}
