//! ClusterSealedSecrets: made, applied and waited for.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use waxwing_api::{ClusterSealedSecret, ConditionType, condition};
use waxwing_crypto::{Place, Recipient, ScopeKind};

use crate::{
    error::{Context, HarnessError},
    sealing, wait,
};

/// All of them.
pub fn all(client: &Client) -> Api<ClusterSealedSecret> {
    Api::all(client.clone())
}

/// An object of one item of the scope cluster.
///
/// # Panics
/// When the selector is none that the type can hold.
pub fn sealed(
    name: &str,
    selector: &Value,
    value: &str,
    recipient: &Recipient,
) -> ClusterSealedSecret {
    let anywhere = Place {
        namespace: "any",
        name: "any",
        item: "any",
    };
    let value = sealing::sealed_value(value, &anywhere, ScopeKind::Cluster, recipient)
        .expect("the scope cluster has no names");
    let spec = json!({ "namespaceSelector": selector, "encryptedData": { "password": value } });
    let spec = serde_json::from_value(spec).expect("the selector has the shape of one");
    ClusterSealedSecret::new(name, spec)
}

/// Applies it as GitOps does.
///
/// # Errors
/// When the API server refuses it.
pub async fn apply(
    client: &Client,
    sealed: &ClusterSealedSecret,
) -> Result<ClusterSealedSecret, HarnessError> {
    let parameters = PatchParams::apply("gitops").force();
    let patch = Patch::Apply(sealed);
    all(client)
        .patch(&sealed.name_any(), &parameters, &patch)
        .await
        .context(format!("apply ClusterSealedSecret {}", sealed.name_any()))
}

/// Waits until the object, as it is now, has that reason at its condition Ready, and so many Secrets.
///
/// # Errors
/// When it has not in time; the error shows its status.
pub async fn becomes(
    client: &Client,
    name: &str,
    reason: &str,
    ready: i64,
) -> Result<ClusterSealedSecret, HarnessError> {
    wait::until(&format!("{name}: {reason}, {ready} Secrets"), async || {
        let object = all(client)
            .get(name)
            .await
            .map_err(|error| error.to_string())?;
        let status = object.status.clone().unwrap_or_default();
        let namespaces = status.namespaces.clone().unwrap_or_default();
        let is_so = status.observed_generation == object.metadata.generation
            && ready_condition(&object).is_some_and(|ready| ready.reason == reason)
            && namespaces.ready == ready;
        if is_so {
            Ok(object)
        } else {
            Err(format!("{status:?}"))
        }
    })
    .await
}

/// What its condition Ready says; nothing, if it has none.
pub fn message(object: &ClusterSealedSecret) -> String {
    ready_condition(object)
        .map(|ready| ready.message)
        .unwrap_or_default()
}

fn ready_condition(object: &ClusterSealedSecret) -> Option<Condition> {
    let conditions = &object.status.as_ref()?.conditions;
    condition::find(conditions, ConditionType::Ready.as_str()).cloned()
}
