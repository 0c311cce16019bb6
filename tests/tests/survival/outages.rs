//! The API server and etcd go away, at once and in the midst of work, again and again.

use std::time::Duration;

use waxwing_tests::{Cluster, Stage};

use crate::{churn::Churn, rollovers::Rollovers};

const ROUNDS: usize = 9;
const STEPS: usize = 25;
const SEED: u64 = 4;

#[tokio::test]
async fn api_server_and_etcd_killed_nine_times_in_the_midst_of_work_lose_nothing() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("outages").await.unwrap();
    let mut churn = Churn::new(&space, SEED);
    let mut rollovers = Rollovers::of(&space.client).await;
    churn.steps(STEPS).await;
    for round in 0..ROUNDS {
        if round % 3 == 1 {
            rollovers.request().await;
        }
        tokio::join!(churn.steps(STEPS), outage(&mut stage.cluster, round));
        rollovers.look().await;
        assert_eq!(stage.controller.as_mut().unwrap().ended(), None);
    }
    churn.comes_out_right().await;
    rollovers.come_out_right().await;
    println!("{ROUNDS} outages: {churn}, {rollovers}");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// One of them is killed, or both, and comes back.
async fn outage(cluster: &mut Cluster, round: usize) {
    let (etcd, api_server) = [(true, false), (false, true), (true, true)][round % 3];
    tokio::time::sleep(Duration::from_millis(150)).await;
    if api_server {
        cluster.kill_api_server();
    }
    if etcd {
        cluster.kill_etcd();
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.start_etcd().unwrap();
    }
    if api_server {
        cluster.start_api_server().await.unwrap();
    }
}
