#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime};

use waxwing_crypto::{Algorithm, Identity, KeyRing, Recipient, Scope};
use waxwing_manifest::read;

use super::*;

const TIME: SystemTime = SystemTime::UNIX_EPOCH;

fn identity() -> Identity {
    Identity::generate(Algorithm::X25519)
}

fn seal(recipient: &Recipient, scope: &Scope, time: SystemTime) -> SealedValue {
    SealedValue::seal(b"value", scope, std::slice::from_ref(recipient), time).unwrap()
}

#[test]
fn a_value_is_changed_when_it_was_sealed_anew_and_resealed_when_only_its_keys_are_others() {
    let (first, second) = (identity(), identity());
    let [one, two] = [&first, &second].map(|identity| identity.recipient().clone());
    let value = seal(&one, &Scope::Cluster, TIME);
    let ring: KeyRing = [first].into_iter().collect();
    let resealed = value.rewrap(&ring, &two).unwrap();
    let granted = value
        .change_recipients(&ring, std::slice::from_ref(&two), &[])
        .unwrap();
    let same_keys = value.rewrap(&ring, &one).unwrap();
    // As whoever can open a value could make it: the header of one over the payload of another.
    let later = seal(&one, &Scope::Cluster, TIME + Duration::from_secs(1));
    let header = &later.as_bytes()[..later.header().header_len];
    let relabelled = SealedValue::from_bytes([header, value.payload()].concat()).unwrap();
    let anew = seal(&one, &Scope::Cluster, TIME);

    let cases = [
        ("the same", Some(&value), None),
        ("sealed anew", Some(&anew), Some(ItemChange::Changed)),
        ("another key", Some(&resealed), Some(ItemChange::Resealed)),
        ("a further key", Some(&granted), Some(ItemChange::Resealed)),
        (
            "the same key anew",
            Some(&same_keys),
            Some(ItemChange::Resealed),
        ),
        (
            "another header",
            Some(&relabelled),
            Some(ItemChange::Relabelled),
        ),
        ("gone", None, Some(ItemChange::Removed)),
    ];
    for (name, new, expected) in cases {
        assert_eq!(item_change(Some(&value), new), expected, "{name}");
    }
    assert_eq!(item_change(None, Some(&value)), Some(ItemChange::Added));
}

fn side(text: &str) -> Side {
    let mut side = Side::default();
    for document in &read("test", text).unwrap() {
        for object in document.objects() {
            // What is broken is noted in the side.
            let _ = side.add(&object);
        }
    }
    side
}

/// The SealedSecret `shop/db` with one item, and these fields in its metadata and its spec.
fn manifest(value: &str, metadata: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\n\
         metadata: {{name: db, namespace: shop, {metadata}}}\n\
         spec: {{encryptedData: {{a: {value}}}, {spec}}}\n"
    )
}

fn value() -> String {
    seal(identity().recipient(), &Scope::Cluster, TIME).to_base64()
}

#[test]
fn everything_but_the_values_is_compared_by_its_path() {
    use Change::{Added, Changed, Removed};
    type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [(&'a str, Change)]);
    let cases: &[Case<'_>] = &[
        ("", "", "", "deletionPolicy: Delete", &[]),
        (
            "",
            "",
            "",
            "deletionPolicy: Retain",
            &[("spec.deletionPolicy", Changed)],
        ),
        (
            "labels: {app.io/name: a, b: c}",
            "",
            "labels: {app.io/name: x}",
            "",
            &[
                ("metadata.labels.b", Removed),
                ("metadata.labels[\"app.io/name\"]", Changed),
            ],
        ),
        (
            "",
            "template: {type: a.io/b}",
            "",
            "template: {immutable: true, data: {url: x}}",
            &[
                ("spec.template.data.url", Added),
                ("spec.template.immutable", Added),
                ("spec.template.type", Removed),
            ],
        ),
    ];
    let value = value();
    for &(old_metadata, old_spec, new_metadata, new_spec, expected) in cases {
        let old = manifest(&value, old_metadata, old_spec);
        let new = manifest(&value, new_metadata, new_spec);
        let found = compare(side(&old), side(&new));
        let found: Vec<(&str, Change)> = found
            .iter()
            .flat_map(|difference| &difference.fields)
            .map(|field| (field.path.as_str(), field.change))
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn sealed_secrets_are_paired_by_name_and_nothing_is_said_of_broken_ones() {
    let one = manifest(&value(), "", "");
    let other = one.replace("name: db", "name: other");
    let twice = format!("{one}{}", manifest(&value(), "", ""));
    let broken = manifest("AAAA", "", "");
    let cases = [
        (
            "the same in another order",
            format!("{one}{other}"),
            format!("{other}{one}"),
            vec![],
        ),
        (
            "renamed",
            one.clone(),
            other,
            vec![Change::Removed, Change::Added],
        ),
        (
            "another one of the name",
            one.clone(),
            twice.clone(),
            vec![Change::Added],
        ),
        (
            "the first one goes",
            twice,
            manifest(&value(), "", ""),
            vec![Change::Changed, Change::Removed],
        ),
        ("broken", one.clone(), broken.clone(), vec![]),
        ("broken and gone", broken, String::new(), vec![]),
    ];
    for (name, old, new, expected) in cases {
        let found = compare(side(&old), side(&new));
        let found: Vec<Change> = found.iter().map(|difference| difference.change).collect();
        assert_eq!(found, expected, "{name}");
    }
}
