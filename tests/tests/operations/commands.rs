//! `waxwing keys` on a real API server.

use std::collections::BTreeMap;

use kube::{Api, api::ListParams};
use serde_json::Value;
use waxwing_api::{KeyState, Reason, SealingKey, names::DEFAULT_NAMESPACE};
use waxwing_crypto::{Algorithm, Identity, Recipient};
use waxwing_tests::{Cluster, Controller, Run, Stage, Waxwing, canary::plaintext, wait};

/// A folder for files, and the admin who runs `waxwing keys` on a cluster.
struct Operator {
    waxwing: Waxwing,
    folder: tempfile::TempDir,
}

impl Operator {
    fn of(cluster: &Cluster) -> Self {
        Self {
            waxwing: Waxwing::of_admin(cluster),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A recovery identity in a file, and its recipient.
    fn recovery(&self, name: &str) -> (String, String) {
        let identity = Identity::generate(Algorithm::MlKem768X25519);
        let path = self.path(name);
        std::fs::write(&path, &*identity.to_secret_string()).unwrap();
        (path, identity.recipient().to_string())
    }

    fn run(&self, args: &[&str]) -> Run {
        let args = [&["keys"], args].concat();
        self.waxwing.run(&args, "").unwrap()
    }

    /// What a run that goes well prints on standard output.
    fn ok(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
        run.stdout
    }

    /// What a run that is refused says.
    fn refused(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
        run.stderr
    }

    /// The keys, by id.
    fn list(&self) -> BTreeMap<String, Value> {
        let keys: Vec<Value> = serde_json::from_str(&self.ok(&["list", "-o", "json"])).unwrap();
        keys.into_iter()
            .map(|key| (key["id"].as_str().unwrap().to_owned(), key))
            .collect()
    }
}

async fn states(cluster: &Cluster) -> BTreeMap<String, KeyState> {
    let client = cluster.client().await.unwrap();
    let keys: Api<SealingKey> = Api::namespaced(client, DEFAULT_NAMESPACE);
    let keys = keys.list(&ListParams::default()).await.unwrap();
    keys.into_iter()
        .map(|key| (key.metadata.name.unwrap(), key.spec.state))
        .collect()
}

/// What `rotate`, `retire` and `revoke` print: an age recipients file.
fn printed_primary(text: &str) -> Recipient {
    let (comment, recipient) = text.trim_end().split_once('\n').unwrap();
    let recipient: Recipient = recipient.parse().unwrap();
    assert_eq!(comment, format!("# primary key {}", recipient.key_id()));
    recipient
}

#[tokio::test]
async fn a_rotation_prints_the_new_primary_and_both_keys_open() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("rotate").await.unwrap();
    let first = stage.primary().await.unwrap();
    let early = space
        .seal("early", &[("k", &plaintext("early"))])
        .await
        .unwrap();

    let operator = Operator::of(&stage.cluster);
    let second = printed_primary(&operator.ok(&["rotate"]));
    assert_ne!(second, first);
    assert_eq!(stage.primary().await.unwrap(), second);
    space.apply(&early).await.unwrap();
    space.ready("early").await.unwrap();
    space
        .unseal("late", &[("k", &plaintext("late"))])
        .await
        .unwrap();

    let keys = operator.list();
    assert_eq!(keys.len(), 2);
    for (key, primary) in [(&first, false), (&second, true)] {
        let listed = &keys[&key.key_id().to_string()];
        assert_eq!(listed["primary"], primary, "{listed}");
        assert_eq!(listed["loaded"], true, "{listed}");
        assert_eq!(listed["state"], "Active", "{listed}");
        assert_eq!(listed["recipient"], key.to_string(), "{listed}");
    }
    let table = operator.ok(&["list"]);
    assert!(table.starts_with("ID "), "{table}");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_rotation_that_nobody_carries_out_says_so_and_stays_requested() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let first = stage.primary().await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();
    let operator = Operator::of(&stage.cluster);
    let error = operator.refused(&["rotate", "--timeout", "1s"]);
    assert!(error.contains("within 1 seconds"), "{error}");
    assert!(error.contains("the request stands"), "{error}");

    stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
    wait::until("the requested primary key", async || {
        match stage.primary().await {
            Ok(primary) if primary != first => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_key_is_retired_and_another_one_becomes_primary() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("retire").await.unwrap();
    let first = stage.primary().await.unwrap();
    let id = first.key_id().to_string();
    let sealed = space.seal("db", &[("k", &plaintext("k"))]).await.unwrap();

    let operator = Operator::of(&stage.cluster);
    let second = printed_primary(&operator.ok(&["retire", &id[..8]]));
    assert_ne!(second, first);
    assert_eq!(states(&stage.cluster).await[&id], KeyState::Retired);
    assert_eq!(operator.ok(&["retire", &id]), "");
    space.apply(&sealed).await.unwrap();
    space.ready("db").await.unwrap();

    let error = operator.refused(&["retire", "0000"]);
    assert!(error.contains(&id), "{error}");
}

#[tokio::test]
async fn a_revocation_asks_first_and_is_for_ever() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("revoke").await.unwrap();
    let first = stage.primary().await.unwrap();
    let id = first.key_id().to_string();
    space.unseal("db", &[("k", &plaintext("k"))]).await.unwrap();

    let operator = Operator::of(&stage.cluster);
    let (identity, recipient) = operator.recovery("recovery.txt");
    let backup = operator.path("keys.yaml");
    operator.ok(&[
        "backup",
        "--identity-export",
        "-r",
        &recipient,
        "-o",
        &backup,
    ]);

    let error = operator.refused(&["revoke", &id]);
    assert!(error.contains("give --yes"), "{error}");
    assert!(error.contains("the primary key"), "{error}");
    assert_eq!(states(&stage.cluster).await[&id], KeyState::Active);

    let second = printed_primary(&operator.ok(&["revoke", "--yes", &id]));
    assert_ne!(second, first);
    space.refused("db", Reason::KeyRevoked).await.unwrap();
    space.holds("db", &[("k", &plaintext("k"))]).await.unwrap();
    assert_eq!(operator.ok(&["revoke", &id]), "");
    assert!(operator.refused(&["retire", &id]).contains("stays so"));

    // A backup from before the revocation brings nothing back.
    let restored = operator.run(&["restore", "-i", &identity, &backup]);
    assert!(
        restored.stderr.contains("is there already"),
        "{}",
        restored.stderr
    );
    assert_eq!(states(&stage.cluster).await[&id], KeyState::Revoked);
    space.refused("db", Reason::KeyRevoked).await.unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

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
    let (identity, recipient) = operator.recovery("recovery.txt");
    let backup = operator.path("keys.yaml");
    operator.ok(&[
        "backup",
        "--identity-export",
        "-r",
        &recipient,
        "-o",
        &backup,
    ]);
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
        let space = waxwing_tests::Space {
            client: stage.cluster.client().await.unwrap(),
            namespace: sealed.metadata.namespace.clone().unwrap(),
        };
        ensure_namespace(&space).await;
        space.apply(&sealed).await.unwrap();
        space.ready(&sealed.metadata.name.unwrap()).await.unwrap();
    }
    stage.assert_no_plaintext_leaked().await.unwrap();
}

async fn ensure_namespace(space: &waxwing_tests::Space) {
    use k8s_openapi::api::core::v1::Namespace;
    use kube::api::{Patch, PatchParams};
    let namespaces: Api<Namespace> = Api::all(space.client.clone());
    let namespace = serde_json::json!({
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
    let (identity, recipient) = operator.recovery("recovery.txt");
    let backup = operator.path("keys.yaml");
    operator.ok(&[
        "backup",
        "--identity-export",
        "-r",
        &recipient,
        "-o",
        &backup,
    ]);

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
    let (identity, recipient) = operator.recovery("recovery.txt");
    let backup = operator.path("keys.yaml");
    operator.ok(&[
        "backup",
        "--identity-export",
        "-r",
        &recipient,
        "-o",
        &backup,
    ]);

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
    use k8s_openapi::api::core::v1::Secret;
    let secrets: Api<Secret> = Api::namespaced(cluster.client().await.unwrap(), DEFAULT_NAMESPACE);
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "type": waxwing_api::names::KEY_SECRET_TYPE, "stringData": { "identity": "damaged" },
    });
    let secret = serde_json::from_value(secret).unwrap();
    secrets
        .create(&kube::api::PostParams::default(), &secret)
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
    let terminal = waxwing_tests::Terminal::open(&stage.cluster, "export").unwrap();
    let opened = terminal
        .run(&format!(
            "cd '{}'; age -d -i '{identity}' key.age | waxwing unseal -i - -f db.yaml",
            operator.folder.path().display()
        ))
        .unwrap();
    let secret: Value = serde_yaml::from_str(&opened).unwrap();
    let value = secret["data"]["k"].as_str().unwrap();
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    assert_eq!(
        BASE64_STANDARD.decode(value).unwrap(),
        plaintext("k").into_bytes()
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn an_ordinary_user_may_list_the_keys_and_is_told_what_else_would_need_a_permission() {
    let stage = Stage::own(&[]).await.unwrap();
    let id = stage.primary().await.unwrap().key_id().to_string();
    let user = Operator {
        waxwing: Waxwing::of_user(&stage.cluster),
        folder: tempfile::tempdir().unwrap(),
    };
    assert!(user.list().contains_key(&id));
    let (identity, recipient) = user.recovery("recovery.txt");
    let in_namespace = format!("in namespace {DEFAULT_NAMESPACE}");
    for (args, permission) in [
        (&["rotate"][..], "patch sealingkeys.waxwing.dev"),
        (&["retire", &id], "patch sealingkeys.waxwing.dev"),
        (&["revoke", "--yes", &id], "patch sealingkeys.waxwing.dev"),
        (&["export", &id, "-r", &recipient], "list secrets"),
        (
            &["backup", "--identity-export", "-r", &recipient],
            "list secrets",
        ),
    ] {
        let error = user.refused(args);
        let told = format!("no permission to {permission} {in_namespace}");
        assert!(error.contains(&told), "{told} in {error}");
    }
    let admin = Operator::of(&stage.cluster);
    let backup = user.path("keys.yaml");
    admin.ok(&[
        "backup",
        "--identity-export",
        "-r",
        &recipient,
        "-o",
        &backup,
    ]);
    let error = user.refused(&["restore", "-i", &identity, &backup]);
    assert!(error.contains("no permission to list secrets"), "{error}");
    assert_eq!(states(&stage.cluster).await[&id], KeyState::Active);
}
