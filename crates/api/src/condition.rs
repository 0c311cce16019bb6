//! The closed sets of condition types and of reasons.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};

/// The status that the API server shows of an object that the controller has not looked at yet. Without it,
/// kstatus takes an object without conditions for one that is as it should be.
pub(crate) fn unobserved() -> Value {
    json!({ "observedGeneration": -1 })
}

/// The condition of that type, as [`ConditionType::as_str`] and [`KeyConditionType::as_str`] write it.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// A condition on a SealedSecret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConditionType {
    /// True: the Secret is what the SealedSecret says.
    Ready,
    /// True: only a change of the object itself can help. kstatus, Flux and Argo CD read it as Failed.
    Stalled,
    /// True: at least one item is sealed to a key of this cluster that is not the primary.
    Stale,
}

impl ConditionType {
    /// The word that stands in `status.conditions[].type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Stalled => "Stalled",
            Self::Stale => "Stale",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a SealedSecret could not be unsealed: the same words in conditions, events and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An item was sealed for another namespace, name or item.
    ScopeMismatch,
    /// An item was sealed to no key that this cluster has.
    UnknownKey,
    /// An item was sealed to a key that was revoked.
    KeyRevoked,
    /// An item is no sealed value, or was tampered with.
    Malformed,
    /// A Secret of that name exists, and its owner has not consented to an adoption.
    NotOwned,
    /// The Secret is immutable and would have to change.
    ImmutableSecret,
    /// A limit of Kubernetes or of the wire format is exceeded.
    TooLarge,
    /// The template could not be rendered.
    TemplateError,
    /// The API server refused the Secret as invalid.
    InvalidSecret,
    /// The namespace selector of a ClusterSealedSecret is none.
    InvalidSelector,
    /// The controller lacks a permission.
    Forbidden,
    /// Someone else keeps changing the Secret; put right by and by.
    Contested,
    /// The API server could not be reached or failed; retried.
    ApiError,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; 13] = [
        Self::ScopeMismatch,
        Self::UnknownKey,
        Self::KeyRevoked,
        Self::Malformed,
        Self::NotOwned,
        Self::ImmutableSecret,
        Self::TooLarge,
        Self::TemplateError,
        Self::InvalidSecret,
        Self::InvalidSelector,
        Self::Forbidden,
        Self::Contested,
        Self::ApiError,
    ];

    /// The word that stands in conditions, events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScopeMismatch => "ScopeMismatch",
            Self::UnknownKey => "UnknownKey",
            Self::KeyRevoked => "KeyRevoked",
            Self::Malformed => "Malformed",
            Self::NotOwned => "NotOwned",
            Self::ImmutableSecret => "ImmutableSecret",
            Self::TooLarge => "TooLarge",
            Self::TemplateError => "TemplateError",
            Self::InvalidSecret => "InvalidSecret",
            Self::InvalidSelector => "InvalidSelector",
            Self::Forbidden => "Forbidden",
            Self::Contested => "Contested",
            Self::ApiError => "ApiError",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition on a SealingKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyConditionType {
    /// True: the private half is there and matches.
    Loaded,
    /// True: the private half is encrypted to recovery recipients in `spec.escrow`.
    Escrowed,
    /// True: it is the primary, or SealedSecrets need it.
    InUse,
    /// True: the key is of no use until someone helps. kstatus, Flux and Argo CD read it as Failed.
    Stalled,
}

impl KeyConditionType {
    /// The word that stands in `status.conditions[].type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "Loaded",
            Self::Escrowed => "Escrowed",
            Self::InUse => "InUse",
            Self::Stalled => "Stalled",
        }
    }
}

impl fmt::Display for KeyConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a condition on a SealingKey is as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyReason {
    /// The private half is there and matches.
    PrivateHalfLoaded,
    /// There is no key Secret with the private half.
    PrivateHalfMissing,
    /// The private half belongs to another recipient.
    PrivateHalfMismatch,
    /// The key was revoked: its private half is not used any more.
    Revoked,
    /// `spec.escrow` is there.
    InEscrow,
    /// `spec.escrow` is not there: the key is lost when the cluster is.
    NoEscrow,
    /// It is the key that new values are sealed to.
    IsPrimary,
    /// At least one SealedSecret has a value sealed to it.
    HasDependents,
    /// No SealedSecret has a value sealed to it, and none will be.
    NoDependents,
    /// Nobody has to help.
    NotStalled,
}

impl KeyReason {
    /// The word that stands in `status.conditions[].reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateHalfLoaded => "PrivateHalfLoaded",
            Self::PrivateHalfMissing => "PrivateHalfMissing",
            Self::PrivateHalfMismatch => "PrivateHalfMismatch",
            Self::Revoked => "Revoked",
            Self::InEscrow => "InEscrow",
            Self::NoEscrow => "NoEscrow",
            Self::IsPrimary => "IsPrimary",
            Self::HasDependents => "HasDependents",
            Self::NoDependents => "NoDependents",
            Self::NotStalled => "NotStalled",
        }
    }
}

impl fmt::Display for KeyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
