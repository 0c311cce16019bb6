//! What the webhook says of an object: it follows from the request, from what is looked after, and from the keys.

use kube::Resource;
use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::core::admission::{AdmissionRequest, Operation};
use kube::core::dynamic::ParseDynamicObjectError;
use waxwing_api::{ClusterSealedSecret, Reason, SealedSecret};

use crate::cluster_wide;
use crate::keys::Keys;
use crate::object_key::ObjectKey;
use crate::scope::Scope;
use crate::status;
use crate::unseal::{Failure, unseal};

/// An object that can be judged.
#[derive(Debug)]
pub(super) enum Subject {
    SealedSecret(Box<SealedSecret>),
    ClusterSealedSecret(Box<ClusterSealedSecret>),
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// Allowed as well: nobody could look, and this is why.
    Unchecked(String),
    Denied {
        reason: Reason,
        message: String,
    },
}

/// What is to be judged. `None`: nothing, whatever the keys.
///
/// A change that leaves the spec alone always passes: a broken object must be able to lose its finalizers, and
/// to have its labels and annotations changed.
pub(super) fn subject(
    request: &AdmissionRequest<DynamicObject>,
    scope: &Scope,
) -> Result<Option<Subject>, ParseDynamicObjectError> {
    let (Operation::Create | Operation::Update, None, Some(object)) =
        (&request.operation, &request.sub_resource, &request.object)
    else {
        return Ok(None);
    };
    let is_unchanged = |old: &DynamicObject| old.data.get("spec") == object.data.get("spec");
    if object.metadata.deletion_timestamp.is_some()
        || request.old_object.as_ref().is_some_and(is_unchanged)
        || !scope.looks_after(&ObjectKey::of(object), object.labels())
    {
        return Ok(None);
    }
    let object = object.clone();
    Ok(if request.resource.resource == SealedSecret::plural(&()) {
        Some(Subject::SealedSecret(Box::new(object.try_parse()?)))
    } else if request.resource.resource == ClusterSealedSecret::plural(&()) {
        Some(Subject::ClusterSealedSecret(Box::new(object.try_parse()?)))
    } else {
        None
    })
}

impl Subject {
    /// The reason and message that the condition Ready would have, if it can be told from the object and the
    /// keys alone.
    pub(super) async fn verdict(&self, keys: &Keys) -> Verdict {
        let failures = match self {
            Self::SealedSecret(sealed) => {
                unseal(sealed, keys).await.result.err().unwrap_or_default()
            }
            Self::ClusterSealedSecret(object) => cluster_wide::failures(object, keys).await,
        };
        Verdict::of(&failures)
    }
}

impl Verdict {
    /// What may be otherwise at the next try is no reason to deny anything.
    fn of(failures: &[Failure]) -> Self {
        match status::first_reason(failures) {
            None => Self::Allowed,
            Some(_) if !failures.iter().all(Failure::is_final) => {
                Self::Unchecked("it did not work out this time".to_owned())
            }
            Some(first) => Self::Denied {
                reason: first.reason,
                message: status::list(failures),
            },
        }
    }
}

#[cfg(test)]
mod tests;
