//! SealedSecrets and ClusterSealedSecrets at the API server.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::core::{PartialObjectMeta, Request};
use kube::{Api, Client, Resource};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use waxwing_api::names::FIELD_MANAGER;
use waxwing_api::{ClusterSealedSecret, SealedSecret};

use crate::object_key::ObjectKey;
use crate::reconcile::Context;

/// The object as it is now, unless it is gone or going.
pub(crate) async fn fetch(
    context: &Context,
    key: &ObjectKey,
) -> Result<Option<SealedSecret>, kube::Error> {
    let client = context.client.clone();
    let object = if key.is_cluster_wide() {
        let api = Api::<ClusterSealedSecret>::all(client);
        let object = api.get_opt(&key.name).await?;
        object.map(|object| context.cluster_wide.take_in(object))
    } else {
        let api = Api::<SealedSecret>::namespaced(client, &key.namespace);
        api.get_opt(&key.name).await?
    };
    Ok(object.filter(|object| object.metadata.deletion_timestamp.is_none()))
}

/// A merge patch of a status, written out: a tree of it takes several times the memory, and thousands may wait.
#[derive(Debug)]
pub(crate) struct StatusPatch(Box<RawValue>);

impl StatusPatch {
    pub(crate) fn of(sealed: &SealedSecret, mut patch: Value) -> Self {
        if ObjectKey::of(sealed).is_cluster_wide() {
            rename_version(&mut patch);
        }
        Self(to_raw_value(&patch).expect("what is JSON can be written out"))
    }
}

/// Like `Api::patch_status`, but with only the metadata in the answer: the rest is known, and large.
pub(crate) async fn patch_status(
    client: &Client,
    key: &ObjectKey,
    StatusPatch(patch): StatusPatch,
) -> Result<(), kube::Error> {
    let url = if key.is_cluster_wide() {
        ClusterSealedSecret::url_path(&(), None)
    } else {
        SealedSecret::url_path(&(), Some(&key.namespace))
    };
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(patch);
    let subresource = format!("{}/status", key.name);
    let request = Request::new(url)
        .patch_metadata(&subresource, &parameters, &patch)
        .map_err(kube::Error::BuildRequest)?;
    client
        .request::<PartialObjectMeta<SealedSecret>>(request)
        .await
        .map(drop)
}

/// What stands for the versions of many Secrets has a name of its own.
fn rename_version(patch: &mut Value) {
    if let Some(status) = patch["status"].as_object_mut()
        && let Some(version) = status.remove("secretResourceVersion")
    {
        status.insert("secretResourceVersions".to_owned(), version);
    }
}

/// What events are about.
pub(crate) fn reference(key: &ObjectKey, uid: &str, version: Option<&str>) -> ObjectReference {
    let kind = match key.is_cluster_wide() {
        true => ClusterSealedSecret::kind(&()),
        false => SealedSecret::kind(&()),
    };
    ObjectReference {
        api_version: Some(SealedSecret::api_version(&()).into_owned()),
        kind: Some(kind.into_owned()),
        name: Some(key.name.to_string()),
        namespace: (!key.is_cluster_wide()).then(|| key.namespace.to_string()),
        resource_version: version.map(str::to_owned),
        uid: Some(uid.to_owned()),
        field_path: None,
    }
}
