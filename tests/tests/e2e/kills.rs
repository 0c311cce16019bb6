//! The controller killed again and again, while keys roll over, are revoked, and values are renewed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use kube::{
    ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use rand::{Rng, seq::SliceRandom};
use serde_json::json;
use waxwing_api::{
    ConditionType, KeyState, Reason, SealingKey,
    names::{PENDING_ANNOTATION, ROLLOVER_REQUESTED_ANNOTATION},
};
use waxwing_crypto::{KeyId, Recipient, SealedValue};
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    keys::{key_secrets, request_rollover, sealing_keys},
    sealing,
    space::{condition, items},
    wait,
};

use crate::{keys::set_state, play_alone};

const KILLS: usize = 200;

/// The Pod in which it starts again, so that it takes its Lease at once.
const POD: &str = "waxwing-controller-0";

/// No more than that many keys are revoked.
const REVOCATIONS: usize = 6;

/// What was done to the cluster, and is expected to come of it.
#[derive(Default)]
struct Play {
    /// Every object with its present key.
    objects: BTreeMap<String, KeyId>,
    revoked: BTreeSet<KeyId>,
    /// Every private half that was ever seen.
    private_halves: BTreeSet<String>,
    rollovers: usize,
    reseals: usize,
}

#[tokio::test]
async fn killed_two_hundred_times_it_never_disagrees_about_keys_nor_loses_one() {
    play_alone("kills", &["--key-rollover-period", "0"], async |stage, space| {
        stage.controller.take().unwrap().terminate().unwrap();
        let mut play = Play::default();
        let started = Instant::now();
        for round in 0..KILLS {
            let controller =
                Controller::launch_as(&stage.cluster, POD, &["--key-rollover-period", "0"]);
            stage.controller = Some(controller.unwrap());
            play.act(space, round).await;
            let moment = rand::thread_rng().gen_range(0..700);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            play.check(space).await;
            stage.controller.take().unwrap().kill9();
        }
        println!(
            "{KILLS} kills in {} s: {} objects, {} rollovers asked for, {} revocations, {} reseals, {} keys",
            started.elapsed().as_secs(),
            play.objects.len(),
            play.rollovers,
            play.revoked.len(),
            play.reseals,
            play.private_halves.len(),
        );
        let args = ["--key-rollover-period", "0"];
        stage.controller = Some(Controller::spawn(&stage.cluster, &args).await.unwrap());
        play.converges(stage, space).await;
    })
    .await;
}

impl Play {
    async fn act(&mut self, space: &Space, round: usize) {
        let Some(primary) = primary(space).await else {
            return;
        };
        let recipient: Recipient = primary.spec.recipient.parse().unwrap();
        let choice = rand::thread_rng().gen_range(0..10);
        match choice {
            0..=3 => self.apply(space, round, &recipient).await,
            4..=6 => self.reseal(space).await,
            9 if self.revoked.len() < REVOCATIONS && round.is_multiple_of(3) => {
                set_state(&space.client, &recipient, KeyState::Revoked).await;
                self.revoked.insert(recipient.key_id());
            }
            _ => {
                request_rollover(&space.client, &primary.name_any())
                    .await
                    .unwrap();
                self.rollovers += 1;
            }
        }
    }

    async fn apply(&mut self, space: &Space, round: usize, primary: &Recipient) {
        let name = format!("db-{round}");
        let value = plaintext(&name);
        let sealed =
            sealing::sealed_secret(&space.namespace, &name, &[("password", &value)], primary);
        space.apply(&sealed.unwrap()).await.unwrap();
        self.objects.insert(name, primary.key_id());
    }

    /// Copies a renewal into a spec, if there is one.
    async fn reseal(&mut self, space: &Space) {
        let names: Vec<&String> = self.objects.keys().collect();
        let Some(name) = names
            .choose(&mut rand::thread_rng())
            .map(|name| (*name).clone())
        else {
            return;
        };
        let sealed = space.sealed_secrets().get(&name).await.unwrap();
        let renewal = sealed.status.and_then(|status| status.renewal);
        let Some(renewed) =
            renewal.and_then(|renewal| renewal.encrypted_data.get("password").cloned())
        else {
            return;
        };
        let value = SealedValue::parse(&renewed).unwrap();
        let old = SealedValue::parse(&sealed.spec.encrypted_data["password"]).unwrap();
        assert!(value.is_rewrap_of(&old), "a renewal of another value");
        let patch = json!({ "spec": { "encryptedData": { "password": renewed } } });
        space
            .sealed_secrets()
            .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
        self.objects
            .insert(name, value.header().key_ids().next().unwrap());
        self.reseals += 1;
    }

    /// What must hold at every moment.
    async fn check(&mut self, space: &Space) {
        let secrets: BTreeSet<String> = key_secrets(&space.client)
            .await
            .unwrap()
            .iter()
            .map(ResourceExt::name_any)
            .collect();
        let lost: Vec<_> = self.private_halves.difference(&secrets).collect();
        assert!(lost.is_empty(), "private halves lost: {lost:?}");
        self.private_halves = secrets;
        if let Some(primary) = primary(space).await {
            let name = primary.name_any();
            // Listed after the key Secrets: one that was made meanwhile is looked for anew.
            let is_backed = self.private_halves.contains(&name)
                || key_secrets(&space.client)
                    .await
                    .unwrap()
                    .iter()
                    .any(|secret| secret.name_any() == name);
            assert!(is_backed, "primary {name} has no private half");
        }
    }

    /// What must come of it once the controller is left alone.
    async fn converges(&self, stage: &Stage, space: &Space) {
        let primary = wait::until("one primary, and no key half made", async || {
            let keys = sealing_keys(&space.client)
                .list(&ListParams::default())
                .await
                .map_err(|error| error.to_string())?;
            let primaries: Vec<&SealingKey> = keys.iter().filter(|key| says_primary(key)).collect();
            let secrets = key_secrets(&space.client).await.unwrap();
            let pending = secrets
                .iter()
                .filter(|secret| secret.annotations().contains_key(PENDING_ANNOTATION))
                .count();
            match primaries[..] {
                [primary]
                    if pending == 0
                        && keys.items.len() == secrets.len()
                        && is_settled(primary, &keys.items) =>
                {
                    Ok(primary.clone())
                }
                _ => Err(format!(
                    "{} primaries, {pending} pending, {} keys, {} private halves",
                    primaries.len(),
                    keys.items.len(),
                    secrets.len()
                )),
            }
        })
        .await
        .unwrap();
        let primary: Recipient = primary.spec.recipient.parse().unwrap();
        assert!(!self.revoked.contains(&primary.key_id()));
        assert_eq!(stage.primary().await.unwrap(), primary);
        for (name, key) in &self.objects {
            if self.revoked.contains(key) {
                space.refused(name, Reason::KeyRevoked).await.unwrap();
                continue;
            }
            space.ready(name).await.unwrap();
            assert_eq!(
                space.items(name).await.unwrap(),
                items(&[("password", &plaintext(name))])
            );
            wait::until(
                &format!("{name} to have the renewal that it needs"),
                async || {
                    let sealed = space
                        .sealed_secrets()
                        .get(name)
                        .await
                        .map_err(|error| error.to_string())?;
                    let stale = condition(&sealed, ConditionType::Stale);
                    let renewal = sealed.status.clone().and_then(|status| status.renewal);
                    let renewed = renewal.as_ref().and_then(|renewal| {
                        SealedValue::parse(renewal.encrypted_data.get("password")?).ok()
                    });
                    let renewed_for: Vec<KeyId> = renewed
                        .iter()
                        .flat_map(|value| value.header().key_ids())
                        .collect();
                    let says = stale.map(|stale| stale.status);
                    let expected = if *key == primary.key_id() {
                        says.as_deref() == Some("False") && renewal.is_none()
                    } else {
                        says.as_deref() == Some("True") && renewed_for == [primary.key_id()]
                    };
                    if expected {
                        Ok(())
                    } else {
                        Err(format!("stale: {says:?}, renewed for {renewed_for:?}"))
                    }
                },
            )
            .await
            .unwrap();
        }
    }
}

fn says_primary(key: &SealingKey) -> bool {
    key.spec.state == KeyState::Active && key.status.as_ref().is_some_and(|status| status.primary)
}

/// Whether no other primary is to come: no rollover is asked for, and no newer key was revoked.
fn is_settled(primary: &SealingKey, all: &[SealingKey]) -> bool {
    let age = |key: &SealingKey| (key.creation_timestamp(), key.name_any());
    !primary
        .annotations()
        .contains_key(ROLLOVER_REQUESTED_ANNOTATION)
        && all.iter().all(|key| age(key) <= age(primary))
}

/// The key that a sealer takes: the newest of those that say that they are primary.
async fn primary(space: &Space) -> Option<SealingKey> {
    let keys = sealing_keys(&space.client)
        .list(&ListParams::default())
        .await
        .unwrap();
    keys.items
        .into_iter()
        .filter(says_primary)
        .max_by_key(|key| (key.creation_timestamp(), key.name_any()))
}
