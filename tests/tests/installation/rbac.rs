//! The roles in deploy/: that the controller may do what is listed here, and nothing else.
//! That it is enough is proven by every other end-to-end test, which runs the controller with it.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    authorization::v1::{
        ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
        SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
    },
    core::v1::{ConfigMap, Secret},
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, ObjectMeta, PostParams},
};
use waxwing_api::{SealedSecret, SealingKey, names::DEFAULT_NAMESPACE};

use crate::cluster;

/// What the controller may do in every namespace, beyond what every authenticated user may.
const EVERYWHERE: [&str; 17] = [
    "create events.k8s.io/events",
    "create secrets",
    "get secrets",
    "get waxwing.dev/clustersealedsecrets",
    "get waxwing.dev/sealedsecrets",
    "list namespaces",
    "list secrets",
    "list waxwing.dev/clustersealedsecrets",
    "list waxwing.dev/sealedsecrets",
    "patch events.k8s.io/events",
    "patch secrets",
    "patch waxwing.dev/clustersealedsecrets/status",
    "patch waxwing.dev/sealedsecrets/status",
    "watch namespaces",
    "watch secrets",
    "watch waxwing.dev/clustersealedsecrets",
    "watch waxwing.dev/sealedsecrets",
];

/// What it may do in its own namespace only, beyond what every authenticated user may there.
const AT_HOME: [&str; 6] = [
    "create coordination.k8s.io/leases",
    "create waxwing.dev/sealingkeys",
    "get coordination.k8s.io/leases",
    "patch waxwing.dev/sealingkeys",
    "patch waxwing.dev/sealingkeys/status",
    "update coordination.k8s.io/leases",
];

#[tokio::test]
async fn the_controller_may_do_exactly_what_is_listed() {
    let cluster = cluster().await;
    let controller = cluster.controller_client().await.unwrap();
    let user = cluster.user_client().await.unwrap();
    let everywhere = BTreeSet::from(EVERYWHERE.map(str::to_owned));
    let at_home = &everywhere | &BTreeSet::from(AT_HOME.map(str::to_owned));
    for (namespace, expected) in [("default", everywhere), (DEFAULT_NAMESPACE, at_home)] {
        let of_all = rules(&user, namespace).await;
        let of_controller = &rules(&controller, namespace).await - &of_all;
        assert_eq!(of_controller, expected, "in {namespace}");
    }
}

/// Each thing that RBAC lets the client's user do in a namespace, as `VERB GROUP/RESOURCE`.
pub(crate) async fn rules(client: &Client, namespace: &str) -> BTreeSet<String> {
    let review = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec {
            namespace: Some(namespace.to_owned()),
        },
        ..SelfSubjectRulesReview::default()
    };
    let review = Api::all(client.clone())
        .create(&PostParams::default(), &review)
        .await
        .unwrap();
    let status = review.status.unwrap();
    assert!(!status.incomplete);
    status.resource_rules.iter().flat_map(spell_out).collect()
}

fn spell_out(rule: &ResourceRule) -> Vec<String> {
    let mut spelled = Vec::new();
    let names = rule.resource_names.clone().unwrap_or_default();
    let only = if names.is_empty() {
        String::new()
    } else {
        format!(" named {}", names.join(", "))
    };
    for verb in &rule.verbs {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                let slash = if group.is_empty() { "" } else { "/" };
                spelled.push(format!("{verb} {group}{slash}{resource}{only}"));
            }
        }
    }
    spelled
}

#[tokio::test]
async fn the_controller_may_not_do_what_an_intruder_in_it_would_try() {
    let client = cluster().await.controller_client().await.unwrap();
    let forbidden = [
        ("delete", "", "secrets", None),
        ("deletecollection", "", "secrets", None),
        ("update", "", "secrets", None),
        ("get", "", "configmaps", None),
        ("create", "", "pods", None),
        ("create", "", "pods", Some("exec")),
        ("create", "", "serviceaccounts", Some("token")),
        ("impersonate", "", "users", None),
        ("patch", "waxwing.dev", "sealedsecrets", None),
        ("create", "waxwing.dev", "sealedsecrets", None),
        ("delete", "waxwing.dev", "sealedsecrets", None),
        ("delete", "waxwing.dev", "sealingkeys", None),
        (
            "escalate",
            "rbac.authorization.k8s.io",
            "clusterroles",
            None,
        ),
        ("bind", "rbac.authorization.k8s.io", "clusterroles", None),
        ("create", "rbac.authorization.k8s.io", "rolebindings", None),
        ("*", "*", "*", None),
    ];
    for (verb, group, resource, subresource) in forbidden {
        for namespace in ["default", DEFAULT_NAMESPACE] {
            let allowed = is_allowed(&client, namespace, verb, group, resource, subresource).await;
            assert!(
                !allowed,
                "may {verb} {group} {resource} {subresource:?} in {namespace}"
            );
        }
    }
    assert!(
        is_allowed(&client, "default", "get", "", "secrets", None).await,
        "the check sees what is allowed"
    );
}

async fn is_allowed(
    client: &Client,
    namespace: &str,
    verb: &str,
    group: &str,
    resource: &str,
    subresource: Option<&str>,
) -> bool {
    let attributes = ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: subresource.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let review = Api::all(client.clone())
        .create(&PostParams::default(), &review)
        .await
        .unwrap();
    review.status.unwrap().allowed
}

#[tokio::test]
async fn the_api_server_turns_the_controller_away_from_what_is_not_listed() {
    let cluster = cluster().await;
    let admin = cluster.client().await.unwrap();
    let controller = cluster.controller_client().await.unwrap();
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some("not-yours-to-delete".to_owned()),
            ..ObjectMeta::default()
        },
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::namespaced(admin, "default");
    secrets
        .create(&PostParams::default(), &secret)
        .await
        .unwrap();
    let secrets: Api<Secret> = Api::namespaced(controller.clone(), "default");
    assert_forbidden(
        secrets
            .delete("not-yours-to-delete", &DeleteParams::default())
            .await,
    );
    let config_maps: Api<ConfigMap> = Api::namespaced(controller, "default");
    assert_forbidden(config_maps.list(&ListParams::default()).await);
}

#[tokio::test]
async fn an_ordinary_user_may_read_the_public_keys_and_nothing_else_of_waxwing() {
    let client = cluster().await.user_client().await.unwrap();
    let keys: Api<SealingKey> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    keys.list(&ListParams::default()).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    assert_forbidden(secrets.list(&ListParams::default()).await);
    let sealed: Api<SealedSecret> = Api::namespaced(client.clone(), "default");
    assert_forbidden(sealed.list(&ListParams::default()).await);
    for verb in ["create", "update", "patch", "delete"] {
        let allowed = is_allowed(
            &client,
            DEFAULT_NAMESPACE,
            verb,
            "waxwing.dev",
            "sealingkeys",
            None,
        )
        .await;
        assert!(!allowed, "may {verb} SealingKeys");
    }
}

fn assert_forbidden<T: std::fmt::Debug>(result: Result<T, kube::Error>) {
    match result {
        Err(kube::Error::Api(status)) if status.code == 403 => {}
        other => panic!("not forbidden: {other:?}"),
    }
}
