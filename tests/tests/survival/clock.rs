//! The wall clock of the controller's machine jumps.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use serde_json::{Value, json};
use waxwing_api::names::{DEFAULT_NAMESPACE, FIELD_MANAGER};
use waxwing_tests::{
    Cluster, Controller, Space, Stage,
    canary::plaintext,
    shifted_clock::{Shift, ShiftedClock},
    wait,
};

use crate::rollovers::Rollovers;

/// Longer than the rollover period of 30 days.
const JUMP: Duration = Duration::from_secs(40 * 24 * 3600);

/// How long it is watched at each time, in seconds.
const WHILE: u64 = 6;

/// The requests in a second of a controller that has next to nothing to do.
const AT_REST: u64 = 20;

/// Key ages, the Lease and back-offs go by clocks that do not jump.
#[tokio::test]
async fn jumps_of_the_clock_by_forty_days_roll_over_no_key_and_lose_none() {
    let cluster = Cluster::installed().await.unwrap();
    let clock = ShiftedClock::make(cluster.scratch()).unwrap();
    let kubeconfig = kubeconfig_with_token_file(&cluster);
    let kubeconfig = kubeconfig.to_str().unwrap();
    let args = ["--kubeconfig", kubeconfig, "--key-retire-after", "10d"];
    let controller = Controller::launch_with(&cluster, clock.environment(), &args);
    let mut stage = Stage {
        controller: Some(controller.unwrap()),
        cluster,
    };
    stage.controller.as_mut().unwrap().ready().await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("clock").await.unwrap();
    unseal(&space, "before").await;
    let mut rollovers = Rollovers::of(&space.client).await;
    let terms = terms(&space.client).await;

    let mut asked = 0;
    for (name, shift) in [
        ("ahead", Shift::Ahead(JUMP)),
        ("right", Shift::None),
        ("behind", Shift::Behind(JUMP)),
        ("right-again", Shift::None),
    ] {
        clock.set(shift).unwrap();
        unseal(&space, name).await;
        goes_by(controller, shift).await;
        if shift != Shift::None {
            rollovers.request().await;
        }
        let before = controller.requests().await.unwrap();
        tokio::time::sleep(Duration::from_secs(WHILE)).await;
        let requests = controller.requests().await.unwrap() - before;
        assert!(
            requests < WHILE * AT_REST,
            "{name}: {requests} requests in {WHILE} s"
        );
        asked += requests;
        rollovers.come_out_right().await;
        assert!(
            controller.leads().await.unwrap(),
            "{name}: it lost its Lease"
        );
    }
    assert_eq!(
        self::terms(&space.client).await,
        terms,
        "the Lease was lost"
    );
    space
        .holds("before", &[("password", &plaintext("before"))])
        .await
        .unwrap();
    println!(
        "clock: 40 days ahead and back, 40 days behind and back; {rollovers}, all asked for; {asked} requests at rest"
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// The controller's, with its token in a file of its own, as in a Pod.
fn kubeconfig_with_token_file(cluster: &Cluster) -> PathBuf {
    let text = std::fs::read_to_string(cluster.controller_kubeconfig()).unwrap();
    let mut kubeconfig: Value = serde_json::from_str(&text).unwrap();
    let user = &mut kubeconfig["users"][0]["user"];
    let token = user["token"].as_str().unwrap();
    let file = cluster.scratch().write("token", token).unwrap();
    *user = json!({ "tokenFile": file });
    let text = kubeconfig.to_string();
    cluster
        .scratch()
        .write("token-file.kubeconfig", &text)
        .unwrap()
}

async fn unseal(space: &Space, name: &str) {
    let value = plaintext(name);
    space.unseal(name, &[("password", &value)]).await.unwrap();
}

/// Waits until the controller's wall clock, by which it tells when it last unsealed, is off by so much.
async fn goes_by(controller: &Controller, shift: Shift) {
    wait::until("the controller's clock to be shifted", async || {
        let metrics = controller
            .metrics()
            .await
            .map_err(|error| error.to_string())?;
        let told = metrics.lines().find_map(|line| {
            line.strip_prefix("waxwing_last_success_timestamp_seconds ")?
                .parse::<f64>()
                .ok()
        });
        let now = SystemTime::now();
        let expected = match shift {
            Shift::None => now,
            Shift::Ahead(by) => now + by,
            Shift::Behind(by) => now - by,
        };
        let expected = expected.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        if told.is_some_and(|told| (told - expected).abs() < 3600.0) {
            Ok(())
        } else {
            Err(format!("{told:?}, expected {expected}"))
        }
    })
    .await
    .unwrap();
}

/// How often the Lease has changed hands.
async fn terms(client: &Client) -> Option<i32> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    leases
        .get(FIELD_MANAGER)
        .await
        .unwrap()
        .spec
        .unwrap()
        .lease_transitions
}
