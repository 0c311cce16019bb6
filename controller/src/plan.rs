//! What to do about a Secret: a pure function of the Secret that should be and the one that is there.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use waxwing_api::names::{ADOPT_MERGE, LAST_APPLIED_ANNOTATION, MANAGED_LABEL};
use waxwing_api::{DeletionPolicy, ImmutablePolicy, Reason};

use crate::managed_fields::Fields;
use crate::ownership::{Custody, Target, custody, owner_reference};
use crate::unseal::{Desired, Failure};

/// A resource version that no object has: etcd's first revision is older than any object. With it,
/// server-side apply creates what is not there, and never changes what is.
pub(crate) const ABSENT: &str = "1";

/// The one type of Secret that Kubernetes adds items of its own to.
const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";

#[derive(Debug)]
pub(crate) enum Plan {
    /// The Secret is as it should be, in that version.
    Leave {
        version: String,
    },
    Apply(Box<Apply>),
    /// The Secret that was looked at must go, and then this is applied.
    Recreate(Box<Apply>),
    Refuse(Failure),
}

/// A server-side apply.
#[derive(Debug)]
pub(crate) struct Apply {
    /// What is applied. Its resource version is the one that was looked at: if anyone else writes
    /// in between, the API server refuses.
    pub(crate) secret: Secret,
    /// Items of others in a Secret that is wholly Waxwing's. Server-side apply leaves them.
    pub(crate) alien_items: Vec<String>,
}

pub(crate) fn plan(desired: &Desired, target: &Target, existing: Option<&Secret>) -> Plan {
    let Some(existing) = existing else {
        return Plan::Apply(creation(desired, target));
    };
    let version = existing.resource_version().unwrap_or_default();
    match custody(existing, target) {
        Err(refusal) => Plan::Refuse(refusal),
        Ok(Custody::Whole) => plan_whole(desired, target, existing, version),
        Ok(Custody::Items) => plan_items(desired, existing, version),
    }
}

fn creation(desired: &Desired, target: &Target) -> Box<Apply> {
    Box::new(Apply {
        secret: whole(desired, target, ABSENT),
        alien_items: Vec::new(),
    })
}

fn plan_whole(desired: &Desired, target: &Target, existing: &Secret, version: String) -> Plan {
    if let Some(refusal) = refuse_immutable(desired, existing) {
        return match desired.immutable_policy {
            ImmutablePolicy::Refuse => Plan::Refuse(refusal),
            ImmutablePolicy::Recreate => Plan::Recreate(creation(desired, target)),
        };
    }
    let wanted = whole(desired, target, &version);
    let alien_items = alien_items(desired, existing);
    if alien_items.is_empty() && is_applied(&wanted, existing) {
        return Plan::Leave { version };
    }
    Plan::Apply(Box::new(Apply {
        secret: wanted,
        alien_items,
    }))
}

fn plan_items(desired: &Desired, existing: &Secret, version: String) -> Plan {
    let wanted = only_items(desired, existing, &version);
    if is_applied(&wanted, existing) {
        return Plan::Leave { version };
    }
    if existing.immutable == Some(true) {
        return Plan::Refuse(immutable(
            existing,
            "the Secret that the items go into is immutable",
        ));
    }
    Plan::Apply(Box::new(Apply {
        secret: wanted,
        alien_items: Vec::new(),
    }))
}

/// Kubernetes lets the type of a Secret never change, and of an immutable Secret neither the items
/// nor the immutability.
fn refuse_immutable(desired: &Desired, existing: &Secret) -> Option<Failure> {
    let type_ = existing.type_.as_deref().unwrap_or_default();
    if type_ != desired.type_ {
        let what = format!(
            "the Secret has the type {type_} and cannot become one of type {}",
            desired.type_
        );
        return Some(immutable(existing, &what));
    }
    if existing.immutable != Some(true) {
        return None;
    }
    let changes = desired.immutable != Some(true)
        || !has_items(existing, desired)
        || item_names(existing).any(|item| !desired.items.contains_key(item));
    changes.then(|| immutable(existing, "the Secret is immutable and would have to change"))
}

fn immutable(existing: &Secret, what: &str) -> Failure {
    Failure::of_object(
        Reason::ImmutableSecret,
        format!(
            "{what}; delete it, and it is made anew: kubectl delete secret -n {} {} (spec.template.immutablePolicy: Recreate does so by itself)",
            existing.namespace().unwrap_or_default(),
            existing.name_any()
        ),
    )
}

/// The Secret that is wholly Waxwing's.
fn whole(desired: &Desired, target: &Target, version: &str) -> Secret {
    let mut labels = desired.labels.clone();
    let managed = target.managed_value();
    labels.insert(MANAGED_LABEL.to_owned(), managed.to_owned());
    let mut annotations = desired.annotations.clone();
    annotations.remove(LAST_APPLIED_ANNOTATION);
    let owner = match desired.deletion_policy {
        DeletionPolicy::Delete => Some(vec![owner_reference(target)]),
        DeletionPolicy::Retain => None,
    };
    Secret {
        metadata: ObjectMeta {
            name: Some(target.name.clone()),
            namespace: Some(target.namespace.clone()),
            resource_version: Some(version.to_owned()),
            labels: Some(labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            owner_references: owner,
            ..ObjectMeta::default()
        },
        type_: Some(desired.type_.clone()),
        immutable: desired.immutable,
        data: Some(data(desired)),
        ..Secret::default()
    }
}

/// Only the items, and the label by which the Secret is watched.
fn only_items(desired: &Desired, existing: &Secret, version: &str) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: existing.metadata.name.clone(),
            namespace: existing.metadata.namespace.clone(),
            resource_version: Some(version.to_owned()),
            labels: Some([(MANAGED_LABEL.to_owned(), ADOPT_MERGE.to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some(data(desired)),
        ..Secret::default()
    }
}

fn data(desired: &Desired) -> BTreeMap<String, ByteString> {
    desired
        .items
        .iter()
        .map(|(item, plaintext)| (item.clone(), ByteString(plaintext.to_vec())))
        .collect()
}

/// Whether applying would change nothing: everything wanted is there, and nothing is there that an
/// earlier apply wrote and this one does not.
fn is_applied(wanted: &Secret, existing: &Secret) -> bool {
    let ours = Fields::of_ours(existing);
    let no = BTreeMap::new();
    let labels = wanted.metadata.labels.as_ref().unwrap_or(&no);
    let annotations = wanted.metadata.annotations.as_ref().unwrap_or(&no);
    let items = wanted.data.as_ref();
    is_within(labels, existing.labels())
        && is_within(annotations, existing.annotations())
        && items.is_none_or(|items| {
            existing
                .data
                .as_ref()
                .is_some_and(|present| is_within(items, present))
        })
        && ours.labels.iter().all(|label| labels.contains_key(label))
        && ours
            .annotations
            .iter()
            .all(|annotation| annotations.contains_key(annotation))
        && ours
            .items
            .iter()
            .all(|item| items.is_some_and(|items| items.contains_key(item)))
        && (wanted.type_.is_none() || has_our_shape(wanted, existing))
}

/// What only a Secret that is wholly Waxwing's has: immutability and owner.
fn has_our_shape(wanted: &Secret, existing: &Secret) -> bool {
    let is_immutable = |secret: &Secret| secret.immutable == Some(true);
    let of_sealed_secret = |secret: &Secret| -> Vec<String> {
        let references = secret.owner_references().iter();
        references
            .filter(|reference| reference.controller == Some(true))
            .map(|reference| reference.uid.clone())
            .collect()
    };
    is_immutable(wanted) == is_immutable(existing)
        && of_sealed_secret(wanted) == of_sealed_secret(existing)
}

fn is_within<V: PartialEq>(wanted: &BTreeMap<String, V>, present: &BTreeMap<String, V>) -> bool {
    wanted
        .iter()
        .all(|(name, value)| present.get(name) == Some(value))
}

fn has_items(existing: &Secret, desired: &Desired) -> bool {
    desired.items.iter().all(|(item, plaintext)| {
        existing
            .data
            .as_ref()
            .and_then(|data| data.get(item))
            .is_some_and(|present| present.0 == **plaintext)
    })
}

fn item_names(secret: &Secret) -> impl Iterator<Item = &String> {
    secret.data.iter().flat_map(BTreeMap::keys)
}

/// Items that should not be there, and that applying would leave because someone else wrote them.
fn alien_items(desired: &Desired, existing: &Secret) -> Vec<String> {
    if desired.type_ == TOKEN_TYPE {
        return Vec::new();
    }
    let ours = Fields::of_ours(existing);
    let others = Fields::of_others(existing);
    item_names(existing)
        .filter(|item| !desired.items.contains_key(*item))
        .filter(|item| others.items.contains(*item) || !ours.items.contains(*item))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
