//! Two thousand broken objects beside two thousand good ones.

use std::time::Duration;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::api::{ObjectMeta, Patch, PatchParams};
use serde_json::json;
use tokio::time::{Instant, sleep};
use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::{Controller, Space, Stage, canary::plaintext, crowd, metrics, wait};

const GOOD: usize = 2_000;

/// Of each kind of broken ones.
const OF_EACH: usize = 500;

/// They stay so until they are changed: never tried again.
const FINAL: [Reason; 3] = [Reason::Malformed, Reason::UnknownKey, Reason::ScopeMismatch];

/// A Secret of someone else is in the way, who may take it away at any time: tried again by and by.
const TRIED_AGAIN: Reason = Reason::NotOwned;

const PATIENCE: Duration = Duration::from_secs(600);

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

fn label(reason: Reason) -> String {
    format!("reason=\"{reason}\"")
}

fn state(reason: Reason) -> String {
    format!("state=\"{reason}\"")
}

/// Good objects and broken ones in turn, as the API server lists them by name.
async fn mixture(stage: &Stage, space: &Space) -> Vec<SealedSecret> {
    let primary = stage.primary().await.unwrap();
    let good = crowd::value(space, &plaintext("good"), &primary);
    let elsewhere = Space {
        client: space.client.clone(),
        namespace: "elsewhere".to_owned(),
    };
    let foreign = Identity::generate(Algorithm::X25519);
    let broken = FINAL.map(|reason| match reason {
        Reason::Malformed => "AAAA".to_owned(),
        Reason::UnknownKey => crowd::value(space, &plaintext("unknown"), foreign.recipient()),
        _ => crowd::value(&elsewhere, &plaintext("elsewhere"), &primary),
    });
    let mut objects = Vec::new();
    for number in 0..OF_EACH {
        for value in &broken {
            let name = format!("{number}-broken-{}", objects.len());
            objects.push(crowd::member(space, &name, value));
        }
        objects.push(crowd::member(space, &taken(number), &good));
    }
    for number in 0..GOOD {
        let name = format!("{}-good-{number}", number % OF_EACH);
        objects.push(crowd::member(space, &name, &good));
    }
    objects
}

fn taken(number: usize) -> String {
    format!("{number}-taken")
}

/// Secrets of others that have the names of objects.
async fn occupy(space: &Space) {
    for number in 0..OF_EACH {
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(taken(number)),
                ..ObjectMeta::default()
            },
            data: Some([("key".to_owned(), ByteString("foreign".into()))].into()),
            ..Secret::default()
        };
        space.create_secret(&secret).await.unwrap();
    }
}

/// Starts the controller on what is there, and waits until so many are Ready. Returns how long that took,
/// and how often it had tried the others by then.
async fn unseal(stage: &mut Stage, ready: usize) -> (Duration, u64) {
    let started = Instant::now();
    stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
    let controller = stage.controller.as_ref().unwrap();
    let attempts = wait::until_within(PATIENCE, "the good ones to be Ready", async || {
        let text = controller
            .metrics()
            .await
            .map_err(|error| error.to_string())?;
        let found = metrics::total(&text, "waxwing_sealed_secrets", "state=\"Ready\"").unwrap();
        if found == count(ready) {
            Ok(metrics::total(&text, "waxwing_unseal_total", "result=\"failure\"").unwrap())
        } else {
            Err(format!("{found} are"))
        }
    });
    let attempts = attempts.await.unwrap();
    (started.elapsed(), attempts)
}

#[tokio::test]
async fn two_thousand_broken_objects_do_not_delay_two_thousand_good_ones_and_come_to_rest() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let alone = stage.space("alone").await.unwrap();
    let primary = stage.primary().await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();
    let good = crowd::value(&alone, &plaintext("good"), &primary);
    let names = (0..GOOD).map(|number| format!("good-{number}"));
    let objects = names.map(|name| crowd::member(&alone, &name, &good));
    crowd::create(&alone, objects).await.unwrap();
    let (time_alone, _) = unseal(&mut stage, GOOD).await;

    stage.controller.take().unwrap().terminate().unwrap();
    let space = stage.space("mixed").await.unwrap();
    occupy(&space).await;
    let objects = mixture(&stage, &space).await;
    let broken = objects.len() - GOOD;
    crowd::create(&space, objects).await.unwrap();
    let begun = Instant::now();
    let (time_beside, attempts) = unseal(&mut stage, 2 * GOOD).await;
    // What is tried again waits for its turn behind what was never tried.
    let most = count(broken + OF_EACH);
    assert!(
        attempts <= most,
        "{attempts} attempts at {broken} meanwhile"
    );

    let controller = stage.controller.as_ref().unwrap();
    for reason in FINAL.into_iter().chain([TRIED_AGAIN]) {
        let each = count(OF_EACH);
        controller
            .to_count("waxwing_sealed_secrets", &state(reason), each, PATIENCE)
            .await
            .unwrap();
    }
    let attempts = come_to_rest(controller, begun).await;
    println!(
        "{GOOD} good objects took {time_alone:.1?} alone, and {time_beside:.1?} beside {broken} broken ones, of which {OF_EACH} were tried {attempts} times in {:.0?}",
        begun.elapsed()
    );
    a_busy_one_disturbs_nobody(controller, &space).await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Statuses written, events sent, and attempts at what stays so until it is changed.
async fn activity(controller: &Controller) -> [u64; 3] {
    let text = controller.metrics().await.unwrap();
    let requests =
        |label: &str| metrics::total(&text, "waxwing_api_requests_total", label).unwrap();
    let attempts =
        FINAL.map(|reason| metrics::total(&text, "waxwing_unseal_total", &label(reason)).unwrap());
    [
        requests("resource=\"sealedsecrets/status\",code=\"200\""),
        requests("resource=\"events\""),
        attempts.iter().sum(),
    ]
}

/// Nothing is written any more, nothing told, and what is tried again is so less and less often. Returns how
/// often that was.
async fn come_to_rest(controller: &Controller, begun: Instant) -> u64 {
    const WATCHED: Duration = Duration::from_secs(15);
    // Events wait for one another.
    let at_rest = wait::until_within(PATIENCE, "all events to be sent", async || {
        let before = activity(controller).await;
        sleep(Duration::from_secs(2)).await;
        let after = activity(controller).await;
        if before == after {
            Ok(after)
        } else {
            Err(format!("{before:?}, {after:?}"))
        }
    });
    let at_rest = at_rest.await.unwrap();
    sleep(WATCHED).await;
    assert_eq!(activity(controller).await, at_rest, "done without a cause");
    let attempts = controller.unseals(&label(TRIED_AGAIN)).await.unwrap();
    // After 1 s, then 2 s, 4 s and so on, less a quarter at most.
    let mut due = 1;
    let mut next = Duration::from_millis(750);
    while next <= begun.elapsed() {
        due += 1;
        next = 2 * next + Duration::from_millis(750);
    }
    let most = due * count(OF_EACH);
    assert!(attempts <= most, "{attempts} attempts, {most} were due");
    attempts
}

/// One broken object changes all the time: it is tried once for each change, tells no more events than the
/// limit, and good ones are unsealed beside it.
async fn a_busy_one_disturbs_nobody(controller: &Controller, space: &Space) {
    const CHANGES: usize = 100;
    let malformed = label(Reason::Malformed);
    let events = || controller.total("waxwing_api_requests_total", "resource=\"events\"");
    let (attempts, told) = (
        controller.unseals(&malformed).await.unwrap(),
        events().await.unwrap(),
    );
    let sealed = space.sealed_secrets();
    let begun = Instant::now();
    for number in 0..CHANGES {
        let items = json!({ "spec": { "encryptedData": { format!("item-{number}"): "AAAA" } } });
        let patch = Patch::Merge(items);
        sealed
            .patch("0-broken-0", &PatchParams::default(), &patch)
            .await
            .unwrap();
        if number % 20 == 0 {
            let name = format!("beside-{number}");
            let value = plaintext(&name);
            space.unseal(&name, &[("password", &value)]).await.unwrap();
        }
    }
    space
        .refused("0-broken-0", Reason::Malformed)
        .await
        .unwrap();
    let attempts = controller.unseals(&malformed).await.unwrap() - attempts;
    let told = events().await.unwrap() - told;
    println!("one broken object changed {CHANGES} times: {attempts} attempts, {told} events");
    assert!(attempts <= count(CHANGES), "{attempts} attempts");
    // 25 at once, and one more every five minutes.
    assert!(
        told <= 25 + begun.elapsed().as_secs() / 300,
        "{told} events"
    );
}
