//! Watches that come back too late: the history that they would go on from is gone.

use kube::api::DeleteParams;
use serde_json::json;
use waxwing_tests::{Cluster, Controller, FaultProxy, Stage, fault_proxy::Weather};

use crate::churn::Churn;

/// So many of each.
const CHANGES: usize = 5;
const OBJECTS: usize = 60;

/// The API server keeps a history of its own in memory, which outlives that of etcd: here it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_compaction_everything_is_listed_anew_and_only_what_changed_is_unsealed() {
    let mut cluster = Cluster::start_with(&["--watch-cache=false"]).await.unwrap();
    cluster.install().await.unwrap();
    let proxy = FaultProxy::start(&cluster, 0).await.unwrap();
    let kubeconfig = proxy.kubeconfig().to_str().unwrap();
    let args = ["--kubeconfig", kubeconfig, "--log-level", "debug"];
    let controller = Controller::spawn(&cluster, &args).await.unwrap();
    let stage = Stage {
        controller: Some(controller),
        cluster,
    };
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("history").await.unwrap();
    let mut churn = Churn::new(&space, 1);
    for _ in 0..OBJECTS {
        churn.create().await;
    }
    churn.comes_out_right().await;
    let unsealed = controller.unseals("").await.unwrap();

    proxy.set(Weather::NoWatches);
    for _ in 0..CHANGES {
        churn.delete().await;
        churn.create().await;
    }
    let [edited, lost] = churn.two();
    let edit = json!({ "stringData": { "password": "edited" } });
    space.edit_secret(&edited, edit).await.unwrap();
    let secrets = space.secrets();
    secrets
        .delete(&lost, &DeleteParams::default())
        .await
        .unwrap();
    stage.cluster.compact_history().await.unwrap();
    proxy.set(Weather::Calm);

    churn.comes_out_right().await;
    controller.logged(&["410 Expired"]).await.unwrap();
    let unsealed = controller.unseals("").await.unwrap() - unsealed;
    let touched = u64::try_from(CHANGES + 2).unwrap();
    assert_eq!(unsealed, touched, "more was unsealed than changed");
    println!(
        "history: {churn}, 2 Secrets spoilt; {unsealed} unsealings for {} objects; {}",
        churn.present(),
        proxy.traffic()
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}
