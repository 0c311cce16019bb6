//! The schema and CEL rules of SealingKeys.

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use waxwing_crypto::Algorithm;

use crate::{
    cluster,
    custom_resources::{assert_refused, dry_run, sealing_key, sealing_keys},
};

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
