//! The controller's start where something is missing.

use k8s_openapi::{
    api::rbac::v1::ClusterRoleBinding,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, api::DeleteParams};
use waxwing_tests::{Cluster, Controller, wait};

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
    let controller = Controller::launch(&cluster, &[]).unwrap();
    controller
        .logged(&["sealedsecrets", "waxwing-controller crds"])
        .await
        .unwrap();
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
    let controller = Controller::launch(&cluster, &[]).unwrap();
    controller.logged(&["watch", "secrets"]).await.unwrap();
    assert!(!controller.is_ready().await.unwrap());
}
