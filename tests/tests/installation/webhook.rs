//! What the admission webhook brings into a cluster, by Helm and by kustomize, and what it may do there.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waxwing_api::names::DEFAULT_NAMESPACE;
use waxwing_tests::{Cluster, kustomize};

use crate::{
    chart::{Objects, assert_same, by_name, environment, render, set},
    cluster,
    rbac::rules,
};

/// All that comes with the webhook.
const OBJECTS: [&str; 4] = [
    "ClusterRole/waxwing-webhook",
    "ClusterRoleBinding/waxwing-webhook",
    "Service/waxwing-webhook",
    "ValidatingWebhookConfiguration/waxwing",
];

/// What the controller may do for it, beyond what it may without.
const RIGHTS: [&str; 4] = [
    "create authorization.k8s.io/subjectaccessreviews",
    "list admissionregistration.k8s.io/validatingwebhookconfigurations named waxwing",
    "patch admissionregistration.k8s.io/validatingwebhookconfigurations named waxwing",
    "watch admissionregistration.k8s.io/validatingwebhookconfigurations named waxwing",
];

fn with_webhook() -> Vec<kube::api::DynamicObject> {
    kustomize::with_components(&["webhook"]).unwrap()
}

fn webhook(objects: &Objects) -> Value {
    objects["ValidatingWebhookConfiguration/waxwing"]["webhooks"][0].clone()
}

#[test]
fn kustomize_brings_the_webhook_as_helm_does() {
    assert_same(set("webhook.enabled=true"), by_name(with_webhook()));
}

#[test]
fn it_is_there_only_if_asked_for() {
    let (without, with) = (render(&[]), set("webhook.enabled=true"));
    let added: Vec<&String> = with
        .keys()
        .filter(|name| !without.contains_key(*name))
        .collect();
    assert_eq!(added, OBJECTS);
    assert!(!environment(&without).contains_key("WAXWING_WEBHOOK"));
    assert_eq!(environment(&with)["WAXWING_WEBHOOK"], "0.0.0.0:9443");
    assert_eq!(
        environment(&with)["WAXWING_WEBHOOK_CONFIGURATION"],
        "waxwing"
    );
}

#[test]
fn it_fails_open_and_leaves_path_and_trust_to_the_controller() {
    let found = webhook(&set("webhook.enabled=true"));
    assert_eq!(found["failurePolicy"], "Ignore");
    assert_eq!(found["sideEffects"], "None");
    let service = json!({ "name": "waxwing-webhook", "namespace": DEFAULT_NAMESPACE });
    assert_eq!(found["clientConfig"], json!({ "service": service }));
    assert_eq!(found["namespaceSelector"], Value::Null);

    let closed = set("webhook.enabled=true,webhook.failurePolicy=Fail,watchNamespaces={a,b}");
    assert_eq!(webhook(&closed)["failurePolicy"], "Fail");
    let selected = &webhook(&closed)["namespaceSelector"]["matchExpressions"][0];
    assert_eq!(selected["values"], json!(["a", "b"]));
}

#[test]
fn api_servers_reach_it_and_nobody_else_where_their_addresses_are_known() {
    let ingress = |values: &str| {
        let policy = &set(values)["NetworkPolicy/waxwing-controller"];
        policy["spec"]["ingress"].clone()
    };
    let port = json!([{ "port": "webhook" }]);
    assert_eq!(ingress("webhook.enabled=true"), json!([{ "ports": port }]));
    let known = ingress("webhook.enabled=true,networkPolicy.apiServerCidrs={10.0.0.1/32}");
    let from = json!([{ "ipBlock": { "cidr": "10.0.0.1/32" } }]);
    assert_eq!(known, json!([{ "ports": port, "from": from }]));
}

#[test]
fn a_certificate_from_elsewhere_is_mounted_beside_other_volumes() {
    let objects = set("webhook.enabled=true,webhook.certificateSecret=tls,\
         webhook.annotations.cert-manager\\.io/inject-ca-from=a/b,\
         extraVolumes[0].name=more,extraVolumeMounts[0].name=more");
    let pod = &objects["Deployment/waxwing-controller"]["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], "tls");
    assert_eq!(pod["volumes"][1]["name"], "more");
    let mounts = &pod["containers"][0]["volumeMounts"];
    assert_eq!(mounts[0]["name"], pod["volumes"][0]["name"]);
    assert_eq!(mounts[1]["name"], "more");
    let folder = &environment(&objects)["WAXWING_WEBHOOK_CERTIFICATE"];
    assert_eq!(&mounts[0]["mountPath"], folder);
    let annotations = &objects["ValidatingWebhookConfiguration/waxwing"]["metadata"]["annotations"];
    assert_eq!(annotations["cert-manager.io/inject-ca-from"], "a/b");
}

#[tokio::test]
async fn the_controller_gets_the_rights_that_the_webhook_needs_and_no_more() {
    let mut hooked = Cluster::start().await.unwrap();
    let admin = hooked.client().await.unwrap();
    for object in with_webhook() {
        kustomize::apply(&admin, &object).await.unwrap();
    }
    hooked.take_up().await.unwrap();
    let rights = BTreeSet::from(RIGHTS.map(str::to_owned));
    for namespace in ["default", DEFAULT_NAMESPACE] {
        let with = rules(&hooked.controller_client().await.unwrap(), namespace).await;
        let without = cluster().await.controller_client().await.unwrap();
        let without = rules(&without, namespace).await;
        assert_eq!(&with - &without, rights, "in {namespace}");
        assert!(without.is_subset(&with));
    }
}
