//! The controller's start where something is missing.

use k8s_openapi::{
    api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::json;
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
async fn without_a_permission_it_names_verb_and_resource_and_goes_on_once_it_is_granted() {
    let cluster = Cluster::installed().await.unwrap();
    let bindings: Api<ClusterRoleBinding> = Api::all(cluster.client().await.unwrap());
    let mut binding = bindings.get("waxwing-controller").await.unwrap();
    bindings
        .delete("waxwing-controller", &DeleteParams::default())
        .await
        .unwrap();
    let mut controller = Controller::launch(&cluster, &[]).unwrap();
    controller.logged(&["watch", "secrets"]).await.unwrap();
    is_missing(&controller, "may not watch secrets").await;

    binding.metadata.resource_version = None;
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .unwrap();
    controller.ready().await.unwrap();
}

/// What is listed once is out of date from then on.
#[tokio::test]
async fn without_the_right_to_watch_it_is_not_ready_until_it_is_granted() {
    let cluster = Cluster::installed().await.unwrap();
    let roles: Api<ClusterRole> = Api::all(cluster.client().await.unwrap());
    let role = roles.get("waxwing-controller").await.unwrap();
    let granted = role.rules.unwrap_or_default();
    let mut rules = granted.clone();
    for rule in &mut rules {
        if rule.resources.as_deref() == Some(&["sealedsecrets".to_owned()]) {
            rule.verbs.retain(|verb| verb != "watch");
        }
    }
    assert_ne!(rules, granted);
    set_rules(&roles, rules).await;
    let mut controller = Controller::launch(&cluster, &[]).unwrap();
    is_missing(&controller, "may not watch sealedsecrets").await;
    set_rules(&roles, granted).await;
    controller.ready().await.unwrap();
}

async fn is_missing(controller: &Controller, words: &str) {
    wait::until("the missing permission to be named", async || {
        let problems = controller
            .problems()
            .await
            .map_err(|error| error.to_string())?;
        let named = problems.contains(words);
        if named { Ok(()) } else { Err(problems) }
    })
    .await
    .unwrap();
}

async fn set_rules(roles: &Api<ClusterRole>, rules: Vec<PolicyRule>) {
    let patch = Patch::Merge(json!({ "rules": rules }));
    roles
        .patch("waxwing-controller", &PatchParams::default(), &patch)
        .await
        .unwrap();
}
