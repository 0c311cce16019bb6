//! Writes the Secrets of one ClusterSealedSecret.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use kube::ResourceExt;
use kube::core::Selector;
use serde_json::{Value, json};
use waxwing_api::{ClusterSealedSecret, FailedNamespace, NamespacesStatus, Reason, SealedSecret};

use super::as_sealed_secret;
use super::digest::{self, left_over};
use super::selection::Selection;
use crate::apply::apply;
use crate::index::Known;
use crate::keys::Keys;
use crate::news::Standing;
use crate::object_key::ObjectKey;
use crate::ownership::Target;
use crate::reconcile::{Context, record};
use crate::secrets::Seen;
use crate::status::{self, Staleness, Verdict};
use crate::telling::Telling;
use crate::unseal::{Desired, Failure, unseal};
use crate::writer::{NotWritten, WriteError, Writer};

/// How many namespaces are worked on at the same time.
const AT_ONCE: usize = 16;

/// How many namespaces that failed are named.
const NAMED: usize = 20;

/// What came of it in the namespaces.
#[derive(Debug, Default)]
struct Spread {
    /// The versions of the Secrets that are what the object says.
    left: BTreeMap<Box<str>, Box<str>>,
    failed: BTreeMap<Box<str>, Failure>,
}

/// Unseals once, and writes a Secret in every selected namespace.
pub(crate) async fn spread(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    keys: &Arc<Keys>,
) -> Telling {
    let unsealing = unseal(sealed, keys).await;
    let selection = context.cluster_wide.selection(&key.name);
    let mut spread = Spread::default();
    if let Some(selection) = &selection {
        spread.withdraw(context, &key.name, selection).await;
    }
    let failures = match check(unsealing.result, selection.as_ref()) {
        Err(failures) => failures,
        Ok((desired, selection)) => {
            spread.write(context, sealed, &desired, selection).await;
            Vec::new()
        }
    };
    let failures: Vec<Failure> = failures.into_iter().chain(spread.failures()).collect();
    let left = &spread.left;
    let version = selection
        .as_ref()
        .map(|selection| digest::of(&key.name, selection, &context.secrets, left));
    let namespaces = spread.status(&selection.unwrap_or_default());
    let verdict = Verdict {
        failures: &failures,
        key_ids: &unsealing.key_ids,
        oldest: unsealing.oldest,
        secret_version: version.as_ref().map(ToString::to_string),
        staleness: Staleness::of(sealed, &unsealing.key_ids, keys),
        success: success(&namespaces),
    };
    let status = status::summarise(sealed, &verdict, Timestamp::now());
    let told = context.cluster_wide.told(&key.name);
    let patch = with_namespaces(
        sealed,
        status::patch(sealed, &status),
        told.as_ref(),
        &namespaces,
    );
    record(context, key, sealed, &unsealing.key_ids, &failures);
    let known = Known::new(
        sealed,
        &failures,
        version,
        unsealing.key_ids,
        unsealing.oldest,
        keys,
    );
    let before = Standing::before(context.index.get(key).as_ref(), sealed);
    Telling::of(sealed, patch, failures, before, known, keys.clone())
}

impl Spread {
    async fn write(
        &mut self,
        context: &Context,
        sealed: &SealedSecret,
        desired: &Desired,
        selection: &Selection,
    ) {
        let written: Vec<_> = stream::iter(selection.wanted.clone())
            .map(|namespace| async move {
                let written = write_one(context, sealed, desired, &namespace).await;
                (namespace, written)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (namespace, written) in written {
            match written {
                Ok(version) => drop(self.left.insert(namespace, version)),
                // The watch of the namespaces is about to say so, too.
                Err(NotWritten::NamespaceGoes) => {}
                Err(NotWritten::Failed(failure)) => drop(self.failed.insert(namespace, failure)),
            }
        }
    }

    async fn withdraw(&mut self, context: &Context, name: &str, selection: &Selection) {
        for namespace in left_over(name, selection, &context.secrets) {
            if let Err(failure) = withdraw(context, &ObjectKey::new(namespace, name)).await {
                self.failed.insert(namespace.into(), failure);
            }
        }
    }

    /// The first of them, and how many more there are.
    fn failures(&self) -> Vec<Failure> {
        let named = self.failed.iter().take(NAMED);
        let mut failures: Vec<Failure> = named
            .map(|(namespace, failure)| failure.clone().in_namespace(namespace))
            .collect();
        if let Some(next) = self.failed.values().nth(NAMED) {
            let more = self.failed.len() - NAMED;
            let message = format!("and {more} more namespaces");
            failures.push(Failure::of_object(next.reason, message));
        }
        failures
    }

    fn status(&self, selection: &Selection) -> NamespacesStatus {
        let failed = self.failed.iter().take(NAMED);
        NamespacesStatus {
            selected: count(selection.wanted.len()),
            ready: count(self.left.len()),
            failed: failed
                .map(|(namespace, failure)| FailedNamespace {
                    name: namespace.to_string(),
                    reason: failure.reason.to_string(),
                })
                .collect(),
            protected: selection
                .protected
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Brings the Secret of one namespace into the desired form, and returns its version then.
async fn write_one(
    context: &Context,
    sealed: &SealedSecret,
    desired: &Desired,
    namespace: &str,
) -> Result<Box<str>, NotWritten> {
    let key = ObjectKey::new(namespace, &sealed.name_any());
    let present = context.secrets.version(&key);
    if let Some(version) = present
        && context
            .cluster_wide
            .is_left(sealed, namespace, Some(&version))
    {
        return Ok(version);
    }
    let target = Target::in_namespace(sealed, namespace);
    let version = apply(context, &key, sealed, &target, desired).await?;
    context.cluster_wide.leave(sealed, namespace, &version);
    Ok(version.into())
}

/// Has the Secret of a namespace deleted that is not selected any more.
async fn withdraw(context: &Context, key: &ObjectKey) -> Result<(), Failure> {
    let Some(version) = context.secrets.version(key) else {
        return Ok(());
    };
    let writer = Writer::new(context.client.clone(), key);
    match writer.give_up(&version).await {
        Ok(given_up) => {
            let given_up = Seen::new(&given_up, false);
            context.secrets.leave(key, Some(&version), given_up);
            Ok(())
        }
        Err(WriteError::NamespaceGoes) => Ok(()),
        Err(WriteError::Failed(failure)) => Err(failure),
        Err(WriteError::Conflict) => Err(Failure::of_object(
            Reason::ApiError,
            "someone else changes the Secret that must go; tried again by and by",
        )),
    }
}

/// What stands in the way of all its Secrets, as far as the object and the keys tell.
pub(crate) async fn failures(object: &ClusterSealedSecret, keys: &Keys) -> Vec<Failure> {
    let selector = Selector::try_from(object.spec.namespace_selector.clone());
    let unsealing = unseal(&as_sealed_secret(object.clone()), keys).await;
    check(unsealing.result, selector.ok())
        .err()
        .unwrap_or_default()
}

/// No selector: the one of the object is malformed.
fn check<S>(
    unsealed: Result<Desired, Vec<Failure>>,
    selector: Option<S>,
) -> Result<(Desired, S), Vec<Failure>> {
    let desired =
        unsealed.map_err(|failures| failures.into_iter().map(explain).collect::<Vec<_>>())?;
    let selector = selector.ok_or_else(|| vec![invalid_selector()])?;
    Ok((desired, selector))
}

fn explain(failure: Failure) -> Failure {
    match failure.reason {
        Reason::ScopeMismatch => {
            failure.with("a ClusterSealedSecret takes values of the scope cluster only")
        }
        _ => failure,
    }
}

fn invalid_selector() -> Failure {
    Failure::of_object(
        Reason::InvalidSelector,
        "spec.namespaceSelector is no label selector; its operators are In and NotIn (with values), Exists and DoesNotExist (without)",
    )
}

fn success(namespaces: &NamespacesStatus) -> String {
    let mut text = match namespaces.selected {
        0 => "No namespace is selected.".to_owned(),
        1 => "The Secret of 1 namespace is what this object says.".to_owned(),
        number => format!("The Secrets of {number} namespaces are what this object says."),
    };
    if !namespaces.protected.is_empty() {
        let protected = namespaces.protected.join(", ");
        text += &format!(" Selected but protected, and therefore left out: {protected}.");
    }
    text
}

/// The merge patch of the status, with what is to be told of the namespaces.
fn with_namespaces(
    sealed: &SealedSecret,
    patch: Option<Value>,
    told: Option<&NamespacesStatus>,
    namespaces: &NamespacesStatus,
) -> Option<Value> {
    if told == Some(namespaces) {
        return patch;
    }
    let mut patch = patch
        .unwrap_or_else(|| json!({ "metadata": { "uid": sealed.metadata.uid }, "status": {} }));
    patch["status"]["namespaces"] = json!(namespaces);
    Some(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_namespaces_fail_the_status_stays_small() {
        let refused = || Failure::of_object(Reason::NotOwned, "refused");
        let mut spread = Spread::default();
        for number in 0..1_000 {
            let name = format!("namespace-{number:04}").into_boxed_str();
            spread.failed.insert(name, refused());
        }
        let failures = spread.failures();
        assert_eq!(failures.len(), NAMED + 1);
        assert!(failures[0].to_string().contains("namespace-0000"));
        assert!(failures[NAMED].to_string().contains("980 more namespaces"));
        assert_eq!(spread.status(&Selection::default()).failed.len(), NAMED);
    }

    #[test]
    fn protected_namespaces_that_a_selector_picks_are_told() {
        let namespaces = NamespacesStatus {
            selected: 2,
            ready: 2,
            protected: vec!["kube-system".to_owned()],
            ..NamespacesStatus::default()
        };
        let text = success(&namespaces);
        assert!(
            text.contains("2 namespaces") && text.contains("kube-system"),
            "{text}"
        );
        assert_eq!(
            success(&NamespacesStatus::default()),
            "No namespace is selected."
        );
    }
}
