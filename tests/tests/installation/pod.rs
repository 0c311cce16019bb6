//! The pod that the Deployment in deploy/ asks for.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Pod, PodSpec},
};
use kube::{
    Api,
    api::{ObjectMeta, PostParams},
};
use waxwing_api::names::DEFAULT_NAMESPACE;

use crate::cluster;

/// The namespace enforces the restricted Pod Security Standard; the API server applies it to pods,
/// and a Deployment's pod would only be refused later, by a controller that nobody watches.
#[tokio::test]
async fn the_pod_meets_the_restricted_standard_that_its_namespace_enforces() {
    let client = cluster().await.client().await.unwrap();
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    let deployment = deployments.get("waxwing-controller").await.unwrap();
    let spec = deployment.spec.unwrap().template.spec.unwrap();
    let pods: Api<Pod> = Api::namespaced(client, DEFAULT_NAMESPACE);
    create_dry(&pods, spec.clone()).await.unwrap();

    let mut privileged = spec;
    privileged.host_network = Some(true);
    let error = create_dry(&pods, privileged).await.unwrap_err();
    assert!(
        error.to_string().contains("violates PodSecurity"),
        "{error}"
    );
}

async fn create_dry(pods: &Api<Pod>, spec: PodSpec) -> Result<Pod, kube::Error> {
    let metadata = ObjectMeta {
        name: Some("controller".to_owned()),
        ..ObjectMeta::default()
    };
    let pod = Pod {
        metadata,
        spec: Some(spec),
        ..Pod::default()
    };
    pods.create(
        &PostParams {
            dry_run: true,
            ..PostParams::default()
        },
        &pod,
    )
    .await
}
