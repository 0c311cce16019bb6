//! The controller's start where something is missing.

use k8s_openapi::{
    api::rbac::v1::ClusterRoleBinding,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, api::DeleteParams};
use waxwing_tests::{Cluster, Controller, wait};

/// Waits until the controller ends or its log contains `words`, and returns whether it ended.
async fn log_has(controller: &mut Controller, words: &[&str]) {
    wait::until(&format!("{words:?} in the log"), async || {
        let log = controller.logs().map_err(|error| error.to_string())?;
        if words.iter().all(|word| log.contains(word)) {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn without_its_custom_resources_it_ends_and_says_how_to_install_them() {
    let cluster = Cluster::installed().await.unwrap();
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client().await.unwrap());
    crds.delete("sealedsecrets.waxwing.dev", &DeleteParams::default())
        .await
        .unwrap();
    wait::until("the custom resource to be gone", async || {
        match crds.get_opt("sealedsecrets.waxwing.dev").await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
    let mut controller = Controller::launch(&cluster, &[]).unwrap();
    log_has(
        &mut controller,
        &["sealedsecrets", "waxwing-controller crds"],
    )
    .await;
    let status = controller.terminate().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn without_a_permission_it_names_verb_and_resource() {
    let cluster = Cluster::installed().await.unwrap();
    let bindings: Api<ClusterRoleBinding> = Api::all(cluster.client().await.unwrap());
    bindings
        .delete("waxwing-controller", &DeleteParams::default())
        .await
        .unwrap();
    let mut controller = Controller::launch(&cluster, &[]).unwrap();
    log_has(&mut controller, &["list", "secrets"]).await;
    assert!(!controller.is_ready().await.unwrap());
}
