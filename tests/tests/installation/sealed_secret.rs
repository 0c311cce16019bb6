//! The schema and CEL rules of SealedSecrets.

use kube::Api;
use serde_json::{Value, json};
use waxwing_api::SealedSecret;
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::sealing;

use crate::{
    cluster,
    custom_resources::{NAMESPACE, assert_refused, dry_run, sealed_secret, sealed_secrets},
};

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
