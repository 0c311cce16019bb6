//! The files of the folder examples.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{key, lines, now};
use waxwing_crypto::{KeyRing, ScopeKind, parse_identity_file, parse_recipients_file};
use waxwing_manifest::{
    Document, Format, Kind, Replacement, SealFor, SecretManifest, read, rewrite, seal_secret,
    unseal, validate,
};

fn example(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn ring() -> KeyRing {
    parse_identity_file(&example("throw-away.key"))
        .unwrap()
        .into_iter()
        .collect()
}

fn secrets(text: &str) -> Vec<SecretManifest> {
    let documents = read("secret.yaml", text).unwrap();
    let objects = documents.iter().flat_map(Document::objects);
    objects
        .filter(|object| object.kind() == Kind::Secret)
        .map(|object| SecretManifest::read(&object).unwrap())
        .collect()
}

fn unsealed(text: &str, ring: &KeyRing) -> Vec<SecretManifest> {
    let documents = read("sealed.yaml", text).unwrap();
    let objects = documents.iter().flat_map(Document::objects);
    objects
        .filter(|object| object.sealed_kind().is_some())
        .map(|object| unseal(&object, None, ring).unwrap().secret)
        .collect()
}

#[test]
fn the_sealed_example_is_the_plain_one_sealed() {
    let opened = unsealed(&example("sealed.yaml"), &ring());
    assert_eq!(opened.len(), 2);
    assert_eq!(opened, secrets(&example("secret.yaml")));
}

#[test]
fn the_sealed_example_has_no_findings() {
    let text = example("sealed.yaml");
    for document in &read("sealed.yaml", &text).unwrap() {
        for object in document
            .objects()
            .filter(|object| object.sealed_kind().is_some())
        {
            assert_eq!(lines(&validate(&object, None).findings), [""; 0]);
        }
    }
}

#[test]
fn the_example_recipient_belongs_to_the_example_key() {
    let recipients = parse_recipients_file(&example("recipients.txt")).unwrap();
    assert_eq!(recipients.len(), 1);
    assert!(ring().contains(&recipients[0].key_id()));
}

#[test]
fn sealing_the_example_keeps_the_config_map_as_it_is() {
    let (recipients, ring) = key();
    let text = example("secret.yaml");
    let sealed = rewrite(
        &read("secret.yaml", &text).unwrap(),
        Format::Yaml,
        |object| {
            if object.kind() != Kind::Secret {
                return None;
            }
            let secret = SecretManifest::read(object).unwrap();
            let sealed = seal_secret(
                &secret,
                SealFor::Namespace("prod", ScopeKind::Strict),
                &recipients,
                now(),
            )
            .unwrap();
            Some(Replacement::Sealed(Box::new(sealed)))
        },
    );
    let sealed = sealed.unwrap();
    let config_map = text.split("---\n").next().unwrap();
    assert!(sealed.starts_with(config_map), "{}", *sealed);
    assert_eq!(unsealed(&sealed, &ring), secrets(&text));
}
