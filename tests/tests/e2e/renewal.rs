//! Renewals: stale values, rewrapped for the primary in the status, for Git to carry.

use std::time::{Instant, SystemTime};

use kube::{
    ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use waxwing_api::{ConditionType, KeyConditionType, KeyReason, KeyState, SealedSecret};
use waxwing_crypto::{Place, Recipient, ScopeKind, SealedValue};
use waxwing_tests::{Controller, Space, canary::plaintext, sealing, space::condition, wait};

use crate::{
    keys::{apply_sealed_to, next_primary, set_state},
    lifecycle::{key_becomes, key_condition, roll_over},
    play_alone,
};

/// Waits until the status holds every item of the SealedSecret, sealed to that key alone.
pub(crate) async fn renewed(space: &Space, name: &str, key: &Recipient) -> SealedSecret {
    wait::until(&format!("a renewal of {name}"), async || {
        let sealed = space
            .sealed_secrets()
            .get(name)
            .await
            .map_err(|error| error.to_string())?;
        let status = sealed.status.clone().unwrap_or_default();
        let renewal = status.renewal.unwrap_or_default().encrypted_data;
        let is_whole = sealed.spec.encrypted_data.iter().all(|(item, old)| {
            renewal.get(item).is_some_and(|new| {
                let [old, new] = [old, new].map(|text| SealedValue::parse(text).unwrap());
                new.is_rewrap_of(&old) && new.header().key_ids().eq([key.key_id()])
            })
        });
        if is_whole {
            Ok(sealed)
        } else {
            Err(format!(
                "items {:?}, {:?}",
                renewal.keys(),
                status.conditions
            ))
        }
    })
    .await
    .unwrap()
}

/// Copies the renewal into the spec, as `waxwing reseal` and a `git push` would, and waits until all is
/// well.
pub(crate) async fn reseal(space: &Space, sealed: &SealedSecret) {
    let name = sealed.name_any();
    let renewal = sealed.status.clone().unwrap().renewal.unwrap();
    let mut resealed = SealedSecret::new(&name, sealed.spec.clone());
    resealed.metadata.namespace = Some(space.namespace.clone());
    resealed.spec.encrypted_data.extend(renewal.encrypted_data);
    space.apply(&resealed).await.unwrap();
    space.ready(&name).await.unwrap();
    wait::until(&format!("{name} not to be stale"), async || {
        let sealed = space
            .sealed_secrets()
            .get(&name)
            .await
            .map_err(|error| error.to_string())?;
        let stale = condition(&sealed, ConditionType::Stale);
        let renewal = sealed.status.and_then(|status| status.renewal);
        match stale {
            Some(stale) if stale.status == "False" && renewal.is_none() => Ok(()),
            other => Err(format!("{other:?}, renewal: {}", renewal.is_some())),
        }
    })
    .await
    .unwrap();
}

async fn version(space: &Space, name: &str) -> Option<String> {
    let sealed = space.sealed_secrets().get(name).await.unwrap();
    sealed.resource_version()
}

#[tokio::test]
async fn a_renewal_is_written_once_for_each_primary_and_never_touches_the_secret() {
    play_alone("renewals", &[], async |stage, space| {
        let first = stage.primary().await.unwrap();
        let password = plaintext("p");
        let pairs = [("user", "app"), ("password", password.as_str())];
        apply_sealed_to(space, "db", &pairs, &first).await;
        space.ready("db").await.unwrap();
        let secret = space.secret("db").await.unwrap().resource_version();

        let second = roll_over(stage, &first).await;
        renewed(space, "db", &second).await;
        let written = version(space, "db").await;
        stage.controller.take().unwrap().terminate().unwrap();
        stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
        space
            .unseal("other", &[("password", &plaintext("other"))])
            .await
            .unwrap();
        // Time enough for a controller that wrote it anew to have done so.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(version(space, "db").await, written);

        let third = roll_over(stage, &second).await;
        let sealed = renewed(space, "db", &third).await;
        assert_eq!(
            space.secret("db").await.unwrap().resource_version(),
            secret,
            "the Secret was written again"
        );
        reseal(space, &sealed).await;
        space.holds("db", &pairs).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_changed_value_gets_a_renewal_of_its_own() {
    play_alone("changed", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        space
            .unseal("db", &[("password", &plaintext("one")), ("user", "app")])
            .await
            .unwrap();
        let new = roll_over(stage, &old).await;
        renewed(space, "db", &new).await;
        apply_sealed_to(space, "db", &[("password", &plaintext("two"))], &old).await;
        space.ready("db").await.unwrap();
        wait::until("the renewal of the new value", async || {
            let sealed = space
                .sealed_secrets()
                .get("db")
                .await
                .map_err(|error| error.to_string())?;
            let renewal = sealed.status.and_then(|status| status.renewal);
            let renewal = renewal.unwrap_or_default().encrypted_data;
            let [value, renewed] = [&sealed.spec.encrypted_data, &renewal]
                .map(|items| SealedValue::parse(items.get("password").map_or("", String::as_str)));
            match (value, renewed) {
                (Ok(value), Ok(renewed)) if renewed.is_rewrap_of(&value) => {
                    assert_eq!(renewal.len(), 1, "the item that went is renewed still");
                    Ok(())
                }
                _ => Err(format!("items {:?}", renewal.keys())),
            }
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_goes_from_a_value_that_the_primary_opens_too() {
    play_alone("beside-revoked", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        set_state(&space.client, &old, KeyState::Revoked).await;
        let new = next_primary(stage, &old).await;
        let id = old.key_id().to_string();
        key_becomes(&space.client, &id, "revoked", |key| {
            let reason = KeyReason::Revoked.as_str().to_owned();
            key_condition(key, KeyConditionType::Loaded) == Some((false, reason))
        })
        .await;

        let password = plaintext("p");
        let place = Place {
            namespace: &space.namespace,
            name: "db",
            item: "password",
        };
        let scope = ScopeKind::Strict.at(&place);
        let both = [old, new.clone()];
        let value =
            SealedValue::seal(password.as_bytes(), &scope, &both, SystemTime::now()).unwrap();
        let mut sealed = sealing::sealed_secret(&space.namespace, "db", &[], &new).unwrap();
        let items = &mut sealed.spec.encrypted_data;
        items.insert("password".to_owned(), value.to_base64());
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();

        let sealed = renewed(space, "db", &new).await;
        reseal(space, &sealed).await;
        space.holds("db", &[("password", &password)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_object_too_large_for_its_renewal_says_so_and_stays_ready() {
    play_alone("too-large", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        let large = plaintext("large").repeat(600_000 / plaintext("large").len());
        apply_sealed_to(space, "large", &[("file", &large)], &old).await;
        space.ready("large").await.unwrap();
        roll_over(stage, &old).await;
        let sealed = wait::until("the condition to say so", async || {
            let sealed = space
                .sealed_secrets()
                .get("large")
                .await
                .map_err(|error| error.to_string())?;
            match condition(&sealed, ConditionType::Stale) {
                Some(stale) if stale.message.contains("too large") => Ok(sealed),
                other => Err(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
        assert_eq!(sealed.status.unwrap().renewal, None);
        space.ready("large").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rollover_with_many_objects_does_not_hold_up_unsealing() {
    const OBJECTS: usize = 500;
    let args = ["--key-algorithm", "x25519"];
    play_alone("crowd", &args, async |stage, space| {
        let old = stage.primary().await.unwrap();
        for number in 0..OBJECTS {
            let name = format!("db-{number}");
            let value = plaintext(&name);
            let sealed =
                sealing::sealed_secret(&space.namespace, &name, &[("p", &value)], &old).unwrap();
            space
                .sealed_secrets()
                .patch(&name, &PatchParams::apply("gitops"), &Patch::Apply(&sealed))
                .await
                .unwrap();
        }
        for number in 0..OBJECTS {
            space.ready(&format!("db-{number}")).await.unwrap();
        }
        let new = roll_over(stage, &old).await;
        let started = Instant::now();
        apply_sealed_to(space, "urgent", &[("p", &plaintext("urgent"))], &new).await;
        space.ready("urgent").await.unwrap();
        let urgent = started.elapsed();
        let sealed = space
            .sealed_secrets()
            .list(&ListParams::default())
            .await
            .unwrap();
        let done = sealed.iter().filter(|sealed| {
            let status = sealed.status.as_ref();
            status.is_some_and(|status| status.renewal.is_some())
        });
        assert!(
            done.count() < OBJECTS,
            "it was unsealed only after all renewals"
        );
        for number in 0..OBJECTS {
            renewed(space, &format!("db-{number}"), &new).await;
        }
        println!(
            "after the rollover: a new object was Ready after {urgent:?}, {OBJECTS} renewals were there after {:?}",
            started.elapsed()
        );
    })
    .await;
}
