//! Builds the kustomize base in deploy/ with kubectl, so that the tests install what users install.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery,
};
use serde::Deserialize;

use crate::{
    control_plane::kubectl,
    error::{Context, HarnessError},
};

/// The folder deploy/kustomize of the source tree.
pub fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kustomize")
}

/// All objects of a kustomize folder, as `kubectl kustomize` prints them.
///
/// # Errors
/// When kubectl refuses the folder.
pub fn objects(folder: &Path) -> Result<Vec<DynamicObject>, HarnessError> {
    let mut command = Command::new(kubectl()?);
    command.arg("kustomize").arg(folder);
    let output = command.output().context("run kubectl kustomize")?;
    if !output.status.success() {
        return Err(HarnessError::CommandFailed {
            command: format!("{command:?}"),
            status: output.status.to_string(),
            tail: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    parse(folder, &String::from_utf8_lossy(&output.stdout))
}

/// All objects of the base with some of its components, by their names.
///
/// # Errors
/// As [`objects`].
pub fn with_components(names: &[&str]) -> Result<Vec<DynamicObject>, HarnessError> {
    let folder = tempfile::tempdir().context("make a temporary folder")?;
    let here = folder.path().canonicalize().context("find the folder")?;
    let base = base().canonicalize().context("find deploy/kustomize")?;
    // kustomize takes relative paths only.
    let up = "../".repeat(here.components().count() - 1);
    let base = format!("{up}{}", base.strip_prefix("/").unwrap_or(&base).display());
    let components: String = names
        .iter()
        .map(|name| format!("  - {base}/components/{name}\n"))
        .collect();
    let kustomization = format!("resources:\n  - {base}\ncomponents:\n{components}");
    std::fs::write(here.join("kustomization.yaml"), kustomization)
        .context("write kustomization.yaml")?;
    objects(&here)
}

/// The objects of a YAML stream; `origin` is for the error.
///
/// # Errors
/// When a document is no object.
pub fn parse(origin: &Path, yaml: &str) -> Result<Vec<DynamicObject>, HarnessError> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| {
            DynamicObject::deserialize(document).map_err(|error| HarnessError::Manifest {
                path: origin.to_owned(),
                what: error.to_string(),
            })
        })
        .collect()
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
