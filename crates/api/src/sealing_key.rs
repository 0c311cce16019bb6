//! The custom resource `SealingKey`.

#![allow(unreachable_pub, reason = "KubeSchema derives public helper types")]

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waxwing_crypto::Algorithm;

use crate::condition::unobserved;

/// The public half of one of the cluster's key pairs, named by its key id. The private half is a
/// Secret of the same name beside it.
#[derive(CustomResource, KubeSchema, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "waxwing.dev",
    version = "v1alpha1",
    kind = "SealingKey",
    namespaced,
    shortname = "waxkey",
    category = "waxwing",
    status = "SealingKeyStatus",
    derive = "PartialEq",
    doc = "A key pair that values of this cluster are sealed to: the public half, for everyone who seals.",
    validation = Rule::new("self.metadata.name.matches('^[0-9a-f]{16}$')")
        .message("a SealingKey is named by its key id: the first 8 bytes of the SHA-256 of its recipient, in lower hex"),
    printcolumn = r#"{"name":"Algorithm","type":"string","jsonPath":".spec.algorithm"}"#,
    printcolumn = r#"{"name":"State","type":"string","jsonPath":".spec.state"}"#,
    printcolumn = r#"{"name":"Primary","type":"boolean","jsonPath":".status.primary"}"#,
    printcolumn = r#"{"name":"Loaded","type":"string","jsonPath":".status.conditions[?(@.type==\"Loaded\")].status"}"#,
    printcolumn = r#"{"name":"Dependents","type":"integer","jsonPath":".status.dependents"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.recipient.startsWith('age1pq1') == (self.algorithm == 'mlkem768x25519')")
    .message("recipient and algorithm do not match: mlkem768x25519 has recipients age1pq1…, x25519 has age1…"))]
pub struct SealingKeySpec {
    /// The age recipient: `age1pq1…` or `age1…`.
    #[schemars(length(max = 4096), regex(pattern = "^age1(pq1)?[02-9ac-hj-np-z]+$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("recipient is immutable: a SealingKey is one key pair for ever"))]
    pub recipient: String,

    /// The recipient's type.
    #[x_kube(validation = Rule::new("self == oldSelf").message("algorithm is immutable: a SealingKey is one key pair for ever"))]
    pub algorithm: KeyAlgorithm,

    /// What the key may do: Active (opens values; the newest is the primary), Retired (opens
    /// values, is never primary) or Revoked (opens nothing, for ever).
    #[serde(default)]
    #[x_kube(validation = Rule::new("oldSelf != 'Revoked' || self == 'Revoked'").message("a revoked key stays revoked"))]
    pub state: KeyState,

    /// The private half, encrypted to the recovery recipients: an armored age file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    #[x_kube(validation = Rule::new("self.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')").message("escrow is an armored age file"))]
    pub escrow: Option<String>,
}

/// The recipient type of a sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KeyAlgorithm {
    /// Post-quantum: ML-KEM-768 combined with X25519.
    #[serde(rename = "mlkem768x25519")]
    MlKem768X25519,
    /// Classic and compact.
    #[serde(rename = "x25519")]
    X25519,
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::MlKem768X25519 => Self::MlKem768X25519,
            Algorithm::X25519 => Self::X25519,
        }
    }
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::MlKem768X25519 => Self::MlKem768X25519,
            KeyAlgorithm::X25519 => Self::X25519,
        }
    }
}

/// What a sealing key may do. An administrator may lower it at any time.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum KeyState {
    /// Opens values; the newest Active key is the primary, which new values are sealed to.
    #[default]
    Active,
    /// Opens values, and is never primary.
    Retired,
    /// Opens nothing, for ever.
    Revoked,
}

impl KeyState {
    /// The word for it in `spec.state`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Retired => "Retired",
            Self::Revoked => "Revoked",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the controller found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = unobserved()))]
pub struct SealingKeyStatus {
    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// True for the one key that new values are sealed to.
    #[serde(default)]
    pub primary: bool,

    /// How many SealedSecrets hold a value sealed to this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependents: Option<i64>,

    /// Loaded (the private half is there and matches), Escrowed, InUse and Stalled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
