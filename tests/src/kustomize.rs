//! Reads the kustomize base in deploy/, so that the tests install what users install.

use std::path::{Path, PathBuf};

use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery,
};
use serde::Deserialize;

use crate::error::{Context, HarnessError};

/// The fields of a kustomization.yaml that this reader knows. Labels and images change nothing that
/// the API server does with the objects here, as no pod runs; any other field is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kustomization {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    resources: Vec<String>,
    #[serde(default, rename = "labels")]
    _labels: serde_yaml::Value,
    #[serde(default, rename = "images")]
    _images: serde_yaml::Value,
}

/// The folder deploy/kustomize of the source tree.
pub fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kustomize")
}

/// All objects of a kustomize folder, in the order of its kustomization.yaml.
///
/// # Errors
/// When a file cannot be read or uses what this reader does not know.
pub fn objects(folder: &Path) -> Result<Vec<DynamicObject>, HarnessError> {
    let path = folder.join("kustomization.yaml");
    let kustomization: Kustomization =
        serde_yaml::from_str(&read(&path)?).map_err(|e| malformed(&path, &e))?;
    let mut objects = Vec::new();
    for resource in kustomization.resources {
        let path = folder.join(resource);
        if path.is_dir() {
            objects.extend(self::objects(&path)?);
        } else {
            for document in serde_yaml::Deserializer::from_str(&read(&path)?) {
                objects
                    .push(DynamicObject::deserialize(document).map_err(|e| malformed(&path, &e))?);
            }
        }
    }
    Ok(objects)
}

/// Applies an object as an admin would: server-side, taking over fields.
///
/// # Errors
/// When its kind is unknown to the API server or the object is refused.
pub async fn apply(client: &Client, object: &DynamicObject) -> Result<(), HarnessError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let what = format!(
        "apply {} {name}",
        object.types.as_ref().map_or("", |types| &types.kind)
    );
    let api = api_of(client, object).await.context(&what)?;
    let force = PatchParams::apply("waxwing-tests").force();
    api.patch(&name, &force, &Patch::Apply(object))
        .await
        .context(&what)?;
    Ok(())
}

async fn api_of(
    client: &Client,
    object: &DynamicObject,
) -> Result<Api<DynamicObject>, kube::Error> {
    let types = object.types.clone().unwrap_or_default();
    let gvk = GroupVersionKind::try_from(&types).map_err(|error| {
        kube::Error::Discovery(kube::error::DiscoveryError::MissingKind(error.to_string()))
    })?;
    let (resource, _) = discovery::pinned_kind(client, &gvk).await?;
    Ok(match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

fn read(path: &Path) -> Result<String, HarnessError> {
    std::fs::read_to_string(path).context(format!("read {}", path.display()))
}

fn malformed(path: &Path, error: &serde_yaml::Error) -> HarnessError {
    HarnessError::Manifest {
        path: path.to_owned(),
        what: error.to_string(),
    }
}
