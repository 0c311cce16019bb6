//! How the controller begins to watch: with what is there already, streamed or listed.

use waxwing_tests::{Cluster, Controller, Stage, canary::plaintext};

/// What is watched, in the words of the controller's metrics.
const WATCHED: [&str; 5] = [
    "clustersealedsecrets",
    "namespaces",
    "sealedsecrets",
    "sealingkeys",
    "secrets",
];

/// Starts the controller over an object that was unsealed already, and returns which resources it listed.
async fn listed_at_a_restart(cluster: Cluster) -> Vec<&'static str> {
    let controller = Controller::spawn(&cluster, &[]).await.unwrap();
    let mut stage = Stage {
        controller: Some(controller),
        cluster,
    };
    let space = stage.space("watching").await.unwrap();
    let value = plaintext("p");
    space.unseal("db", &[("password", &value)]).await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();

    let controller = Controller::spawn(&stage.cluster, &[]).await.unwrap();
    let metrics = controller.metrics().await.unwrap();
    let known = "waxwing_sealed_secrets{state=\"Ready\"} 1";
    assert!(metrics.lines().any(|line| line == known), "{metrics}");
    assert_eq!(controller.unseals("").await.unwrap(), 0);
    let asked = |verb: &str, resource: &str| {
        metrics.lines().any(|line| {
            line.starts_with("waxwing_api_requests_total{")
                && line.contains("code=\"200\"")
                && line.contains(&format!("verb=\"{verb}\""))
                && line.contains(&format!("resource=\"{resource}\""))
        })
    };
    stage.controller = Some(controller);
    space
        .unseal("later", &[("password", &value)])
        .await
        .unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
    assert_eq!(WATCHED.map(|resource| asked("watch", resource)), [true; 5]);
    let all = WATCHED.into_iter();
    all.filter(|resource| asked("list", resource)).collect()
}

/// Such a list ends with a bookmark, so that the watch asks for those as well.
#[tokio::test]
async fn what_is_there_comes_as_the_beginning_of_the_watch() {
    let cluster = Cluster::installed().await.unwrap();
    assert_eq!(listed_at_a_restart(cluster).await, [""; 0]);
}

#[tokio::test]
async fn an_api_server_that_streams_no_lists_is_asked_for_pages() {
    let mut cluster = Cluster::start_with(&["--feature-gates=WatchList=false"])
        .await
        .unwrap();
    cluster.install().await.unwrap();
    assert_eq!(listed_at_a_restart(cluster).await, WATCHED);
}
