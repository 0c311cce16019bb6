//! The custom resource `SealedSecret`.

#![allow(unreachable_pub, reason = "KubeSchema derives public helper types")]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::unobserved;

/// What the Secret should be. Every item is sealed on its own, and bound to its namespace, name and
/// item by its own scope.
#[derive(CustomResource, KubeSchema, Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "waxwing.dev",
    version = "v1alpha1",
    kind = "SealedSecret",
    namespaced,
    shortname = "wax",
    category = "waxwing",
    status = "SealedSecretStatus",
    derive = "PartialEq",
    derive = "Default",
    doc = "A Secret that may lie in Git: the controller of the cluster that it is sealed to turns it into a Secret of the same name and namespace.",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name":"Stale","type":"string","jsonPath":".status.conditions[?(@.type==\"Stale\")].status"}"#,
    printcolumn = r#"{"name":"Sealed","type":"date","jsonPath":".status.oldestSealedAt"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretSpec {
    /// The items of the Secret: for each its sealed value, the base64 (RFC 4648, padded, one line)
    /// of an age file.
    #[schemars(with = "BTreeMap<String, SealedText>", extend("minProperties" = 1, "maxProperties" = MAX_ITEMS))]
    #[x_kube(validation = Rule::new(ITEM_NAME_RULE).message(ITEM_NAME_MESSAGE))]
    pub encrypted_data: BTreeMap<String, String>,

    /// What else the Secret carries: labels, annotations, type, and items made from the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<SecretTemplate>,

    /// What becomes of the Secret when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// The most items of a SealedSecret. A Secret of 1 MiB could hold more only with hardly a value in
/// them; the bound keeps the cost of the CEL rules estimable.
pub(crate) const MAX_ITEMS: u32 = 1024;

/// What Kubernetes allows as an item name of a Secret (`IsConfigMapKey`).
pub(crate) const ITEM_NAME_RULE: &str = "self.all(item, item.size() <= 253 && item.matches('^[-._a-zA-Z0-9]+$') && item != '.' && !item.startsWith('..'))";
pub(crate) const ITEM_NAME_MESSAGE: &str = "an item name is 1 to 253 of the characters A-Z a-z 0-9 - _ . and neither \".\" nor begins with \"..\"";

impl SealedSecret {
    /// The resource version of the Secret as the controller last left it.
    #[must_use]
    pub fn secret_version(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        status.secret_resource_version.as_deref()
    }
}

/// The schema of a sealed value: what base64 in one line looks like. Whether it opens, only the
/// controller can tell.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SealedText(
    #[schemars(length(max = 1_600_000), regex(pattern = "^[A-Za-z0-9+/]+={0,2}$"))] String,
);

/// The parts of the Secret that are no secret.
#[derive(KubeSchema, Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretTemplate {
    /// Labels and annotations of the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,

    /// The type of the Secret. Kubernetes never lets it change once the Secret exists. Opaque when left out.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,

    /// True: Kubernetes refuses every later change of the Secret's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,

    /// What becomes of a change that Kubernetes does not let happen to the Secret: of the data of an
    /// immutable one, or of the type.
    #[serde(default)]
    pub immutable_policy: ImmutablePolicy,

    /// Further items, each the text of a template (Jinja syntax) that may name the decrypted items.
    /// An undefined name is an error.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = MAX_ITEMS))]
    #[x_kube(validation = Rule::new(ITEM_NAME_RULE).message(ITEM_NAME_MESSAGE))]
    pub data: BTreeMap<String, String>,
}

/// Labels and annotations of the Secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateMetadata {
    /// Labels of the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What becomes of a change that Kubernetes does not let happen to the Secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImmutablePolicy {
    /// The Secret stays as it is, and the object says `ImmutableSecret`.
    #[default]
    Refuse,
    /// The Secret is deleted and made anew: for a moment it is not there.
    Recreate,
}

/// What becomes of the Secret when its SealedSecret is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The Secret is deleted with it, by Kubernetes' garbage collection.
    #[default]
    Delete,
    /// The Secret stays.
    Retain,
}

/// What the controller last found and did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = unobserved()))]
pub struct SealedSecretStatus {
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Ready, Stalled and Stale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The ids of all keys that the items are sealed to, this cluster's and others', sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_ids: Vec<String>,

    /// When the oldest of the items was sealed. Copying a value to another key does not change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_sealed_at: Option<Time>,

    /// The resource version of the Secret as the controller last left it: while the Secret still
    /// has it, nothing needs to be decrypted or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_resource_version: Option<String>,

    /// The stale items, rewrapped for the primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
}

/// Stale items, rewrapped for the primary key: ciphertext, as public as the spec. `waxwing reseal`
/// copies it into the files in Git.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// For each stale item its value, sealed to the primary key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub encrypted_data: BTreeMap<String, String>,
}
