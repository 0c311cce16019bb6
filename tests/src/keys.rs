//! The sealing keys of a cluster, as an administrator sees them.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use waxwing_api::{
    SealingKey,
    names::{DEFAULT_NAMESPACE, KEY_SECRET_TYPE, ROLLOVER_REQUESTED_ANNOTATION},
};

use crate::error::{Context, HarnessError};

/// The public halves.
pub fn sealing_keys(client: &Client) -> Api<SealingKey> {
    Api::namespaced(client.clone(), DEFAULT_NAMESPACE)
}

/// The Secrets with private halves.
///
/// # Errors
/// When the API server cannot tell.
pub async fn key_secrets(client: &Client) -> Result<Vec<Secret>, HarnessError> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    let of_keys = ListParams::default().fields(&format!("type={KEY_SECRET_TYPE}"));
    let list = secrets.list(&of_keys).await.context("list key Secrets")?;
    Ok(list.items)
}

/// Asks the controller for a key that follows the primary of that name.
///
/// # Errors
/// When the API server refuses it.
pub async fn request_rollover(client: &Client, primary: &str) -> Result<(), HarnessError> {
    let annotations = json!({ ROLLOVER_REQUESTED_ANNOTATION: "now" });
    let patch = json!({ "metadata": { "annotations": annotations } });
    sealing_keys(client)
        .patch(primary, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(drop)
        .context(format!("request the rollover of {primary}"))
}
