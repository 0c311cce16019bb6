//! Two replicas: one acts, and the other one takes over, whatever becomes of the first.

use std::{
    ops::Range,
    pin::pin,
    time::{Duration, Instant},
};

use futures::StreamExt;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role};
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams},
};
use serde_json::json;
use waxwing_api::names::DEFAULT_NAMESPACE;
use waxwing_tests::{Cluster, Controller, Space, Stage, canary::plaintext, crowd, sealing, wait};

/// Enough that the leader can be caught in the midst of them.
const OBJECTS: usize = 120;

/// How many of them the leader writes at once.
const AT_ONCE: usize = 4;

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

/// Secrets go before statuses: the leader has written hundreds of which nothing is told yet.
#[tokio::test]
async fn a_leader_that_stops_in_the_midst_of_a_crowd_tells_of_all_that_it_unsealed() {
    const CROWD: usize = 600;
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("crowd").await.unwrap();
    let primary = stage.primary().await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();
    let value = crowd::value(&space, &plaintext("p"), &primary);
    let members = (0..CROWD).map(|number| crowd::member(&space, &format!("db-{number}"), &value));
    crowd::create(&space, members).await.unwrap();

    let first = Controller::launch(&stage.cluster, &[]).unwrap();
    some_secrets(&space, CROWD / 2..CROWD).await;
    first.terminate().unwrap();
    let all = ListParams::default();
    let written = space.secrets().list_metadata(&all).await.unwrap();
    let left = CROWD - written.items.len();
    assert!(left > 0, "it was not in the midst of them");
    let second = Controller::launch(&stage.cluster, &[]).unwrap();
    let (metric, label) = ("waxwing_sealed_secrets", "state=\"Ready\"");
    let (expected, patience) = (CROWD.try_into().unwrap(), Duration::from_secs(180));
    second
        .to_count(metric, label, expected, patience)
        .await
        .unwrap();
    let unsealed = second.unseals("").await.unwrap();
    assert_eq!(unsealed, u64::try_from(left).unwrap());
    stage.controller = Some(second);
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

/// The first replica stands still in the midst of work. When the other one has done that work, and every
/// object is gone again, it goes on: with answers to read and more to write. Only what it had handed to the
/// network before may still arrive; such a Secret has an owner that is gone, and goes as well.
#[tokio::test]
async fn a_leader_that_stood_still_for_longer_than_its_lease_begins_no_write_afterwards() {
    let cluster = Cluster::installed().await.unwrap();
    let first = Controller::spawn(&cluster, &[]).await.unwrap();
    let mut stage = Stage {
        controller: None,
        cluster,
    };
    let space = stage.space("paused").await.unwrap();
    let primary = stage.primary().await.unwrap();
    first.terminate().unwrap();
    for number in 0..OBJECTS {
        let name = format!("db-{number}");
        let items = [("password", plaintext(&name))];
        let items = items
            .each_ref()
            .map(|(item, value)| (*item, value.as_str()));
        let sealed = sealing::sealed_secret(&space.namespace, &name, &items, &primary).unwrap();
        space.apply(&sealed).await.unwrap();
    }

    let concurrency = AT_ONCE.to_string();
    let first = Controller::launch(&stage.cluster, &["--concurrency", &concurrency]).unwrap();
    some_secrets(&space, 1..OBJECTS).await;
    first.pause();
    let second = Controller::spawn(&stage.cluster, &[]).await.unwrap();
    second.to_lead().await.unwrap();
    some_secrets(&space, OBJECTS..OBJECTS + 1).await;
    let all = ListParams::default();
    let parameters = DeleteParams::default();
    space
        .sealed_secrets()
        .delete_collection(&parameters, &all)
        .await
        .unwrap();
    some_secrets(&space, 0..1).await;

    let version = space
        .secrets()
        .list_metadata(&all)
        .await
        .unwrap()
        .metadata
        .resource_version;
    let secrets = space.secrets();
    let events = secrets
        .watch_metadata(&WatchParams::default(), &version.unwrap())
        .await;
    let mut events = pin!(events.unwrap());
    first.go_on();
    stands_by(&first).await;
    let mut written = 0;
    let quiet = Duration::from_secs(2);
    while let Ok(Some(event)) = tokio::time::timeout(quiet, events.next()).await {
        written += usize::from(matches!(event.unwrap(), WatchEvent::Added(_)));
    }
    assert!(written <= AT_ONCE, "{written} Secrets");
    assert!(!first.leads().await.unwrap(), "two replicas lead");
    unseal(&space, "afterwards").await;
    stage.controller = Some(second);
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Waits until the namespace has so many Secrets.
async fn some_secrets(space: &Space, number: Range<usize>) {
    wait::until(&format!("{number:?} Secrets"), async || {
        let list = space.secrets().list_metadata(&ListParams::default()).await;
        let found = list.map_err(|error| error.to_string())?.items.len();
        if number.contains(&found) {
            Ok(())
        } else {
            Err(format!("{found}"))
        }
    })
    .await
    .unwrap();
}

async fn stands_by(controller: &Controller) {
    wait::until("the replica to stand by", async || {
        let log = controller.logs().map_err(|error| error.to_string())?;
        let lost = ["has taken the Lease", "could not be renewed in time"];
        if lost.iter().any(|words| log.contains(words)) {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await
    .unwrap();
}

/// It may write everything but its Lease.
#[tokio::test]
async fn a_leader_that_cannot_renew_its_lease_stops_acting() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("unrenewed").await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    unseal(&space, "one").await;
    let roles: Api<Role> = Api::namespaced(space.client.clone(), DEFAULT_NAMESPACE);
    let role = roles.get("waxwing-controller").await.unwrap();
    let is_of_leases = |rule: &PolicyRule| {
        let resources = rule.resources.as_deref().unwrap_or_default();
        resources == ["leases"]
    };
    let mut rules = role.rules.clone().unwrap();
    rules.retain(|rule| !is_of_leases(rule));
    set_rules(&roles, rules).await;

    stands_by(controller).await;
    let value = plaintext("two");
    let sealed = space.seal("two", &[("password", &value)]).await.unwrap();
    space.apply(&sealed).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!space.has_secret("two").await.unwrap(), "it went on");
    assert!(!controller.leads().await.unwrap());

    set_rules(&roles, role.rules.unwrap()).await;
    space.ready("two").await.unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

async fn set_rules(roles: &Api<Role>, rules: Vec<PolicyRule>) {
    let patch = Patch::Merge(json!({ "rules": rules }));
    let parameters = PatchParams::default();
    roles
        .patch("waxwing-controller", &parameters, &patch)
        .await
        .unwrap();
}
