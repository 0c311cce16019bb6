//! Backups of the keys, and what becomes of them in another cluster.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use waxwing_api::{
    KeyState,
    names::{DEFAULT_NAMESPACE, KEY_SECRET_TYPE},
};
use waxwing_tests::{
    Cluster, Controller, Space, Stage, Terminal, Waxwing, canary::plaintext, wait,
};

use crate::operator::{Operator, printed_primary, states};

#[tokio::test]
async fn a_backup_refuses_a_key_without_escrow_and_an_exported_one_restores_all_keys() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("backup").await.unwrap();
    let first = stage.primary().await.unwrap();
    let early = space
        .seal("early", &[("k", &plaintext("early"))])
        .await
        .unwrap();
    let operator = Operator::of(&stage.cluster);
    let second = printed_primary(&operator.ok(&["rotate"]));
    let late = space
        .seal("late", &[("k", &plaintext("late"))])
        .await
        .unwrap();

    let error = operator.refused(&["backup"]);
    for key in [&first, &second] {
        let told = format!("SealingKey {} is not in escrow", key.key_id());
        assert!(error.contains(&told), "{error}");
    }
    let (identity, backup) = operator.exported_backup();
    let text = std::fs::read_to_string(&backup).unwrap();
    assert!(!text.contains("AGE-SECRET-KEY") && !text.contains("resourceVersion"));

    // The cluster is gone; nothing is left of it but the backup.
    drop(space);
    drop(stage);
    let cluster = Cluster::installed().await.unwrap();
    let operator = Operator {
        waxwing: Waxwing::of_admin(&cluster),
        ..operator
    };
    let restored = operator.run(&["restore", "-i", &identity, &backup]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    let again = operator.run(&["restore", "-i", &identity, &backup]);
    assert_eq!(
        again.stderr.matches("is there already").count(),
        2,
        "{}",
        again.stderr
    );
    let states = states(&cluster).await;
    assert_eq!(states[&first.key_id().to_string()], KeyState::Retired);
    assert_eq!(states[&second.key_id().to_string()], KeyState::Active);

    let controller = Controller::spawn(&cluster, &[]).await.unwrap();
    let stage = Stage {
        controller: Some(controller),
        cluster,
    };
    assert_eq!(stage.primary().await.unwrap(), second);
    for sealed in [early, late] {
        let space = Space {
            client: stage.cluster.client().await.unwrap(),
            namespace: sealed.metadata.namespace.clone().unwrap(),
        };
        ensure_namespace(&space).await;
        space.apply(&sealed).await.unwrap();
        space.ready(&sealed.metadata.name.unwrap()).await.unwrap();
    }
    stage.assert_no_plaintext_leaked().await.unwrap();
}

async fn ensure_namespace(space: &Space) {
    let namespaces: Api<Namespace> = Api::all(space.client.clone());
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": space.namespace },
    });
    namespaces
        .patch(
            &space.namespace,
            &PatchParams::apply("gitops"),
            &Patch::Apply(&namespace),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn restored_keys_leave_the_primary_alone_when_asked_to_and_what_is_in_their_way_is_named() {
    let stage = Stage::own(&[]).await.unwrap();
    let foreign = stage.primary().await.unwrap();
    let operator = Operator::of(&stage.cluster);
    let (identity, backup) = operator.exported_backup();

    let other = Stage::own(&[]).await.unwrap();
    let own = other.primary().await.unwrap();
    let admin = Operator::of(&other.cluster);
    admin.ok(&["restore", "--retired", "-i", &identity, &backup]);
    assert_eq!(other.primary().await.unwrap(), own);
    let id = foreign.key_id().to_string();
    assert_eq!(states(&other.cluster).await[&id], KeyState::Retired);

    let third = Cluster::installed().await.unwrap();
    create_opaque_secret(&third, &id).await;
    let error = Operator::of(&third).refused(&["restore", "-i", &identity, &backup]);
    assert!(error.contains("does not hold its private half"), "{error}");
    assert!(states(&third).await.is_empty());
}

#[tokio::test]
async fn a_revoked_key_is_restored_as_such_and_the_primary_stays_the_one_of_the_backup() {
    let stage = Stage::own(&[]).await.unwrap();
    let revoked = stage.primary().await.unwrap().key_id().to_string();
    let operator = Operator::of(&stage.cluster);
    let primary = printed_primary(&operator.ok(&["revoke", "--yes", &revoked]));
    let (identity, backup) = operator.exported_backup();

    let new = Stage::own(&[]).await.unwrap();
    let own = new.primary().await.unwrap();
    Operator::of(&new.cluster).ok(&["restore", "-i", &identity, &backup]);
    wait::until("the restored primary", async || match new.primary().await {
        Ok(found) if found == primary => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await
    .unwrap();
    let expected = BTreeMap::from([
        (revoked, KeyState::Revoked),
        (primary.key_id().to_string(), KeyState::Active),
        (own.key_id().to_string(), KeyState::Active),
    ]);
    assert_eq!(states(&new.cluster).await, expected);
}

/// A Secret of the key's type and name that holds no key.
async fn create_opaque_secret(cluster: &Cluster, name: &str) {
    let secrets: Api<Secret> = Api::namespaced(cluster.client().await.unwrap(), DEFAULT_NAMESPACE);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "type": KEY_SECRET_TYPE, "stringData": { "identity": "damaged" },
    });
    let secret = serde_json::from_value(secret).unwrap();
    secrets
        .create(&PostParams::default(), &secret)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_exported_key_is_encrypted_and_opens_sealed_files_offline() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("export").await.unwrap();
    let id = stage.primary().await.unwrap().key_id().to_string();
    let operator = Operator::of(&stage.cluster);
    let (identity, recipient) = operator.recovery("recovery.txt");
    let exported = operator.ok(&["export", &id, "-r", &recipient]);
    assert!(
        exported.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"),
        "{exported}"
    );

    let sealed = space.seal("db", &[("k", &plaintext("k"))]).await.unwrap();
    std::fs::write(operator.path("key.age"), &exported).unwrap();
    std::fs::write(
        operator.path("db.yaml"),
        serde_yaml::to_string(&sealed).unwrap(),
    )
    .unwrap();
    let terminal = Terminal::open(&stage.cluster, "export").unwrap();
    let opened = terminal
        .run(&format!(
            "cd '{}'; age -d -i '{identity}' key.age | waxwing unseal -i - -f db.yaml",
            operator.folder.path().display()
        ))
        .unwrap();
    let secret: Value = serde_yaml::from_str(&opened).unwrap();
    let value = secret["data"]["k"].as_str().unwrap();
    assert_eq!(
        BASE64_STANDARD.decode(value).unwrap(),
        plaintext("k").into_bytes()
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}
