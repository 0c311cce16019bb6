//! A Secret of one namespace: its SealedSecret, and back.

use waxwing_crypto::ScopeKind;
use waxwing_manifest::{SealFor, seal_secret};

use crate::common::{key, now, seal_stream, secret};
use crate::{SECRET, unseal_first};

#[test]
fn a_secret_comes_back_whole() {
    let (recipients, ring) = key();
    for scope in [ScopeKind::Strict, ScopeKind::Namespace, ScopeKind::Cluster] {
        let sealed = seal_stream(SECRET, scope, &recipients);
        let unsealed = unseal_first(&sealed, None, &ring).unwrap();
        assert_eq!(unsealed.secret, secret(SECRET).unwrap());
        assert!(unsealed.templated.is_empty());
    }
}

#[test]
fn a_secret_of_every_type_comes_back_whole() {
    let (recipients, ring) = key();
    for (type_, items) in [
        ("Opaque", "a: b"),
        ("example.com/own", "a: b"),
        ("kubernetes.io/tls", "tls.crt: c, tls.key: k"),
        ("kubernetes.io/basic-auth", "password: p"),
        ("kubernetes.io/ssh-auth", "ssh-privatekey: k"),
        ("kubernetes.io/dockercfg", ".dockercfg: '{}'"),
        ("kubernetes.io/dockerconfigjson", ".dockerconfigjson: '{}'"),
        ("kubernetes.io/service-account-token", "token: t"),
        ("bootstrap.kubernetes.io/token", "token-id: t"),
    ] {
        let text = format!(
            "apiVersion: v1\nkind: Secret\ntype: {type_}\nmetadata: {{name: a, namespace: prod, annotations: \
             {{kubernetes.io/service-account.name: sa}}}}\nstringData: {{{items}}}\n"
        );
        let sealed = seal_stream(&text, ScopeKind::Strict, &recipients);
        let unsealed = unseal_first(&sealed, None, &ring).unwrap();
        assert_eq!(unsealed.secret, secret(&text).unwrap());
        assert_eq!(unsealed.secret.type_.as_deref(), Some(type_));
    }
}

#[test]
fn a_sealed_secret_has_the_shape_that_people_know() {
    let (recipients, _) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients);
    let shape: String = sealed
        .lines()
        .map(|line| {
            line.split_once(": YWdl")
                .map_or(line.to_owned(), |(key, _)| format!("{key}: AGE"))
                + "\n"
        })
        .collect();
    assert_eq!(
        shape,
        "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: prod\n\
         spec:\n  encryptedData:\n    password: AGE\n    username: AGE\n  template:\n    metadata:\n      \
         labels:\n        app: web\n      annotations:\n        a/b: |-\n          c\n          d\n    \
         type: kubernetes.io/basic-auth\n    immutable: true\n"
    );
}

#[test]
fn a_secret_without_extras_needs_no_template() {
    let (recipients, _) = key();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: YQ==}\n";
    let sealed = seal_stream(secret, ScopeKind::Strict, &recipients);
    assert!(!sealed.contains("template"), "{sealed}");
    assert!(sealed.contains("  namespace: prod\n"), "{sealed}");
}

#[test]
fn neither_plaintext_nor_a_copy_of_it_is_in_the_sealed_file() {
    let (recipients, _) = key();
    let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    \
                kubectl.kubernetes.io/last-applied-configuration: '{\"stringData\":{\"a\":\"hunter2\"}}'\n\
                stringData: {a: hunter2} # hunter2\n";
    let sealed = seal_stream(text, ScopeKind::Strict, &recipients);
    assert!(
        !sealed.contains("hunter2") && !sealed.contains("aHVudGVyMg"),
        "{sealed}"
    );
}

#[test]
fn an_item_that_cannot_be_sealed_is_named() {
    let (recipients, _) = key();
    let secret =
        secret("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {b: YQ==}\n").unwrap();
    let prod = SealFor::Namespace("prod", ScopeKind::Strict);
    let error = seal_secret(&secret, prod, &[], now()).unwrap_err();
    assert!(
        error.to_string().starts_with("item \"b\": no recipient"),
        "{error}"
    );
    assert!(seal_secret(&secret, prod, &recipients, now()).is_ok());
}

#[test]
fn every_item_that_does_not_open_is_told_with_its_line() {
    let (recipients, _) = key();
    let (_, other_ring) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients);
    let errors = unseal_first(&sealed, None, &other_ring).unwrap_err();
    assert_eq!(errors.len(), 2);
    let start = "input.yaml:8: document 1: SealedSecret prod/db: item \"password\": sealed to no key at hand but to ";
    assert!(errors[0].starts_with(start), "{errors:?}");
}

#[test]
fn the_namespace_of_the_manifest_counts_before_the_one_given() {
    let (recipients, ring) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients);
    assert!(unseal_first(&sealed, Some("dev"), &ring).is_ok());
    let bare = sealed.replace("  namespace: prod\n", "");
    assert_eq!(
        unseal_first(&bare, Some("prod"), &ring)
            .unwrap()
            .secret
            .namespace
            .unwrap(),
        "prod"
    );
    assert!(
        unseal_first(&bare, Some("dev"), &ring).unwrap_err()[0]
            .contains("sealed for another place (strict prod/db/password)")
    );
    assert!(
        unseal_first(&bare, None, &ring).unwrap_err()[0].contains("has no metadata.namespace; ")
    );
}

#[test]
fn templated_items_are_named_as_left_out() {
    let (recipients, ring) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients).replace(
        "  template:\n",
        "  template:\n    data:\n      url: \"{{ password }}\"\n",
    );
    let unsealed = unseal_first(&sealed, None, &ring).unwrap();
    assert_eq!(unsealed.templated, ["url"]);
    assert!(!unsealed.secret.items.contains_key("url"));
}

#[test]
fn debug_output_of_what_was_unsealed_shows_no_value() {
    let (recipients, ring) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients);
    let debug = format!("{:?}", unseal_first(&sealed, None, &ring).unwrap());
    assert!(
        !debug.contains("hunter2") && !debug.contains("104, 117"),
        "{debug}"
    );
}
