#![allow(clippy::unwrap_used)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde_json::json;
use waxwing_api::SealedSecret;
use waxwing_api::names::{ADOPT_ANNOTATION, FIELD_MANAGER};
use zeroize::Zeroizing;

use super::*;

mod ownership;

fn target() -> Target {
    Target::of(&sealed())
}

fn sealed() -> SealedSecret {
    let mut sealed = SealedSecret::default();
    sealed.metadata.namespace = Some("prod".to_owned());
    sealed.metadata.name = Some("db".to_owned());
    sealed.metadata.uid = Some("uid-1".to_owned());
    sealed
}

fn desired(items: &[(&str, &str)]) -> Desired {
    Desired {
        items: items
            .iter()
            .map(|(item, value)| {
                (
                    (*item).to_owned(),
                    Zeroizing::new(value.as_bytes().to_vec()),
                )
            })
            .collect(),
        type_: "Opaque".to_owned(),
        immutable: None,
        immutable_policy: ImmutablePolicy::Refuse,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        deletion_policy: DeletionPolicy::Delete,
    }
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn managed(manager: &str, items: &[&str], labels: &[&str]) -> ManagedFieldsEntry {
    let names = |names: &[&str]| -> serde_json::Map<String, serde_json::Value> {
        names
            .iter()
            .map(|name| (format!("f:{name}"), json!({})))
            .collect()
    };
    ManagedFieldsEntry {
        manager: Some(manager.to_owned()),
        operation: Some("Apply".to_owned()),
        fields_v1: Some(FieldsV1(json!({
            "f:data": names(items),
            "f:metadata": { "f:labels": names(labels) },
        }))),
        ..ManagedFieldsEntry::default()
    }
}

/// The Secret as the API server has it after an apply of `desired`.
fn applied(desired: &Desired) -> Secret {
    let mut secret = whole(desired, &target(), "7");
    let items: Vec<&str> = desired.items.keys().map(String::as_str).collect();
    let labels: Vec<&str> = desired
        .labels
        .keys()
        .map(String::as_str)
        .chain([MANAGED_LABEL])
        .collect();
    secret.metadata.managed_fields = Some(vec![managed(FIELD_MANAGER, &items, &labels)]);
    secret
}

fn foreign(items: &[(&str, &str)], annotations: &[(&str, &str)]) -> Secret {
    let mut secret = applied(&desired(items));
    secret.metadata.labels = None;
    secret.metadata.owner_references = None;
    secret.metadata.annotations = Some(map(annotations));
    let names: Vec<&str> = items.iter().map(|(item, _)| *item).collect();
    secret.metadata.managed_fields = Some(vec![managed("kubectl", &names, &[])]);
    secret
}

/// In a word what is planned.
fn word(plan: &Plan) -> String {
    match plan {
        Plan::Leave { .. } => "leave".to_owned(),
        Plan::Refuse(failure) => failure.reason.to_string(),
        Plan::Apply(apply) if apply.alien_items.is_empty() => "apply".to_owned(),
        Plan::Recreate(_) => "recreate".to_owned(),
        Plan::Apply(apply) => format!("apply, remove {}", apply.alien_items.join(" ")),
    }
}

/// `applied(before)` with a change, against `wanted`.
fn check(name: &str, existing: &Secret, wanted: &Desired, expected: &str) {
    assert_eq!(
        word(&plan(wanted, &target(), Some(existing))),
        expected,
        "{name}"
    );
}

#[test]
fn a_secret_that_is_not_there_is_created_and_never_overwritten() {
    let Plan::Apply(apply) = plan(&desired(&[("a", "1")]), &target(), None) else {
        panic!("nothing applied");
    };
    assert_eq!(
        apply.secret.metadata.resource_version.as_deref(),
        Some(ABSENT)
    );
    assert!(apply.secret.owner_references()[0].controller.unwrap());
}

#[test]
fn a_secret_is_written_only_if_it_would_change() {
    let wanted = desired(&[("a", "1"), ("b", "2")]);
    let changed = |change: fn(&mut Secret)| {
        let mut secret = applied(&desired(&[("a", "1"), ("b", "2")]));
        change(&mut secret);
        secret
    };
    let alien = |secret: &mut Secret| {
        secret
            .data
            .as_mut()
            .unwrap()
            .insert("c".to_owned(), ByteString(b"3".to_vec()));
        secret
            .metadata
            .managed_fields
            .as_mut()
            .unwrap()
            .push(managed("kubectl-edit", &["c"], &[]));
    };
    let cases: [(&str, Secret, &str); 9] = [
        ("as it was left", changed(|_| {}), "leave"),
        (
            "value changed",
            changed(|s| s.data.as_mut().unwrap().get_mut("a").unwrap().0[0] = b'x'),
            "apply",
        ),
        (
            "item removed",
            changed(|s| drop(s.data.as_mut().unwrap().remove("a"))),
            "apply",
        ),
        ("item added", changed(alien), "apply, remove c"),
        (
            "label removed",
            changed(|s| s.metadata.labels = None),
            "apply",
        ),
        (
            "someone else's label added",
            changed(|s| {
                s.metadata
                    .labels
                    .get_or_insert_default()
                    .extend(map(&[("x", "y")]));
            }),
            "leave",
        ),
        (
            "owner reference removed",
            changed(|s| s.metadata.owner_references = None),
            "apply",
        ),
        (
            "made immutable",
            changed(|s| s.immutable = Some(true)),
            "ImmutableSecret",
        ),
        ("all data removed", changed(|s| s.data = None), "apply"),
    ];
    for (name, existing, expected) in cases {
        check(name, &existing, &wanted, expected);
    }
}

#[test]
fn a_change_of_the_sealed_secret_is_carried_over() {
    let before = desired(&[("a", "1"), ("b", "2")]);
    let with = |change: fn(&mut Desired)| {
        let mut wanted = desired(&[("a", "1"), ("b", "2")]);
        change(&mut wanted);
        wanted
    };
    let cases: [(&str, Desired, &str); 6] = [
        (
            "item removed: the apply does it",
            desired(&[("a", "1")]),
            "apply",
        ),
        ("item renamed", desired(&[("a", "1"), ("c", "2")]), "apply"),
        (
            "label added",
            with(|d| d.labels = map(&[("x", "y")])),
            "apply",
        ),
        (
            "deletion policy changed",
            with(|d| d.deletion_policy = DeletionPolicy::Retain),
            "apply",
        ),
        (
            "made immutable",
            with(|d| d.immutable = Some(true)),
            "apply",
        ),
        (
            "type changed",
            with(|d| d.type_ = "kubernetes.io/tls".to_owned()),
            "ImmutableSecret",
        ),
    ];
    for (name, wanted, expected) in cases {
        check(name, &applied(&before), &wanted, expected);
    }
    let mut labelled = desired(&[("a", "1")]);
    labelled.labels = map(&[("x", "y")]);
    check(
        "label removed",
        &applied(&labelled),
        &desired(&[("a", "1")]),
        "apply",
    );
}

#[test]
fn an_immutable_secret_is_left_alone_or_named() {
    let with_items = |items: &[(&str, &str)]| Desired {
        immutable: Some(true),
        ..desired(items)
    };
    let existing = applied(&with_items(&[("a", "1")]));
    check("unchanged", &existing, &with_items(&[("a", "1")]), "leave");
    check(
        "value changed",
        &existing,
        &with_items(&[("a", "2")]),
        "ImmutableSecret",
    );
    check(
        "item added",
        &existing,
        &with_items(&[("a", "1"), ("b", "2")]),
        "ImmutableSecret",
    );
    check(
        "no longer immutable",
        &existing,
        &desired(&[("a", "1")]),
        "ImmutableSecret",
    );
    let labels = Desired {
        labels: map(&[("x", "y")]),
        ..with_items(&[("a", "1")])
    };
    check("only a label changed", &existing, &labels, "apply");
}

#[test]
fn what_kubernetes_does_not_let_change_is_made_anew_only_if_the_template_asks_for_it() {
    let immutable = |value: &str, immutable_policy| Desired {
        immutable: Some(true),
        immutable_policy,
        ..desired(&[("a", value)])
    };
    let of_type = |type_: &str, immutable_policy| Desired {
        type_: type_.to_owned(),
        immutable_policy,
        ..desired(&[("a", "1")])
    };
    let (refuse, recreate) = (ImmutablePolicy::Refuse, ImmutablePolicy::Recreate);
    for (name, wanted, expected) in [
        ("value, Refuse", immutable("2", refuse), "ImmutableSecret"),
        ("value, Recreate", immutable("2", recreate), "recreate"),
        ("same, Recreate", immutable("1", recreate), "leave"),
        ("type, Refuse", of_type("x/y", refuse), "ImmutableSecret"),
        ("type, Recreate", of_type("x/y", recreate), "recreate"),
    ] {
        check(name, &applied(&immutable("1", refuse)), &wanted, expected);
    }
    let foreign = Secret {
        immutable: Some(true),
        ..foreign(&[("x", "y")], &[])
    };
    let name = "a foreign one, Recreate";
    check(name, &foreign, &immutable("1", recreate), "NotOwned");
    let merged = Secret {
        immutable: Some(true),
        ..self::foreign(&[("x", "y")], &[(ADOPT_ANNOTATION, "merge")])
    };
    let name = "one that items go into, Recreate";
    check(name, &merged, &immutable("1", recreate), "ImmutableSecret");
}

#[test]
fn what_kubernetes_adds_to_a_token_secret_stays() {
    let token = |items: &[(&str, &str)]| Desired {
        type_: TOKEN_TYPE.to_owned(),
        ..desired(items)
    };
    let mut existing = applied(&token(&[("a", "1")]));
    existing
        .data
        .as_mut()
        .unwrap()
        .insert("token".to_owned(), ByteString(b"t".to_vec()));
    check("token added", &existing, &token(&[("a", "1")]), "leave");
}

#[test]
fn the_plaintext_that_kubectl_leaves_in_an_annotation_is_never_written() {
    let mut wanted = desired(&[("a", "1")]);
    wanted.annotations = map(&[(LAST_APPLIED_ANNOTATION, "{}"), ("x", "y")]);
    let secret = whole(&wanted, &target(), "1");
    assert_eq!(secret.annotations(), &map(&[("x", "y")]));
}
