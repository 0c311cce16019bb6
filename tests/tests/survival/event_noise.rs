//! Events are told when something changes, and are few however often it does.

use std::time::Duration;

use k8s_openapi::{
    ByteString,
    api::core::v1::{Event, Secret},
};
use kube::{
    Api,
    api::{ListParams, ObjectMeta},
};
use serde_json::json;
use tokio::time::Instant;
use waxwing_api::Reason;
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    cluster_wide::{self, becomes},
    crowd, wait,
};

const PATIENCE: Duration = Duration::from_secs(600);

/// Requests that write.
async fn requests(controller: &Controller, resource: &str) -> u64 {
    let label = format!("resource=\"{resource}\"");
    let requests = controller.total("waxwing_api_requests_total", &label);
    requests.await.unwrap()
}

async fn events(space: &Space) -> Vec<Event> {
    let events: Api<Event> = Api::namespaced(space.client.clone(), &space.namespace);
    events.list(&ListParams::default()).await.unwrap().items
}

async fn are_told(space: &Space, expected: usize) {
    wait::until_within(
        PATIENCE,
        &format!("{expected} events"),
        async || match events(space).await.len() {
            count if count == expected => Ok(()),
            count => Err(format!("{count} events")),
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn three_thousand_looks_at_what_stays_broken_tell_nothing_again() {
    const OBJECTS: usize = 300;
    const STARTS: usize = 10;
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("broken").await.unwrap();
    let names = (0..OBJECTS).map(|number| format!("broken-{number}"));
    let objects = names.map(|name| crowd::member(&space, &name, "AAAA"));
    crowd::create(&space, objects).await.unwrap();
    are_told(&space, OBJECTS).await;
    let all = u64::try_from(OBJECTS).unwrap();
    for _ in 0..STARTS {
        stage.controller.take().unwrap().terminate().unwrap();
        let controller = Controller::spawn(&stage.cluster, &[]).await.unwrap();
        controller
            .to_count("waxwing_unseal_total", "result=\"failure\"", all, PATIENCE)
            .await
            .unwrap();
        for resource in ["events", "sealedsecrets/status"] {
            assert_eq!(requests(&controller, resource).await, 0, "{resource}");
        }
        stage.controller = Some(controller);
    }
    let told = events(&space).await;
    assert_eq!(told.len(), OBJECTS);
    assert!(told.iter().all(|event| event.series.is_none()));
    println!(
        "{} looks at {OBJECTS} broken objects: {OBJECTS} events",
        STARTS * OBJECTS
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn what_changes_to_and_fro_is_told_by_two_events_that_are_counted_up_to_a_limit() {
    const TIMES: usize = 25;
    let stage = Stage::own(&[]).await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("flapping").await.unwrap();
    let good = space
        .seal("db", &[("password", &plaintext("p"))])
        .await
        .unwrap();
    let bad = crowd::member(&space, "db", "AAAA");
    let begun = Instant::now();
    for _ in 0..TIMES {
        space.apply(&bad).await.unwrap();
        space.refused("db", Reason::Malformed).await.unwrap();
        space.apply(&good).await.unwrap();
        space.ready("db").await.unwrap();
    }
    // Its event comes after all of the other one's.
    space
        .apply(&crowd::member(&space, "other", "AAAA"))
        .await
        .unwrap();
    are_told(&space, 3).await;
    // That one, and the event of the controller's first key, are not about the object.
    let told = requests(controller, "events").await - 2;
    // 25 at once, and one more every five minutes.
    let most = 25 + begun.elapsed().as_secs() / 300;
    assert!((25..=most).contains(&told), "{told} events sent");
    let counted: i32 = space
        .events("db")
        .await
        .unwrap()
        .iter()
        .filter_map(|event| event.series.as_ref()?.count)
        .sum();
    println!(
        "{} changes of one object: 2 events, sent {told} times, counted {counted} times",
        2 * TIMES
    );
    assert!(counted >= 25, "counted {counted} times");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_cluster_sealed_secret_that_fails_in_twenty_namespaces_is_one_event() {
    const NAMESPACES: usize = 20;
    let stage = Stage::own(&[]).await.unwrap();
    let recipient = stage.primary().await.unwrap();
    let mut spaces = Vec::new();
    for _ in 0..NAMESPACES {
        let space = stage.space("taken").await.unwrap();
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some("registry".to_owned()),
                ..ObjectMeta::default()
            },
            data: Some([("key".to_owned(), ByteString("foreign".into()))].into()),
            ..Secret::default()
        };
        space.create_secret(&secret).await.unwrap();
        spaces.push(space.namespace);
    }
    let client = stage.cluster.client().await.unwrap();
    let selector = json!({
        "matchExpressions": [{ "key": "kubernetes.io/metadata.name", "operator": "In", "values": spaces }]
    });
    let value = plaintext("registry");
    let object = cluster_wide::sealed("registry", &selector, &value, &recipient);
    cluster_wide::apply(&client, &object).await.unwrap();
    becomes(&client, "registry", "NotOwned", 0).await.unwrap();

    // One of them is done with, and the others are not.
    let secrets = Api::<Secret>::namespaced(client.clone(), &spaces[0]);
    secrets
        .delete("registry", &Default::default())
        .await
        .unwrap();
    becomes(&client, "registry", "NotOwned", 1).await.unwrap();
    let events: Api<Event> = Api::all(client);
    let about = ListParams::default().fields("involvedObject.name=registry");
    let told = events.list(&about).await.unwrap().items;
    assert_eq!(told.len(), 1, "{told:?}");
    let text = told[0].message.as_deref().unwrap_or_default();
    assert!(text.contains("namespace taken-"), "no namespace in: {text}");
    println!(
        "one ClusterSealedSecret refused in {NAMESPACES} namespaces: {} event",
        told.len()
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}
