//! A SealedSecret or a ClusterSealedSecret, for all that is the same for both.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

use crate::{ClusterSealedSecret, SealedSecret, SealedSecretSpec, SealedSecretStatus};

/// The kinds of objects that hold sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum SealedKind {
    /// It becomes a Secret in its own namespace.
    SealedSecret,
    /// It becomes a Secret in every namespace that it selects, and has no namespace itself.
    ClusterSealedSecret,
}

impl SealedKind {
    /// The word in `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SealedSecret => "SealedSecret",
            Self::ClusterSealedSecret => "ClusterSealedSecret",
        }
    }
}

/// A SealedSecret or a ClusterSealedSecret.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnySealedSecret {
    /// Name and, of a SealedSecret, namespace.
    pub metadata: ObjectMeta,
    /// What the Secret, or each of the Secrets, should be.
    pub spec: SealedSecretSpec,
    /// Which namespaces get a Secret. `None`: it is a SealedSecret.
    pub namespace_selector: Option<LabelSelector>,
    /// What the controller last found. The digest of all Secrets' versions stands for the version of one.
    pub status: Option<SealedSecretStatus>,
}

impl AnySealedSecret {
    /// Which of the two it is.
    #[must_use]
    pub const fn kind(&self) -> SealedKind {
        match self.namespace_selector {
            Some(_) => SealedKind::ClusterSealedSecret,
            None => SealedKind::SealedSecret,
        }
    }
}

impl From<SealedSecret> for AnySealedSecret {
    fn from(sealed: SealedSecret) -> Self {
        Self {
            metadata: sealed.metadata,
            spec: sealed.spec,
            namespace_selector: None,
            status: sealed.status,
        }
    }
}

impl From<ClusterSealedSecret> for AnySealedSecret {
    fn from(sealed: ClusterSealedSecret) -> Self {
        Self {
            metadata: sealed.metadata,
            spec: SealedSecretSpec {
                encrypted_data: sealed.spec.encrypted_data,
                template: sealed.spec.template,
                deletion_policy: sealed.spec.deletion_policy,
            },
            namespace_selector: Some(sealed.spec.namespace_selector),
            status: sealed.status.map(|status| SealedSecretStatus {
                observed_generation: status.observed_generation,
                conditions: status.conditions,
                key_ids: status.key_ids,
                oldest_sealed_at: status.oldest_sealed_at,
                secret_resource_version: status.secret_resource_versions,
                renewal: status.renewal,
            }),
        }
    }
}
