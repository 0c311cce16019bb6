//! The schemas and CEL rules, enforced by the real API server.

use std::process::Command;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use waxwing_api::{SealedSecret, SealingKey};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::{kubectl, sealing};

use crate::cluster;

const NAMESPACE: &str = "default";

/// What is looked at but not stored.
fn dry_run() -> PostParams {
    PostParams {
        dry_run: true,
        ..PostParams::default()
    }
}

fn sealed_secrets(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(
        client.clone(),
        NAMESPACE,
        &ApiResource::erase::<SealedSecret>(&()),
    )
}

fn sealing_keys(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(
        client.clone(),
        NAMESPACE,
        &ApiResource::erase::<SealingKey>(&()),
    )
}

fn sealed_secret(spec: &Value) -> DynamicObject {
    object("SealedSecret", "db", spec)
}

fn object(kind: &str, name: &str, spec: &Value) -> DynamicObject {
    let api_version = "waxwing.dev/v1alpha1";
    serde_json::from_value(json!({
        "apiVersion": api_version, "kind": kind, "metadata": { "name": name }, "spec": spec,
    }))
    .unwrap()
}

/// A SealingKey as the controller makes it.
fn sealing_key(algorithm: Algorithm) -> DynamicObject {
    let identity = Identity::generate(algorithm);
    let spec = json!({
        "recipient": identity.recipient().to_string(),
        "algorithm": algorithm.as_str(),
        "state": "Active",
    });
    object("SealingKey", &identity.key_id().to_string(), &spec)
}

/// Creates it dry and expects to be refused with a message that contains `expected`.
async fn assert_refused(
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
async fn a_sealed_secret_with_every_field_is_accepted_as_it_is() {
    let client = cluster().await.client().await.unwrap();
    let recipient = Identity::generate(Algorithm::default()).recipient().clone();
    let mut sealed =
        sealing::sealed_secret(NAMESPACE, "db", &[("password", "p")], &recipient).unwrap();
    sealed.spec.template = Some(
        serde_json::from_value(json!({
            "metadata": { "labels": { "app": "db" }, "annotations": { "note": "n" } },
            "type": "Opaque",
            "immutable": true,
            "data": { "url": "postgres://{{ password }}@db" },
        }))
        .unwrap(),
    );
    let api: Api<SealedSecret> = Api::namespaced(client, NAMESPACE);
    let created = api.create(&dry_run(), &sealed).await.unwrap();
    assert_eq!(created.spec, sealed.spec);
}

#[tokio::test]
async fn a_malformed_sealed_secret_is_refused_with_the_reason() {
    let client = cluster().await.client().await.unwrap();
    let api = sealed_secrets(&client);
    let long = "x".repeat(254);
    let item_name = "an item name is 1 to 253 of the characters";
    let cases = [
        ("no spec", Value::Null, "spec"),
        (
            "no encryptedData",
            json!({}),
            "encryptedData: Required value",
        ),
        (
            "no items",
            json!({ "encryptedData": {} }),
            "should have at least 1 properties",
        ),
        (
            "item name with a slash",
            json!({ "encryptedData": { "a/b": "AAAA" } }),
            item_name,
        ),
        (
            "item name with a space",
            json!({ "encryptedData": { "a b": "AAAA" } }),
            item_name,
        ),
        (
            "empty item name",
            json!({ "encryptedData": { "": "AAAA" } }),
            item_name,
        ),
        (
            "item name .",
            json!({ "encryptedData": { ".": "AAAA" } }),
            item_name,
        ),
        (
            "item name ..",
            json!({ "encryptedData": { "..": "AAAA" } }),
            item_name,
        ),
        (
            "item name ..x",
            json!({ "encryptedData": { "..x": "AAAA" } }),
            item_name,
        ),
        (
            "item name of 254 characters",
            json!({ "encryptedData": { long: "AAAA" } }),
            item_name,
        ),
        (
            "empty value",
            json!({ "encryptedData": { "a": "" } }),
            "should match",
        ),
        (
            "value in two lines",
            json!({ "encryptedData": { "a": "AAAA\nAAAA" } }),
            "should match",
        ),
        (
            "value in URL-safe base64",
            json!({ "encryptedData": { "a": "AA-_" } }),
            "should match",
        ),
        (
            "value that is no text",
            json!({ "encryptedData": { "a": 1 } }),
            "must be of type string",
        ),
        (
            "unknown deletion policy",
            json!({ "encryptedData": { "a": "AAAA" }, "deletionPolicy": "Keep" }),
            "Unsupported value: \"Keep\"",
        ),
        (
            "templated item with a bad name",
            json!({ "encryptedData": { "a": "AAAA" }, "template": { "data": { "a/b": "x" } } }),
            item_name,
        ),
    ];
    for (case, spec, expected) in cases {
        assert_refused(&api, &sealed_secret(&spec), expected, case).await;
    }
}

#[tokio::test]
async fn item_names_that_kubernetes_takes_are_taken() {
    let client = cluster().await.client().await.unwrap();
    let long = "x".repeat(253);
    for name in [
        "a",
        ".dockerconfigjson",
        "tls.crt",
        "A_b-c.9",
        ".a..b",
        long.as_str(),
    ] {
        let sealed = sealed_secret(&json!({ "encryptedData": { name: "AAAA" } }));
        sealed_secrets(&client)
            .create(&dry_run(), &sealed)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_sealing_key_of_each_algorithm_is_accepted() {
    let client = cluster().await.client().await.unwrap();
    for algorithm in [Algorithm::MlKem768X25519, Algorithm::X25519] {
        sealing_keys(&client)
            .create(&dry_run(), &sealing_key(algorithm))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_malformed_sealing_key_is_refused_with_the_reason() {
    let client = cluster().await.client().await.unwrap();
    let valid = sealing_key(Algorithm::X25519);
    let hybrid = sealing_key(Algorithm::MlKem768X25519);
    let named = |name: &str| {
        let mut key = valid.clone();
        key.metadata.name = Some(name.to_owned());
        key
    };
    let with = |key: &DynamicObject, field: &str, value: Value| {
        let mut key = key.clone();
        key.data["spec"][field] = value;
        key
    };
    let mismatch = "recipient and algorithm do not match";
    let cases = [
        (
            "name that is no key id",
            named("my-key"),
            "a SealingKey is named by its key id",
        ),
        (
            "name too short",
            named("0123456789abcde"),
            "a SealingKey is named by its key id",
        ),
        (
            "x25519 recipient said to be hybrid",
            with(&valid, "algorithm", json!("mlkem768x25519")),
            mismatch,
        ),
        (
            "hybrid recipient said to be x25519",
            with(&hybrid, "algorithm", json!("x25519")),
            mismatch,
        ),
        (
            "unknown algorithm",
            with(&valid, "algorithm", json!("rsa4096")),
            "Unsupported value",
        ),
        (
            "recipient that is an ssh key",
            with(&valid, "recipient", json!("ssh-ed25519 AAAA")),
            "should match",
        ),
        (
            "no recipient",
            with(&valid, "recipient", Value::Null),
            "recipient: Required value",
        ),
        (
            "unknown state",
            with(&valid, "state", json!("Paused")),
            "Unsupported value",
        ),
        (
            "escrow that is no age file",
            with(&valid, "escrow", json!("x")),
            "escrow is an armored age file",
        ),
    ];
    for (case, key, expected) in cases {
        assert_refused(&sealing_keys(&client), &key, expected, case).await;
    }
}

#[tokio::test]
async fn recipient_and_algorithm_of_a_sealing_key_never_change() {
    let client = cluster().await.client().await.unwrap();
    let api = sealing_keys(&client);
    let key = api
        .create(&PostParams::default(), &sealing_key(Algorithm::X25519))
        .await
        .unwrap();
    let other = sealing_key(Algorithm::X25519).data["spec"]["recipient"].clone();
    let hybrid = sealing_key(Algorithm::MlKem768X25519).data["spec"]["recipient"].clone();
    let cases = [
        (json!({ "recipient": other }), "recipient is immutable"),
        (
            json!({ "recipient": hybrid, "algorithm": "mlkem768x25519" }),
            "algorithm is immutable",
        ),
    ];
    for (spec, expected) in cases {
        let error = patch(&api, &key, &json!({ "spec": spec }))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains(expected),
            "expected {expected:?} in: {error}"
        );
    }
}

#[tokio::test]
async fn the_state_of_a_sealing_key_may_change_until_it_is_revoked() {
    let client = cluster().await.client().await.unwrap();
    let api = sealing_keys(&client);
    let key = api
        .create(&PostParams::default(), &sealing_key(Algorithm::X25519))
        .await
        .unwrap();
    for state in ["Retired", "Active", "Retired", "Revoked"] {
        patch(&api, &key, &json!({ "spec": { "state": state } }))
            .await
            .unwrap();
    }
    for state in [json!("Active"), json!("Retired"), Value::Null] {
        let error = patch(&api, &key, &json!({ "spec": { "state": state } }))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("a revoked key stays revoked"),
            "{state}: {error}"
        );
    }
    patch(
        &api,
        &key,
        &json!({ "metadata": { "labels": { "note": "still-editable" } } }),
    )
    .await
    .unwrap();
}

async fn patch(
    api: &Api<DynamicObject>,
    object: &DynamicObject,
    patch: &Value,
) -> Result<DynamicObject, kube::Error> {
    api.patch(
        object.metadata.name.as_ref().unwrap(),
        &PatchParams::default(),
        &Patch::Merge(patch),
    )
    .await
}

#[tokio::test]
async fn the_status_is_written_through_its_own_subresource_only() {
    let client = cluster().await.client().await.unwrap();
    let api = sealing_keys(&client);
    let key = api
        .create(&PostParams::default(), &sealing_key(Algorithm::X25519))
        .await
        .unwrap();
    let key = patch(&api, &key, &json!({ "status": { "primary": true } }))
        .await
        .unwrap();
    assert_ne!(key.data["status"]["primary"], json!(true));
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
    let sealed = sealed_secret(&json!({ "encryptedData": { "a": "AAAA" } }));
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
