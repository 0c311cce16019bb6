//! What both custom resources have in common, as the real API server serves it.

use std::process::Command;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, PostParams},
};
use serde_json::{Value, json};
use waxwing_api::{SealedSecret, SealingKey};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::kubectl;

use crate::cluster;

pub(crate) const NAMESPACE: &str = "default";

/// What is looked at but not stored.
pub(crate) fn dry_run() -> PostParams {
    PostParams {
        dry_run: true,
        ..PostParams::default()
    }
}

pub(crate) fn sealed_secrets(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(
        client.clone(),
        NAMESPACE,
        &ApiResource::erase::<SealedSecret>(&()),
    )
}

pub(crate) fn sealing_keys(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(
        client.clone(),
        NAMESPACE,
        &ApiResource::erase::<SealingKey>(&()),
    )
}

pub(crate) fn sealed_secret(spec: &Value) -> DynamicObject {
    object("SealedSecret", "db", spec)
}

pub(crate) fn object(kind: &str, name: &str, spec: &Value) -> DynamicObject {
    let api_version = "waxwing.dev/v1alpha1";
    serde_json::from_value(json!({
        "apiVersion": api_version, "kind": kind, "metadata": { "name": name }, "spec": spec,
    }))
    .unwrap()
}

/// A SealingKey as the controller makes it.
pub(crate) fn sealing_key(algorithm: Algorithm) -> DynamicObject {
    let identity = Identity::generate(algorithm);
    let spec = json!({
        "recipient": identity.recipient().to_string(),
        "algorithm": algorithm.as_str(),
        "state": "Active",
    });
    object("SealingKey", &identity.key_id().to_string(), &spec)
}

/// Creates it dry and expects to be refused with a message that contains `expected`.
pub(crate) async fn assert_refused(
    api: &Api<DynamicObject>,
    object: &DynamicObject,
    expected: &str,
    case: &str,
) {
    match api.create(&dry_run(), object).await {
        Ok(_) => panic!("accepted: {case}"),
        Err(error) => {
            assert!(
                error.to_string().contains(expected),
                "{case}: expected {expected:?} in: {error}"
            );
        }
    }
}

#[tokio::test]
async fn every_field_is_documented() {
    let client = cluster().await.client().await.unwrap();
    let crds: Api<CustomResourceDefinition> = Api::all(client);
    let mut fields = 0;
    for crd in crds.list(&ListParams::default()).await.unwrap() {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
        let root = &schema["openAPIV3Schema"];
        assert!(root["description"].is_string(), "{:?}", crd.metadata.name);
        for part in ["spec", "status"] {
            fields += assert_documented(&root["properties"][part], part);
        }
    }
    assert!(fields > 20, "the walk saw {fields} fields only");
}

/// Counts the fields below `schema`, each of which must have a description.
fn assert_documented(schema: &Value, path: &str) -> usize {
    let Some(properties) = schema["properties"].as_object() else {
        let items = &schema["items"];
        return if items.is_object() {
            assert_documented(items, path)
        } else {
            0
        };
    };
    properties
        .iter()
        .map(|(name, field)| {
            let path = format!("{path}.{name}");
            assert!(
                field["description"].is_string(),
                "{path} has no description"
            );
            1 + assert_documented(field, &path)
        })
        .sum()
}

#[tokio::test]
async fn kubectl_knows_the_short_names_and_shows_the_columns() {
    let cluster = cluster().await;
    let client = cluster.client().await.unwrap();
    let key = sealing_key(Algorithm::X25519);
    sealing_keys(&client)
        .create(&PostParams::default(), &key)
        .await
        .unwrap();
    let spec = json!({ "encryptedData": { "a": "AAAA" } });
    let sealed = object("SealedSecret", "listed", &spec);
    sealed_secrets(&client)
        .create(&PostParams::default(), &sealed)
        .await
        .unwrap();
    let cases = [
        (
            "wax",
            ["NAME", "READY", "REASON", "STALE", "SEALED", "AGE"].as_slice(),
        ),
        (
            "waxkey",
            &[
                "NAME",
                "ALGORITHM",
                "STATE",
                "PRIMARY",
                "LOADED",
                "DEPENDENTS",
                "AGE",
            ],
        ),
    ];
    for (short_name, columns) in cases {
        let output = Command::new(kubectl().unwrap())
            .arg("--kubeconfig")
            .arg(cluster.kubeconfig())
            .args(["get", short_name, "--namespace", NAMESPACE])
            .output()
            .unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        let header: Vec<_> = table
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        assert_eq!(
            header,
            columns,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
