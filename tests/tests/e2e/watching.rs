//! How the controller begins to watch: with what is there already, streamed or listed.

use std::time::Duration;

use waxwing_tests::{
    Cluster, Controller, FaultProxy, Stage, canary::plaintext, crowd, fault_proxy::Weather,
};

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

/// What comes so ends with a bookmark: the watch asks for those as well.
#[tokio::test]
async fn what_is_small_comes_as_the_beginning_of_the_watch_and_sealed_secrets_come_in_pages() {
    let cluster = Cluster::installed().await.unwrap();
    assert_eq!(
        listed_at_a_restart(cluster).await,
        ["clustersealedsecrets", "sealedsecrets"]
    );
}

#[tokio::test]
async fn an_api_server_that_streams_no_lists_is_asked_for_pages() {
    let mut cluster = Cluster::start_with(&["--feature-gates=WatchList=false"])
        .await
        .unwrap();
    cluster.install().await.unwrap();
    assert_eq!(listed_at_a_restart(cluster).await, WATCHED);
}

/// A restart over ten pages of SealedSecrets and one of ClusterSealedSecrets, some of which are cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_is_interrupted_goes_on_with_the_same_page_and_leaves_nothing_out() {
    const OBJECTS: u64 = 950;
    const PAGES: u64 = 10 + 1;
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("pages").await.unwrap();
    let primary = stage.primary().await.unwrap();
    let value = crowd::value(&space, &plaintext("p"), &primary);
    let members = (0..OBJECTS).map(|number| crowd::member(&space, &format!("db-{number}"), &value));
    crowd::create(&space, members).await.unwrap();
    let controller = stage.controller.take().unwrap();
    know(&controller, OBJECTS).await;
    controller.terminate().unwrap();

    let proxy = FaultProxy::start(&stage.cluster, 1).await.unwrap();
    proxy.set(Weather::BrokenPages);
    let args = ["--kubeconfig", proxy.kubeconfig().to_str().unwrap()];
    let controller = Controller::spawn(&stage.cluster, &args).await.unwrap();
    know(&controller, OBJECTS).await;
    assert_eq!(controller.unseals("").await.unwrap(), 0);
    let cut = proxy.traffic().faults("cut");
    assert!(cut > 0, "no page was cut");
    let mut asked = 0;
    for resource in ["sealedsecrets", "clustersealedsecrets"] {
        let pages = format!("verb=\"list\",resource=\"{resource}\"");
        let requests = controller.total("waxwing_api_requests_total", &pages);
        asked += requests.await.unwrap();
    }
    assert_eq!(asked, PAGES + cut, "pages, and those that were cut again");
    stage.controller = Some(controller);

    let value = plaintext("later");
    space
        .unseal("later", &[("password", &value)])
        .await
        .unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

async fn know(controller: &Controller, objects: u64) {
    let patience = Duration::from_secs(180);
    let (metric, label) = ("waxwing_sealed_secrets", "state=\"Ready\"");
    controller
        .to_count(metric, label, objects, patience)
        .await
        .unwrap();
}
