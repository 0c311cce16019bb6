//! The sealing keys of a cluster: made once, rolled over, retired, revoked and deleted.

use std::collections::BTreeSet;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use waxwing_api::{
    ConditionType, KeyState, Reason,
    names::{DEFAULT_NAMESPACE, KEY_SECRET_ITEM, KEY_SECRET_TYPE},
};
use waxwing_crypto::{Algorithm, Recipient};
use waxwing_tests::{
    Cluster, Controller, Space, Stage,
    canary::plaintext,
    keys::{key_secrets, sealing_keys},
    sealing,
    space::{condition, items},
    wait,
};

use crate::play_alone;

/// A key Secret as an administrator would put it in.
pub(crate) fn key_secret(name: &str, content: &str) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        type_: Some(KEY_SECRET_TYPE.to_owned()),
        data: Some([(KEY_SECRET_ITEM.to_owned(), ByteString(content.into()))].into()),
        ..Secret::default()
    }
}

pub(crate) async fn create_key_secret(client: &Client, secret: &Secret) {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    secrets
        .create(&PostParams::default(), secret)
        .await
        .unwrap();
}

pub(crate) async fn set_state(client: &Client, key: &Recipient, state: KeyState) {
    let patch = Patch::Merge(json!({ "spec": { "state": state } }));
    let name = key.key_id().to_string();
    sealing_keys(client)
        .patch(&name, &PatchParams::default(), &patch)
        .await
        .unwrap();
}

/// Waits until another key than `old` is primary.
pub(crate) async fn next_primary(stage: &Stage, old: &Recipient) -> Recipient {
    wait::until("another primary key", async || {
        match stage.primary().await {
            Ok(primary) if primary != *old => Ok(primary),
            Ok(_) => Err("the old one".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap()
}

/// Waits until a SealingKey of that key is there, in that state.
pub(crate) async fn published(client: &Client, key: &Recipient, state: KeyState) {
    wait::until("the SealingKey", async || {
        let name = key.key_id().to_string();
        let found = sealing_keys(client)
            .get_opt(&name)
            .await
            .map_err(|error| error.to_string())?;
        let found = found.ok_or("not there")?;
        if found.spec.state == state {
            Ok(())
        } else {
            Err(format!("{:?}", found.spec.state))
        }
    })
    .await
    .unwrap();
}

pub(crate) async fn apply_sealed_to(
    space: &Space,
    name: &str,
    secret: &[(&str, &str)],
    key: &Recipient,
) {
    space
        .apply(&sealing::sealed_secret(&space.namespace, name, secret, key).unwrap())
        .await
        .unwrap();
}

/// Has `db` unsealed, and returns its item `password`.
pub(crate) async fn unseal_db(space: &Space) -> String {
    let password = plaintext("p");
    space
        .unseal("db", &[("password", &password)])
        .await
        .unwrap();
    password
}

/// Deletes a Secret, not its SealedSecret.
pub(crate) async fn delete_secret(space: &Space, name: &str) {
    let secrets = space.secrets();
    secrets
        .delete(name, &DeleteParams::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_first_start_makes_one_key_with_an_immutable_private_half() {
    play_alone("first", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        assert_eq!(primary.algorithm(), Algorithm::MlKem768X25519);
        let keys = sealing_keys(&space.client)
            .list(&ListParams::default())
            .await
            .unwrap();
        assert_eq!(keys.items.len(), 1);
        assert_eq!(keys.items[0].name_any(), primary.key_id().to_string());

        let secrets = key_secrets(&space.client).await.unwrap();
        assert_eq!(secrets.len(), 1);
        assert_eq!(secrets[0].immutable, Some(true));
        assert!(
            secrets[0].owner_references().is_empty(),
            "deleting a SealingKey would delete its private half"
        );
        let identity =
            String::from_utf8(secrets[0].data.as_ref().unwrap()[KEY_SECRET_ITEM].0.clone())
                .unwrap();
        let identities = waxwing_crypto::parse_identity_file(&identity).unwrap();
        assert_eq!(*identities[0].recipient(), primary);
    })
    .await;
}

#[tokio::test]
async fn after_a_rollover_values_of_both_keys_open() {
    play_alone(
        "rollover",
        &["--key-rollover-period", "5s"],
        async |stage, space| {
            let [old_value, new_value] = ["old", "new"].map(plaintext);
            let old = stage.primary().await.unwrap();
            apply_sealed_to(space, "old", &[("password", &old_value)], &old).await;
            space.ready("old").await.unwrap();
            let new = next_primary(stage, &old).await;
            apply_sealed_to(space, "new", &[("password", &new_value)], &new).await;
            space.ready("new").await.unwrap();

            for name in ["old", "new"] {
                delete_secret(space, name).await;
            }
            space
                .holds("old", &[("password", &old_value)])
                .await
                .unwrap();
            space
                .holds("new", &[("password", &new_value)])
                .await
                .unwrap();
            wait::until("the older value to be stale", async || {
                let sealed = space
                    .sealed_secrets()
                    .get("old")
                    .await
                    .map_err(|error| error.to_string())?;
                let stale = condition(&sealed, ConditionType::Stale);
                if stale.as_ref().is_some_and(|c| c.status == "True") {
                    Ok(())
                } else {
                    Err(format!("{stale:?}"))
                }
            })
            .await
            .unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn every_key_of_several_rollovers_goes_on_opening_after_a_restart() {
    play_alone(
        "rollovers",
        &["--key-rollover-period", "2s", "--key-algorithm", "x25519"],
        async |stage, space| {
            let mut keys = vec![stage.primary().await.unwrap()];
            for _ in 0..3 {
                keys.push(next_primary(stage, keys.last().unwrap()).await);
            }
            let distinct: BTreeSet<_> = keys.iter().map(Recipient::key_id).collect();
            assert_eq!(distinct.len(), keys.len());
            stage.controller.take().unwrap().kill9();
            for (number, key) in keys.iter().enumerate() {
                apply_sealed_to(
                    space,
                    &format!("db-{number}"),
                    &[("number", &plaintext("n"))],
                    key,
                )
                .await;
            }
            stage.controller = Some(
                Controller::spawn(&stage.cluster, &["--key-rollover-period", "0"])
                    .await
                    .unwrap(),
            );
            for number in 0..keys.len() {
                space.ready(&format!("db-{number}")).await.unwrap();
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_retired_key_goes_on_opening_and_is_followed_by_a_new_primary() {
    play_alone("retired", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        set_state(&space.client, &old, KeyState::Retired).await;
        next_primary(stage, &old).await;
        apply_sealed_to(space, "db", &[("password", &plaintext("p"))], &old).await;
        space.ready("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_revoked_primary_is_followed_by_a_new_one_and_opens_nothing_any_more() {
    play_alone("revoked", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        let password = unseal_db(space).await;
        set_state(&space.client, &old, KeyState::Revoked).await;
        next_primary(stage, &old).await;

        space.refused("db", Reason::KeyRevoked).await.unwrap();
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &password)])
        );
        apply_sealed_to(space, "late", &[("password", &plaintext("late"))], &old).await;
        space.refused("late", Reason::KeyRevoked).await.unwrap();
        assert!(!space.has_secret("late").await.unwrap());
        space
            .unseal("new", &[("password", &plaintext("new"))])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sealing_key_deleted_by_hand_loses_no_private_key() {
    play_alone("key-deleted", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        let password = unseal_db(space).await;
        let name = old.key_id().to_string();
        sealing_keys(&space.client)
            .delete(&name, &DeleteParams::default())
            .await
            .unwrap();
        delete_secret(space, "db").await;
        space.holds("db", &[("password", &password)]).await.unwrap();
        let secrets = key_secrets(&space.client).await.unwrap();
        assert!(secrets.iter().any(|secret| secret.name_any() == name));
        space
            .unseal("after", &[("password", &plaintext("after"))])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn two_controllers_that_start_together_make_one_key() {
    let mut stage = Stage {
        controller: None,
        cluster: Cluster::installed().await.unwrap(),
    };
    let mut first = Controller::launch(&stage.cluster, &[]).unwrap();
    let mut second = Controller::launch(&stage.cluster, &[]).unwrap();
    first.ready().await.unwrap();
    second.ready().await.unwrap();
    let space = stage.space("two").await.unwrap();
    unseal_db(&space).await;
    assert_eq!(
        sealing_keys(&space.client)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    assert_eq!(key_secrets(&space.client).await.unwrap().len(), 1);
    stage.controller = Some(first);
    stage.assert_no_plaintext_leaked().await.unwrap();
}
