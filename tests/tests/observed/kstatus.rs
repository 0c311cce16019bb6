//! kstatus, which Flux and others wait and report by, reads the live objects right.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::{
    Api, Resource,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use waxwing_api::{
    ClusterSealedSecret, KeyState, Reason, SealedSecret, SealingKey, SealingKeySpec,
    names::DEFAULT_NAMESPACE,
};
use waxwing_crypto::{Algorithm, Identity, Place, ScopeKind};
use waxwing_tests::{Controller, Stage, canary::plaintext, go_tools, sealing, wait};

/// What kstatus takes an object to be, and why.
fn kstatus(object: &impl Serialize) -> (String, String) {
    let mut child = Command::new(go_tools::kstatus().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(object).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&text)
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    let (status, message) = printed.split_once('\n').unwrap();
    (status.to_owned(), message.to_owned())
}

/// Waits until the live object is taken to be `expected`.
async fn becomes<K>(api: &Api<K>, name: &str, expected: &str) -> String
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    wait::until(&format!("{name} to be {expected}"), async || {
        let object = api.get(name).await.map_err(|error| error.to_string())?;
        match kstatus(&object) {
            (status, message) if status == expected => Ok(message),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap()
}

async fn merge<K>(api: &Api<K>, name: &str, patch: serde_json::Value) -> K
where
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap()
}

async fn delete<K>(api: &Api<K>, name: &str)
where
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    api.delete(name, &DeleteParams::default()).await.unwrap();
}

const FINALIZER: &str = "example.com/hold";

/// Deletes an object that a finalizer holds, looks, and lets it go.
async fn terminates<K>(api: &Api<K>, name: &str)
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let held = json!({ "metadata": { "finalizers": [FINALIZER] } });
    merge(api, name, held).await;
    delete(api, name).await;
    becomes(api, name, "Terminating").await;
    merge(api, name, json!({ "metadata": { "finalizers": null } })).await;
}

fn cluster_sealed_secret(name: &str, sealed: &SealedSecret) -> ClusterSealedSecret {
    serde_json::from_value(json!({
        "apiVersion": ClusterSealedSecret::api_version(&()),
        "kind": ClusterSealedSecret::kind(&()),
        "metadata": { "name": name },
        "spec": {
            "namespaceSelector": { "matchLabels": { "team": "a" } },
            "encryptedData": sealed.spec.encrypted_data,
        },
    }))
    .unwrap()
}

#[tokio::test]
async fn sealed_secrets_are_in_progress_until_looked_at_then_current_or_failed() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("kstatus").await.unwrap();
    let recipient = stage.primary().await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();

    let good = space.seal("good", &[("k", &plaintext("k"))]).await.unwrap();
    let foreign = Identity::generate(Algorithm::MlKem768X25519);
    let bad = [("k", &*plaintext("bad"))];
    let bad = sealing::sealed_secret(&space.namespace, "bad", &bad, foreign.recipient()).unwrap();
    let anywhere = Place {
        namespace: "",
        name: "",
        item: "k",
    };
    let value = sealing::sealed_value(
        &plaintext("wide"),
        &anywhere,
        ScopeKind::Cluster,
        &recipient,
    );
    let mut wide = good.clone();
    wide.spec.encrypted_data = [("k".to_owned(), value.unwrap())].into();
    let (api, wide_api) = (space.sealed_secrets(), Api::all(space.client.clone()));
    for (name, wide) in [("good", &wide), ("bad", &bad)] {
        let object = cluster_sealed_secret(name, wide);
        let created = wide_api
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        assert_eq!(kstatus(&created).0, "InProgress", "{created:?}");
    }
    for sealed in [&good, &bad] {
        let applied = space.apply(sealed).await.unwrap();
        assert_eq!(kstatus(&applied).0, "InProgress", "{applied:?}");
    }
    for name in ["good", "bad"] {
        becomes(&api, name, "InProgress").await;
        becomes(&wide_api, name, "InProgress").await;
    }

    stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
    becomes(&api, "good", "Current").await;
    becomes(&wide_api, "good", "Current").await;
    let message = becomes(&api, "bad", "Failed").await;
    assert!(message.contains("restore that key"), "{message}");
    becomes(&wide_api, "bad", "Failed").await;

    // What changed is in progress until it is looked at.
    stage.controller.take().unwrap().terminate().unwrap();
    let change = json!({ "spec": { "deletionPolicy": "Retain" } });
    let changed = merge(&api, "good", change.clone()).await;
    assert_eq!(kstatus(&changed).0, "InProgress");
    let changed = merge(&wide_api, "good", change).await;
    assert_eq!(kstatus(&changed).0, "InProgress");
    stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
    becomes(&api, "good", "Current").await;
    becomes(&wide_api, "good", "Current").await;

    for name in ["good", "bad"] {
        terminates(&api, name).await;
        terminates(&wide_api, name).await;
    }
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// An admission webhook that nobody answers for makes the API server answer 500 to whoever writes a Secret.
#[tokio::test]
async fn what_is_tried_again_is_in_progress() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("retried").await.unwrap();
    let webhook: ValidatingWebhookConfiguration = serde_json::from_value(json!({
        "metadata": { "name": "nobody-answers" },
        "webhooks": [{
            "name": "nobody.example.com",
            "clientConfig": { "url": "https://127.0.0.1:1/" },
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"],
                "operations": ["CREATE", "UPDATE"],
            }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": space.namespace } },
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        }],
    }))
    .unwrap();
    let webhooks = Api::all(space.client.clone());
    let created = webhooks.create(&PostParams::default(), &webhook).await;
    created.unwrap();
    // The API server takes it up after a moment.
    wait::until("the webhook to be asked", async || {
        let probe = json!({ "metadata": { "name": "probe" } });
        let probe = serde_json::from_value(probe).unwrap();
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        match space.secrets().create(&dry, &probe).await {
            Err(error) if error.to_string().contains("nobody.example.com") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();

    let sealed = space.seal("db", &[("k", &plaintext("k"))]).await.unwrap();
    space.apply(&sealed).await.unwrap();
    space.refused("db", Reason::ApiError).await.unwrap();
    let api = space.sealed_secrets();
    let message = becomes(&api, "db", "InProgress").await;
    assert!(message.contains("tried again"), "{message}");

    delete(&webhooks, "nobody-answers").await;
    becomes(&api, "db", "Current").await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_sealing_key_is_current_when_it_is_as_someone_wants_it_and_failed_when_it_is_of_no_use() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("keys").await.unwrap();
    let keys: Api<SealingKey> = Api::namespaced(space.client.clone(), DEFAULT_NAMESPACE);
    let primary = stage.primary().await.unwrap().key_id().to_string();
    becomes(&keys, &primary, "Current").await;

    let alone = Identity::generate(Algorithm::X25519);
    let name = alone.key_id().to_string();
    let spec = SealingKeySpec {
        recipient: alone.recipient().to_string(),
        algorithm: Algorithm::X25519.into(),
        state: KeyState::Retired,
        escrow: None,
    };
    let key = SealingKey::new(&name, spec);
    let created = keys.create(&PostParams::default(), &key).await.unwrap();
    assert_eq!(kstatus(&created).0, "InProgress", "{created:?}");
    let message = becomes(&keys, &name, "Failed").await;
    assert!(message.contains("Restore the key Secret"), "{message}");
    // Someone says that it shall open nothing any more.
    let revoked = merge(&keys, &name, json!({ "spec": { "state": "Revoked" } })).await;
    assert_eq!(kstatus(&revoked).0, "InProgress", "{revoked:?}");
    becomes(&keys, &name, "Current").await;

    space.unseal("db", &[("k", &plaintext("k"))]).await.unwrap();
    delete(&keys, &primary).await;
    becomes(&keys, &primary, "Terminating").await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}
