//! Who wrote what into a Secret, as the API server keeps account of it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::ResourceExt;
use waxwing_api::names::FIELD_MANAGER;

/// The names of the labels, annotations and items that some writers wrote.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) labels: BTreeSet<String>,
    pub(crate) annotations: BTreeSet<String>,
    pub(crate) items: BTreeSet<String>,
}

impl Fields {
    /// What the controller applied.
    pub(crate) fn of_ours(secret: &Secret) -> Self {
        Self::of(secret, is_ours)
    }

    /// What anyone else wrote.
    pub(crate) fn of_others(secret: &Secret) -> Self {
        Self::of(secret, |entry| !is_ours(entry))
    }

    /// Reads `fieldsV1`, in which the name of each field stands behind `f:`.
    fn of(secret: &Secret, wanted: impl Fn(&ManagedFieldsEntry) -> bool) -> Self {
        let mut fields = Self::default();
        for entry in secret.managed_fields().iter().filter(|entry| wanted(entry)) {
            let Some(written) = entry.fields_v1.as_ref().map(|fields| &fields.0) else {
                continue;
            };
            fields
                .labels
                .extend(names_in(&written["f:metadata"]["f:labels"]));
            fields
                .annotations
                .extend(names_in(&written["f:metadata"]["f:annotations"]));
            fields.items.extend(names_in(&written["f:data"]));
        }
        fields
    }
}

/// The field manager that changed the Secret last, beside the controller.
pub(crate) fn rival(secret: &Secret) -> Option<&str> {
    let others = secret.managed_fields().iter();
    others
        .filter(|entry| entry.manager.as_deref() != Some(FIELD_MANAGER))
        .max_by_key(|entry| entry.time.as_ref().map(|time| time.0))
        .and_then(|entry| entry.manager.as_deref())
}

fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(FIELD_MANAGER) && entry.operation.as_deref() == Some("Apply")
}

fn names_in(map: &serde_json::Value) -> impl Iterator<Item = String> {
    map.as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter_map(|key| key.strip_prefix("f:"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    #[test]
    fn the_rival_is_who_changed_the_secret_last_and_never_the_controller() {
        let entry = |(manager, operation, second): &(&str, &str, u32)| ManagedFieldsEntry {
            manager: Some((*manager).to_owned()),
            operation: Some((*operation).to_owned()),
            time: Some(Time(
                format!("2026-11-24T06:00:{second:02}Z").parse().unwrap(),
            )),
            ..ManagedFieldsEntry::default()
        };
        let ours = [(FIELD_MANAGER, "Apply", 9), (FIELD_MANAGER, "Update", 8)];
        for (others, expected) in [
            (&[][..], None),
            (&[("argocd", "Apply", 1)], Some("argocd")),
            (
                &[("a", "Apply", 1), ("b", "Update", 3), ("c", "Apply", 2)],
                Some("b"),
            ),
        ] {
            let mut secret = Secret::default();
            secret.metadata.managed_fields = Some(ours.iter().chain(others).map(entry).collect());
            assert_eq!(rival(&secret), expected);
        }
    }
}
