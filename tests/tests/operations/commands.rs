//! `waxwing keys` on a real API server: list, rotate, retire, revoke, and who may do what.

use waxwing_api::{KeyState, Reason, names::DEFAULT_NAMESPACE};
use waxwing_tests::{Controller, Stage, Waxwing, canary::plaintext, wait};

use crate::operator::{Operator, printed_primary, states};

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
    assert!(error.contains("within 1s"), "{error}");
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
    let (identity, backup) = operator.exported_backup();

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
async fn an_ordinary_user_may_list_the_keys_and_is_told_what_else_would_need_a_permission() {
    let stage = Stage::own(&[]).await.unwrap();
    let id = stage.primary().await.unwrap().key_id().to_string();
    let user = Operator {
        waxwing: Waxwing::of_user(&stage.cluster),
        folder: tempfile::tempdir().unwrap(),
    };
    assert!(user.list().contains_key(&id));
    let (_, recipient) = user.recovery("recovery.txt");
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
    let (identity, backup) = admin.exported_backup();
    let error = user.refused(&["restore", "-i", &identity, &backup]);
    assert!(error.contains("no permission to list secrets"), "{error}");
    assert_eq!(states(&stage.cluster).await[&id], KeyState::Active);
}
