//! Sealing keys from their first day to their last: taken over from, retired, revoked, deleted.

use k8s_openapi::api::core::v1::{Event, Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PostParams},
};
use waxwing_api::{
    KeyConditionType, KeyReason, KeyState, Reason, SealingKey, SealingKeySpec,
    names::DEFAULT_NAMESPACE,
};
use waxwing_crypto::{Algorithm, Identity, Recipient};
use waxwing_tests::{
    Stage,
    canary::plaintext,
    keys::{request_rollover, sealing_keys},
    kustomize,
    space::items,
    wait,
};

use crate::{
    keys::{
        apply_sealed_to, create_key_secret, delete_secret, key_secret, next_primary, set_state,
        unseal_db,
    },
    play_alone,
    renewal::{renewed, reseal},
};

/// Asks for a new primary, and returns it.
pub(crate) async fn roll_over(stage: &Stage, old: &Recipient) -> Recipient {
    let client = stage.cluster.client().await.unwrap();
    request_rollover(&client, &old.key_id().to_string())
        .await
        .unwrap();
    next_primary(stage, old).await
}

/// Whether a condition of a SealingKey is True, and its reason.
pub(crate) fn key_condition(key: &SealingKey, type_: KeyConditionType) -> Option<(bool, String)> {
    let conditions = &key.status.as_ref()?.conditions;
    conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
        .map(|condition| (condition.status == "True", condition.reason.clone()))
}

/// Waits until the SealingKey is as `test` says.
pub(crate) async fn key_becomes(
    client: &Client,
    name: &str,
    what: &str,
    test: impl Fn(&SealingKey) -> bool,
) -> SealingKey {
    wait::until(
        &format!("SealingKey {name} to be {what}"),
        async || match sealing_keys(client).get_opt(name).await {
            Ok(Some(key)) if test(&key) => Ok(key),
            Ok(key) => Err(format!("{:?}", key.map(|key| (key.spec.state, key.status)))),
            Err(error) => Err(error.to_string()),
        },
    )
    .await
    .unwrap()
}

async fn has_dependents(client: &Client, key: &Recipient, count: i64) -> SealingKey {
    let name = key.key_id().to_string();
    key_becomes(client, &name, &format!("needed by {count}"), |key| {
        key.status.as_ref().and_then(|status| status.dependents) == Some(count)
    })
    .await
}

async fn key_gone(client: &Client, name: &str) {
    wait::until(
        &format!("SealingKey {name} to be gone"),
        async || match sealing_keys(client).get_opt(name).await {
            Ok(None) => Ok(()),
            Ok(Some(key)) => Err(format!("{:?}", key.metadata)),
            Err(error) => Err(error.to_string()),
        },
    )
    .await
    .unwrap();
}

fn private_halves(client: &Client) -> Api<Secret> {
    Api::namespaced(client.clone(), DEFAULT_NAMESPACE)
}

#[tokio::test]
async fn after_three_rollovers_and_a_reseal_the_old_keys_are_not_needed_any_more() {
    play_alone("four-keys", &[], async |stage, space| {
        let mut keys = vec![stage.primary().await.unwrap()];
        for _ in 0..3 {
            keys.push(roll_over(stage, keys.last().unwrap()).await);
        }
        let name = |number: usize| format!("db-{number}");
        let value = |number: usize| plaintext(&format!("value-{number}"));
        for (number, key) in keys.iter().enumerate() {
            apply_sealed_to(space, &name(number), &[("password", &value(number))], key).await;
        }
        for number in 0..keys.len() {
            space.ready(&name(number)).await.unwrap();
        }
        for key in &keys {
            has_dependents(&space.client, key, 1).await;
        }

        let (newest, old) = keys.split_last().unwrap();
        for number in 0..old.len() {
            let sealed = renewed(space, &name(number), newest).await;
            reseal(space, &sealed).await;
        }
        has_dependents(&space.client, newest, 4).await;
        for key in old {
            let id = key.key_id().to_string();
            has_dependents(&space.client, key, 0).await;
            let secrets = private_halves(&space.client);
            secrets.delete(&id, &DeleteParams::default()).await.unwrap();
            sealing_keys(&space.client)
                .delete(&id, &DeleteParams::default())
                .await
                .unwrap();
            key_gone(&space.client, &id).await;
        }
        for number in 0..keys.len() {
            delete_secret(space, &name(number)).await;
            let expected = value(number);
            space
                .holds(&name(number), &[("password", &expected)])
                .await
                .unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_sealing_key_that_is_needed_outlives_its_deletion() {
    play_alone("needed", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        unseal_db(space).await;
        roll_over(stage, &old).await;
        let before = has_dependents(&space.client, &old, 1).await;
        let id = old.key_id().to_string();
        sealing_keys(&space.client)
            .delete(&id, &DeleteParams::default())
            .await
            .unwrap();
        // Time enough for a controller that let it go to have done so.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let kept = sealing_keys(&space.client).get(&id).await.unwrap();
        assert_eq!(kept.uid(), before.uid());
        assert!(kept.metadata.deletion_timestamp.is_some());

        // With its last dependent it goes, and comes back as Retired: its private half is there still.
        space.delete("db").await.unwrap();
        let back = key_becomes(&space.client, &id, "published anew", |key| {
            key.uid() != before.uid()
        })
        .await;
        assert_eq!(back.spec.state, KeyState::Retired);
    })
    .await;
}

#[tokio::test]
async fn a_compromised_primary_has_a_successor_before_it_stops_opening() {
    play_alone("compromised", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        let password = unseal_db(space).await;
        set_state(&space.client, &old, KeyState::Revoked).await;
        let id = old.key_id().to_string();
        wait::until("the key to be revoked", async || {
            let keys = sealing_keys(&space.client)
                .list(&ListParams::default())
                .await
                .map_err(|error| error.to_string())?;
            let find = |key: &&SealingKey| key.name_any() == id;
            let loaded = keys
                .items
                .iter()
                .find(find)
                .and_then(|key| key_condition(key, KeyConditionType::Loaded));
            let has_successor = keys.items.iter().any(|key| {
                key.name_any() != id && key.status.as_ref().is_some_and(|status| status.primary)
            });
            match loaded {
                Some((false, reason)) if reason == KeyReason::Revoked.as_str() => {
                    assert!(has_successor, "revoked without a successor");
                    Ok(())
                }
                other => Err(format!("{other:?}")),
            }
        })
        .await
        .unwrap();

        space.refused("db", Reason::KeyRevoked).await.unwrap();
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &password)]),
            "the Secret that exists is left alone"
        );
        let new = space
            .unseal("new", &[("password", &plaintext("new"))])
            .await
            .unwrap();
        assert!(!new.status.unwrap().key_ids.contains(&id));
    })
    .await;
}

#[tokio::test]
async fn old_keys_are_retired_and_deleted_only_when_nothing_needs_them_and_it_is_allowed() {
    let args = [
        "--key-rollover-period",
        "0",
        "--key-retire-after",
        "1s",
        "--key-delete-unused-after",
        "2s",
    ];
    play_alone("deletion", &args, async |stage, space| {
        let old = stage.primary().await.unwrap();
        let id = old.key_id().to_string();
        unseal_db(space).await;
        let new = roll_over(stage, &old).await;
        key_becomes(&space.client, &id, "Retired", |key| {
            key.spec.state == KeyState::Retired
        })
        .await;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        let secrets = private_halves(&space.client);
        assert!(
            secrets.get_opt(&id).await.unwrap().is_some(),
            "it is needed"
        );

        let sealed = renewed(space, "db", &new).await;
        reseal(space, &sealed).await;
        let controller = stage.controller.as_ref().unwrap();
        controller
            .logged(&["may not delete secrets"])
            .await
            .unwrap();
        assert!(secrets.get_opt(&id).await.unwrap().is_some());
        for object in kustomize::with_components(&["key-deletion"]).unwrap() {
            kustomize::apply(&space.client, &object).await.unwrap();
        }
        key_gone(&space.client, &id).await;
        assert!(secrets.get_opt(&id).await.unwrap().is_none());
        space.ready("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sealing_key_without_its_private_half_is_not_used_and_an_event_says_so() {
    play_alone("by-hand", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        let [alone, mismatched, other] =
            [0; 3].map(|_| Identity::generate(Algorithm::MlKem768X25519));
        let misnamed = key_secret(
            &mismatched.key_id().to_string(),
            other.to_secret_string().as_str(),
        );
        create_key_secret(&space.client, &misnamed).await;
        for (identity, reason) in [
            (&alone, KeyReason::PrivateHalfMissing),
            (&mismatched, KeyReason::PrivateHalfMismatch),
        ] {
            let name = identity.key_id().to_string();
            let spec = SealingKeySpec {
                recipient: identity.recipient().to_string(),
                algorithm: Algorithm::MlKem768X25519.into(),
                state: KeyState::Active,
                escrow: None,
            };
            sealing_keys(&space.client)
                .create(&PostParams::default(), &SealingKey::new(&name, spec))
                .await
                .unwrap();
            let key = key_becomes(&space.client, &name, reason.as_str(), |key| {
                key_condition(key, KeyConditionType::Loaded)
                    == Some((false, reason.as_str().to_owned()))
            })
            .await;
            assert!(!key.status.unwrap().primary);
            let events: Api<Event> = Api::namespaced(space.client.clone(), DEFAULT_NAMESPACE);
            wait::until("an event", async || {
                let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
                let events = events
                    .list(&about)
                    .await
                    .map_err(|error| error.to_string())?;
                let reasons: Vec<_> = events.iter().map(|event| event.reason.clone()).collect();
                if reasons.contains(&Some(reason.as_str().to_owned())) {
                    Ok(())
                } else {
                    Err(format!("{reasons:?}"))
                }
            })
            .await
            .unwrap();
        }
        let metrics = stage.controller.as_ref().unwrap().metrics().await.unwrap();
        for line in [
            "waxwing_keys{state=\"Missing\"} 1",
            "waxwing_keys{state=\"Mismatch\"} 1",
        ] {
            assert!(metrics.lines().any(|found| found == line), "{metrics}");
        }
        assert_eq!(stage.primary().await.unwrap(), primary);
        unseal_db(space).await;
    })
    .await;
}
