//! The Kubernetes API of Waxwing: group `waxwing.dev`, version `v1alpha1`.
//!
//! `SealedSecret` is what people commit to Git and the controller turns into a Secret;
//! `SealingKey` is the public half of a cluster's key pair, readable by everyone who seals.
//! Everything that the programs must agree on by name stands here: labels, annotations, field
//! managers, the Secret type of private keys, and the closed sets of condition types and reasons.

#![forbid(unsafe_code)]

pub mod condition;
pub mod names;
mod sealed_secret;
mod sealing_key;

pub use condition::{ConditionType, Reason};
pub use sealed_secret::{
    DeletionPolicy, Renewal, SealedSecret, SealedSecretSpec, SealedSecretStatus, SecretTemplate,
    TemplateMetadata,
};
pub use sealing_key::{KeyAlgorithm, KeyState, SealingKey, SealingKeySpec, SealingKeyStatus};
