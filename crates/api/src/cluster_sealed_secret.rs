//! The custom resource `ClusterSealedSecret`.

#![allow(unreachable_pub, reason = "KubeSchema derives public helper types")]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::unobserved;
use crate::sealed_secret::{
    DeletionPolicy, ITEM_NAME_MESSAGE, ITEM_NAME_RULE, MAX_ITEMS, Renewal, SealedText,
    SecretTemplate,
};

/// What the Secrets should be, and where.
#[derive(CustomResource, KubeSchema, Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "waxwing.dev",
    version = "v1alpha1",
    kind = "ClusterSealedSecret",
    shortname = "cwax",
    category = "waxwing",
    status = "ClusterSealedSecretStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A SealedSecret for many namespaces: the controller makes a Secret of its name in each namespace that a label selector picks, and follows namespaces as they come and go.",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Secrets","type":"integer","jsonPath":".status.namespaces.ready"}"#,
    printcolumn = r#"{"name":"Selected","type":"integer","jsonPath":".status.namespaces.selected"}"#,
    printcolumn = r#"{"name":"Stale","type":"string","jsonPath":".status.conditions[?(@.type==\"Stale\")].status"}"#,
    printcolumn = r#"{"name":"Sealed","type":"date","jsonPath":".status.oldestSealedAt"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSealedSecretSpec {
    /// The labels of the namespaces that get a Secret; an empty selector picks all of them. kube-system,
    /// kube-public, kube-node-lease and the controller's own namespace never get one.
    pub namespace_selector: LabelSelector,

    /// The items of the Secrets: for each its sealed value, the base64 (RFC 4648, padded, one line) of an
    /// age file. Values of the scope cluster only: no other one opens in more than one place.
    #[schemars(with = "BTreeMap<String, SealedText>", extend("minProperties" = 1, "maxProperties" = MAX_ITEMS))]
    #[x_kube(validation = Rule::new(ITEM_NAME_RULE).message(ITEM_NAME_MESSAGE))]
    pub encrypted_data: BTreeMap<String, String>,

    /// What else the Secrets carry: labels, annotations, type, and items made from the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<SecretTemplate>,

    /// What becomes of a Secret when this object is deleted, or its namespace is not selected any more.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// What the controller last found and did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = unobserved()))]
pub struct ClusterSealedSecretStatus {
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Ready (in every namespace), Stalled and Stale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// How it stands in the namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespacesStatus>,

    /// The ids of all keys that the items are sealed to, this cluster's and others', sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_ids: Vec<String>,

    /// When the oldest of the items was sealed. Copying a value to another key does not change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_sealed_at: Option<Time>,

    /// A digest of the selected namespaces and of the resource versions of their Secrets as the controller
    /// last left them: while it is the same, nothing needs to be decrypted or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_resource_versions: Option<String>,

    /// The stale items, rewrapped for the primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
}

/// How a ClusterSealedSecret stands in the namespaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespacesStatus {
    /// How many namespaces the selector picks, protected ones not counted.
    #[serde(default)]
    pub selected: i64,

    /// In how many of them the Secret is what this object says.
    #[serde(default)]
    pub ready: i64,

    /// Those in which it is not, by name; the first 20 of them.
    #[serde(default)]
    pub failed: Vec<FailedNamespace>,

    /// Namespaces that the selector picks and that never get a Secret: kube-system, kube-public,
    /// kube-node-lease and the controller's own.
    #[serde(default)]
    pub protected: Vec<String>,
}

/// A namespace in which the Secret is not what it should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedNamespace {
    /// The name of the namespace.
    pub name: String,

    /// Why, in one word; the condition Ready has the whole message.
    pub reason: String,
}
