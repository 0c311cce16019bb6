//! Whose a Secret is that exists already: a pure function.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use waxwing_api::names::{
    ADOPT_ANNOTATION, ADOPT_MERGE, ADOPT_REPLACE, API_VERSION, MANAGED_LABEL, MANAGED_VALUE,
};
use waxwing_api::{Reason, SealedSecret};

use crate::unseal::Failure;

/// How a Secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Custody {
    /// The whole Secret is Waxwing's.
    Whole,
    /// The Secret is someone else's, who lets Waxwing put its items into it.
    Items,
}

/// How the Secret may be written for that SealedSecret, or why it may not.
///
/// The mark of a Secret that is wholly Waxwing's is its owner reference or, since that is missing under
/// `deletionPolicy: Retain`, the label.
pub(crate) fn custody(secret: &Secret, sealed: &SealedSecret) -> Result<Custody, Failure> {
    if let Some(controller) = controller_of(secret) {
        return if is_incarnation_of(controller, sealed) {
            Ok(Custody::Whole)
        } else {
            Err(refuse(format!(
                "a Secret of this name is there and belongs to {} {}; give one of them another name",
                controller.kind, controller.name
            )))
        };
    }
    if secret.labels().get(MANAGED_LABEL).map(String::as_str) == Some(MANAGED_VALUE) {
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

/// The owner reference for a Secret of that SealedSecret.
pub(crate) fn owner_reference(sealed: &SealedSecret) -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        name: sealed.name_any(),
        uid: sealed.uid().unwrap_or_default(),
        controller: Some(true),
        // Deleting the SealedSecret never needs to wait for the Secret.
        block_owner_deletion: None,
    }
}

/// Points at an object that no cluster has.
pub(crate) fn owner_of_nothing() -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        name: "nothing".to_owned(),
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        controller: None,
        block_owner_deletion: None,
    }
}

const KIND: &str = "SealedSecret";

fn controller_of(secret: &Secret) -> Option<&OwnerReference> {
    secret
        .owner_references()
        .iter()
        .find(|reference| reference.controller == Some(true))
}

/// Whether the reference names this SealedSecret, or one of its name that was deleted before: the
/// garbage collector may not have come yet.
fn is_incarnation_of(reference: &OwnerReference, sealed: &SealedSecret) -> bool {
    reference.kind == KIND
        && reference.api_version.split('/').next() == Some(waxwing_api::names::GROUP)
        && reference.name == sealed.name_any()
}

fn refuse(message: String) -> Failure {
    Failure::of_object(Reason::NotOwned, message)
}
