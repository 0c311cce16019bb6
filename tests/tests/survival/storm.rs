//! A controller whose way to the API server is full of faults.

use std::time::Duration;

use waxwing_tests::{Cluster, Controller, FaultProxy, Stage, fault_proxy::Weather};

use crate::{churn::Churn, rollovers::Rollovers};

const SEED: u64 = 2026;
const ROUNDS: usize = 8;

/// For each team and round.
const STEPS: usize = 25;

/// How long everything is refused, in seconds.
const BLACKOUT: u64 = 15;

/// What all that is looked after at all times may ask for in a second while everything is refused:
/// a Lease and six watches, each with its back-off.
const STANDING: u64 = 20;

/// How often one object may be tried within the blackout, by its back-off, with two requests each.
const OF_ONE_OBJECT: u64 = 2 * 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_faults_on_the_way_to_the_api_server_loses_nothing() {
    let cluster = Cluster::installed().await.unwrap();
    let proxy = FaultProxy::start(&cluster, SEED).await.unwrap();
    let args = ["--kubeconfig", proxy.kubeconfig().to_str().unwrap()];
    let controller = Some(Controller::spawn(&cluster, &args).await.unwrap());
    let mut stage = Stage {
        controller,
        cluster,
    };
    let spaces = [
        stage.space("storm").await.unwrap(),
        stage.space("storm").await.unwrap(),
    ];
    let [mut first, mut second] = [Churn::new(&spaces[0], 1), Churn::new(&spaces[1], 2)];
    let mut rollovers = Rollovers::of(&spaces[0].client).await;

    proxy.set(Weather::Storm);
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            rollovers.request().await;
        }
        tokio::join!(first.steps(STEPS), second.steps(STEPS));
        tokio::time::sleep(Duration::from_secs(2)).await;
        rollovers.look().await;
    }
    let storm = proxy.traffic();
    proxy.set(Weather::Blackout);
    tokio::time::sleep(Duration::from_secs(BLACKOUT)).await;
    let asked = proxy.traffic().requests - storm.requests;
    let objects = u64::try_from(first.present() + second.present()).unwrap();
    assert!(
        asked < BLACKOUT * STANDING + objects * OF_ONE_OBJECT,
        "{asked} requests in {BLACKOUT} s in which all were refused"
    );
    assert_eq!(stage.controller.as_mut().unwrap().ended(), None);
    for fault in ["410", "410 in an event", "silence", "cut", "answer lost"] {
        assert!(storm.faults(fault) > 0, "no request met with {fault}");
    }

    proxy.set(Weather::Calm);
    for churn in [&first, &second] {
        churn.comes_out_right().await;
    }
    rollovers.come_out_right().await;
    println!("storm: {first}; {second}; {rollovers}; {storm}; {asked} refused in {BLACKOUT} s");
    stage.assert_no_plaintext_leaked().await.unwrap();
}
