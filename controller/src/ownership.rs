//! Whose a Secret is that exists already: a pure function.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::ResourceExt;
use waxwing_api::names::{
    ADOPT_ANNOTATION, ADOPT_MERGE, ADOPT_REPLACE, API_VERSION, GROUP, MANAGED_CLUSTER_VALUE,
    MANAGED_LABEL, MANAGED_VALUE,
};
use waxwing_api::{Reason, SealedKind, SealedSecret};

use crate::unseal::Failure;

/// A Secret that is to be, and what it is made from.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) name: String,
    kind: SealedKind,
    uid: String,
}

impl Target {
    /// The Secret of a SealedSecret.
    pub(crate) fn of(sealed: &SealedSecret) -> Self {
        Self {
            namespace: sealed.namespace().unwrap_or_default(),
            name: sealed.name_any(),
            kind: SealedKind::SealedSecret,
            uid: sealed.uid().unwrap_or_default(),
        }
    }

    /// The Secret of a ClusterSealedSecret in one namespace.
    pub(crate) fn in_namespace(sealed: &SealedSecret, namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            kind: SealedKind::ClusterSealedSecret,
            ..Self::of(sealed)
        }
    }

    pub(crate) fn is_cluster_wide(&self) -> bool {
        self.kind == SealedKind::ClusterSealedSecret
    }

    /// The value of the label on the Secret.
    pub(crate) const fn managed_value(&self) -> &'static str {
        match self.kind {
            SealedKind::SealedSecret => MANAGED_VALUE,
            SealedKind::ClusterSealedSecret => MANAGED_CLUSTER_VALUE,
        }
    }
}

/// How a Secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Custody {
    /// The whole Secret is Waxwing's.
    Whole,
    /// The Secret is someone else's, who lets Waxwing put its items into it.
    Items,
}

/// How the Secret may be written for that target, or why it may not.
///
/// The mark of a Secret that is wholly Waxwing's is its owner reference or, since that is missing under
/// `deletionPolicy: Retain`, the label.
pub(crate) fn custody(secret: &Secret, target: &Target) -> Result<Custody, Failure> {
    if let Some(controller) = controller_of(&secret.metadata) {
        return if is_incarnation_of(controller, target) {
            Ok(Custody::Whole)
        } else {
            Err(refuse(format!(
                "a Secret of this name is there and belongs to {} {}; give one of them another name",
                controller.kind, controller.name
            )))
        };
    }
    if secret.labels().get(MANAGED_LABEL).map(String::as_str) == Some(target.managed_value()) {
        return Ok(Custody::Whole);
    }
    match secret
        .annotations()
        .get(ADOPT_ANNOTATION)
        .map(String::as_str)
    {
        Some(ADOPT_REPLACE) => Ok(Custody::Whole),
        Some(ADOPT_MERGE) => Ok(Custody::Items),
        _ => Err(refuse(format!(
            "a Secret of this name is there and was not made from this object; to hand it over, annotate it with {ADOPT_ANNOTATION}={ADOPT_REPLACE} (or ={ADOPT_MERGE} to add the items to it), or give one of them another name"
        ))),
    }
}

/// The owner reference for a Secret of that target.
pub(crate) fn owner_reference(target: &Target) -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: target.kind.as_str().to_owned(),
        name: target.name.clone(),
        uid: target.uid.clone(),
        controller: Some(true),
        // Deleting the owner never needs to wait for the Secret.
        block_owner_deletion: None,
    }
}

/// Points at an object that no cluster has.
pub(crate) fn owner_of_nothing() -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: SealedKind::SealedSecret.as_str().to_owned(),
        name: "nothing".to_owned(),
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        controller: None,
        block_owner_deletion: None,
    }
}

/// Whether a Secret belongs to a ClusterSealedSecret.
pub(crate) fn is_cluster_wide(metadata: &ObjectMeta) -> bool {
    controller_of(metadata)
        .is_some_and(|reference| is_of_kind(reference, SealedKind::ClusterSealedSecret))
}

fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let mut references = metadata.owner_references.iter().flatten();
    references.find(|reference| reference.controller == Some(true))
}

fn is_of_kind(reference: &OwnerReference, kind: SealedKind) -> bool {
    reference.kind == kind.as_str() && reference.api_version.split('/').next() == Some(GROUP)
}

/// Whether the reference names what the target is made from, or one of its name that was deleted before:
/// the garbage collector may not have come yet.
fn is_incarnation_of(reference: &OwnerReference, target: &Target) -> bool {
    is_of_kind(reference, target.kind) && reference.name == target.name
}

fn refuse(message: String) -> Failure {
    Failure::of_object(Reason::NotOwned, message)
}
