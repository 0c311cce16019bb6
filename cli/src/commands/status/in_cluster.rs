//! How a SealedSecret in a cluster compares with the one in the file.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use serde::Serialize;
use waxwing_api::{AnySealedSecret, ConditionType, SealedSecretSpec, TemplateMetadata, condition};

/// What a cluster has of a SealedSecret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub(super) enum InCluster {
    NotApplied,
    Applied(Applied),
    /// It could not be asked for.
    NotAsked {
        why: &'static str,
    },
    /// The cluster gave no answer.
    NoAnswer,
}

/// A SealedSecret in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Applied {
    ready: Readiness,
    /// Of the condition Ready, where it is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Whether its spec is another than that of the file.
    drifted: bool,
    /// Whether a value is sealed to a key of this cluster that is not the primary.
    stale: bool,
}

/// What the controller says of the object as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Readiness {
    Ready,
    NotReady,
    /// It has not looked at it yet.
    Pending,
}

impl InCluster {
    /// Compares the object, if there is one, with that of the file.
    pub(super) fn of(file: &AnySealedSecret, object: Option<&AnySealedSecret>) -> Self {
        match object {
            Some(object) => Self::Applied(Applied::of(file, object)),
            None => Self::NotApplied,
        }
    }

    /// For a cell of a table.
    pub(super) fn words(&self) -> String {
        match self {
            Self::NotApplied => "not applied".to_owned(),
            Self::NotAsked { why } => (*why).to_owned(),
            Self::NoAnswer => "no answer".to_owned(),
            Self::Applied(applied) => applied.words(),
        }
    }

    /// Whether the cluster has it just as the file says, and the Secret is there.
    pub(super) fn is_well(&self) -> bool {
        matches!(self, Self::Applied(applied) if applied.ready == Readiness::Ready && !applied.drifted)
    }
}

impl Applied {
    fn of(file: &AnySealedSecret, object: &AnySealedSecret) -> Self {
        let ready = condition(object, ConditionType::Ready);
        let seen = object
            .status
            .as_ref()
            .and_then(|status| status.observed_generation);
        let readiness = match ready {
            Some(_) if seen != object.metadata.generation => Readiness::Pending,
            Some(ready) if ready.status == "True" => Readiness::Ready,
            Some(_) => Readiness::NotReady,
            None => Readiness::Pending,
        };
        let trouble = ready.filter(|_| readiness == Readiness::NotReady);
        let stale = condition(object, ConditionType::Stale);
        Self {
            ready: readiness,
            reason: trouble.map(|ready| ready.reason.clone()),
            message: trouble.map(|ready| ready.message.clone()),
            drifted: plain(file) != plain(object),
            stale: stale.is_some_and(|stale| stale.status == "True"),
        }
    }

    fn words(&self) -> String {
        let ready = match (self.ready, &self.reason) {
            (Readiness::Ready, _) => "Ready",
            (Readiness::Pending, _) => "pending",
            (Readiness::NotReady, Some(reason)) => reason,
            (Readiness::NotReady, None) => "not Ready",
        };
        let drifted = if self.drifted { " drifted" } else { "" };
        let stale = if self.stale { " stale" } else { "" };
        format!("{ready}{drifted}{stale}")
    }
}

fn condition(object: &AnySealedSecret, kind: ConditionType) -> Option<&Condition> {
    let conditions = &object.status.as_ref()?.conditions;
    condition::find(conditions, kind.as_str())
}

/// All that the spec says, with what is empty left out as when it is read from a file.
fn plain(sealed: &AnySealedSecret) -> (SealedSecretSpec, Option<LabelSelector>) {
    let mut spec = sealed.spec.clone();
    if let Some(template) = &mut spec.template {
        let metadata = template.metadata.take();
        template.metadata = metadata.filter(|metadata| *metadata != TemplateMetadata::default());
    }
    let mut selector = sealed.namespace_selector.clone();
    if let Some(selector) = &mut selector {
        selector.match_labels.take_if(|labels| labels.is_empty());
        selector.match_expressions.take_if(|all| all.is_empty());
    }
    (spec, selector)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};
    use waxwing_api::SealedSecret;

    use super::*;

    fn object(status: &Value) -> AnySealedSecret {
        let object = json!({
            "apiVersion": "waxwing.dev/v1alpha1", "kind": "SealedSecret",
            "metadata": { "name": "db", "generation": 2 },
            "spec": { "encryptedData": { "a": "x" }, "template": { "metadata": {} } },
            "status": status,
        });
        serde_json::from_value::<SealedSecret>(object)
            .unwrap()
            .into()
    }

    fn condition_of(kind: &str, status: &str, reason: &str) -> Value {
        json!({
            "type": kind, "status": status, "reason": reason, "message": "why",
            "lastTransitionTime": "2026-11-24T06:00:00Z",
        })
    }

    #[test]
    fn what_the_controller_says_counts_once_it_has_seen_the_object_as_it_is() {
        let ready = condition_of("Ready", "True", "Unsealed");
        let mismatch = condition_of("Ready", "False", "ScopeMismatch");
        let stale = condition_of("Stale", "True", "OlderKey");
        let not_stale = condition_of("Stale", "False", "Current");
        let cases = [
            (json!(null), "pending"),
            (
                json!({ "observedGeneration": 1, "conditions": [ready] }),
                "pending",
            ),
            (
                json!({ "observedGeneration": 2, "conditions": [ready, not_stale] }),
                "Ready",
            ),
            (
                json!({ "observedGeneration": 2, "conditions": [ready, stale] }),
                "Ready stale",
            ),
            (
                json!({ "observedGeneration": 2, "conditions": [mismatch] }),
                "ScopeMismatch",
            ),
        ];
        for (status, expected) in cases {
            let object = object(&status);
            let found = InCluster::of(&object, Some(&object));
            assert_eq!(found.words(), expected, "{status}");
            let expected = expected.starts_with("Ready");
            assert_eq!(found.is_well(), expected, "{status}");
        }
    }

    #[test]
    fn a_spec_that_is_not_the_files_has_drifted() {
        let ready = condition_of("Ready", "True", "Unsealed");
        let object = object(&json!({ "observedGeneration": 2, "conditions": [ready] }));
        type Edit = fn(&mut AnySealedSecret);
        let cases: [(Edit, &str); 4] = [
            (
                |file| file.spec.template.as_mut().unwrap().metadata = None,
                "Ready",
            ),
            (|file| file.spec.template = None, "Ready drifted"),
            (
                |file| {
                    drop(
                        file.spec
                            .encrypted_data
                            .insert("a".to_owned(), "y".to_owned()),
                    );
                },
                "Ready drifted",
            ),
            (
                |file| file.namespace_selector = Some(LabelSelector::default()),
                "Ready drifted",
            ),
        ];
        for (edit, expected) in cases {
            let mut file = object.clone();
            edit(&mut file);
            let found = InCluster::of(&file, Some(&object));
            assert_eq!(found.words(), expected);
        }
        assert_eq!(InCluster::of(&object, None).words(), "not applied");
    }
}
