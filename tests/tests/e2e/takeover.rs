//! Two replicas: one acts, and the other one takes over, whatever becomes of the first.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use waxwing_tests::{Cluster, Controller, Space, Stage, canary::plaintext, wait};

/// Objects enough that a leader that goes on has something to write at once.
const OBJECTS: usize = 20;

/// A cluster with two replicas; the first leads.
async fn replicas() -> (Stage, Controller) {
    let cluster = Cluster::installed().await.unwrap();
    let first = Controller::spawn(&cluster, &[]).await.unwrap();
    first.to_lead().await.unwrap();
    let second = Controller::spawn(&cluster, &[]).await.unwrap();
    assert!(!second.leads().await.unwrap(), "two replicas lead");
    let controller = Some(second);
    (
        Stage {
            controller,
            cluster,
        },
        first,
    )
}

async fn unseal(space: &Space, name: &str) {
    space
        .unseal(name, &[("password", &plaintext(name))])
        .await
        .unwrap();
}

/// Waits until the second replica has unsealed, and tells how long that took.
async fn takes_over(stage: &Stage, space: &Space, name: &str, what: &str) {
    let started = Instant::now();
    stage.controller.as_ref().unwrap().to_lead().await.unwrap();
    let leads = started.elapsed();
    unseal(space, name).await;
    println!(
        "{what}: led after {leads:.2?}, first Secret after {:.2?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn after_a_clean_stop_the_other_replica_takes_over_at_once() {
    let (stage, first) = replicas().await;
    let space = stage.space("stopped").await.unwrap();
    unseal(&space, "one").await;
    first.terminate().unwrap();
    takes_over(&stage, &space, "two", "stopped").await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn after_a_kill_the_other_replica_takes_over_when_the_lease_has_run_out() {
    let (stage, first) = replicas().await;
    let space = stage.space("killed").await.unwrap();
    unseal(&space, "one").await;
    first.kill9();
    takes_over(&stage, &space, "two", "killed").await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// A replica that stands still hears, when it goes on, of objects that came meanwhile before it hears
/// that they are gone and that it leads no more. What it would write for them is seen by the uid of its
/// owner, which is gone.
#[tokio::test]
async fn a_leader_that_stood_still_for_longer_than_its_lease_writes_nothing_afterwards() {
    let (stage, first) = replicas().await;
    let space = stage.space("paused").await.unwrap();
    unseal(&space, "one").await;
    first.pause();
    takes_over(&stage, &space, "two", "paused").await;
    let names: Vec<String> = (0..OBJECTS).map(|number| format!("db-{number}")).collect();
    for name in &names {
        let sealed = space
            .seal(name, &[("password", &plaintext(name))])
            .await
            .unwrap();
        space.apply(&sealed).await.unwrap();
    }
    for name in &names {
        space.ready(name).await.unwrap();
        space.delete(name).await.unwrap();
    }
    for name in &names {
        space.secret_gone(name).await.unwrap();
    }
    let lost = stage.space("elsewhere").await.unwrap();

    first.go_on();
    wait::until("the first replica to stand by", async || {
        let log = first.logs().map_err(|error| error.to_string())?;
        if log.contains("another replica has taken the Lease")
            || log.contains("could not be renewed in time")
        {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await
    .unwrap();
    for _ in 0..20 {
        for name in &names {
            assert!(!space.has_secret(name).await.unwrap(), "{name} was written");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!first.leads().await.unwrap(), "two replicas lead");
    unseal(&lost, "three").await;
    let parameters = DeleteParams::default();
    space.secrets().delete("two", &parameters).await.unwrap();
    space
        .holds("two", &[("password", &plaintext("two"))])
        .await
        .unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}
