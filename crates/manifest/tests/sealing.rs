//! Secret to SealedSecret and back.

#![allow(clippy::unwrap_used)]

mod common;

use common::{documents, key, lines, now, seal_stream, secret};
use proptest::prelude::*;
use waxwing_crypto::{KeyRing, ScopeKind};
use waxwing_manifest::{
    Format, Replacement, SecretManifest, Unsealed, read, read_sealed_secret, rewrite, seal_secret,
    sealed_items, unseal, validate,
};
use zeroize::Zeroizing;

const SECRET: &str = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/basic-auth\nimmutable: true\nmetadata:\n  \
                      name: db\n  namespace: prod\n  labels: {app: web}\n  annotations: {a/b: \"c\\nd\"}\n\
                      stringData: {username: ada, password: hunter2}\n";

fn unseal_first(
    text: &str,
    namespace: Option<&str>,
    ring: &KeyRing,
) -> Result<Unsealed, Vec<String>> {
    let documents = documents(text);
    let object = documents[0].objects().next().unwrap();
    unseal(&object, namespace, ring).map_err(|errors| lines(&errors))
}

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
    let error = seal_secret(&secret, "prod", ScopeKind::Strict, &[], now()).unwrap_err();
    assert!(
        error.to_string().starts_with("item \"b\": no recipient"),
        "{error}"
    );
    assert!(seal_secret(&secret, "prod", ScopeKind::Strict, &recipients, now()).is_ok());
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
fn items_are_read_without_a_key() {
    let (recipients, _) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Namespace, &recipients);
    let documents = documents(&sealed);
    let items = sealed_items(&documents[0].objects().next().unwrap()).unwrap();
    let seen: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item.name.as_str(),
                item.line,
                item.value.header().scope.to_string(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("password", 8, "namespace prod".to_owned()),
            ("username", 9, "namespace prod".to_owned())
        ]
    );
}

/// What is replaced in a good SealedSecret, and the findings: line and a part of the message.
type ValidationCase = (&'static str, &'static str, &'static [(usize, &'static str)]);

#[test]
fn validation_finds_everything_and_names_its_line() {
    let (recipients, _) = key();
    let sealed = seal_stream(SECRET, ScopeKind::Strict, &recipients);
    let cases: &[ValidationCase] = &[
        ("", "", &[]),
        ("  namespace: prod\n", "", &[]),
        (
            "namespace: prod",
            "namespace: dev",
            &[
                (
                    8,
                    "item \"password\": sealed for another place (strict prod/db/password)",
                ),
                (
                    9,
                    "item \"username\": sealed for another place (strict prod/db/username)",
                ),
            ],
        ),
        (
            "name: db",
            "name: other",
            &[(8, "another place"), (9, "another place")],
        ),
        (
            "    password: ",
            "    passwort: ",
            &[(8, "item \"passwort\": sealed for another place")],
        ),
        (
            "    password: YWdl",
            "    password: YWd",
            &[(8, "item \"password\": not ")],
        ),
        (
            "    password: YWdl",
            "    b: 7\n    password: YWdl",
            &[(8, "item \"b\": is a number, not a string")],
        ),
        (
            "    password: YWdl",
            "    b c: eA==\n    password: YWdl",
            &[(8, "item \"b c\": is not a name for an item")],
        ),
        (
            "    password: YWdl",
            "    password: YWdl\n    password: YWdl",
            &[(9, "the key \"password\" is there twice, first on line 8")],
        ),
        (
            "v1alpha1",
            "v9",
            &[(
                1,
                "apiVersion: is \"waxwing.dev/v9\", a version that this program does not know",
            )],
        ),
        ("  name: db\n", "", &[(1, "has no metadata.name")]),
        (
            "  encryptedData:",
            "  encrypteddata:",
            &[(7, "spec.encrypteddata: is not a field of a SealedSecret")],
        ),
        (
            "  template:\n",
            "  template:\n    data: {password: x}\n",
            &[(8, "item \"password\": is both in")],
        ),
        (
            "  template:\n",
            "  deletionPolicy: Never\n  template:\n",
            &[(10, "spec.deletionPolicy: is none of Delete and Retain")],
        ),
        (
            "  template:\n",
            "  template:\n    immutablePolicy: Never\n",
            &[(
                11,
                "spec.template.immutablePolicy: is none of Refuse and Recreate",
            )],
        ),
        (
            "type: kubernetes.io/basic-auth",
            "type: kubernetes.io/tls",
            &[(
                1,
                "Kubernetes demands of a Secret of type kubernetes.io/tls",
            )],
        ),
        (
            "        app: web",
            "        app: 'w e b'",
            &[(
                13,
                "spec.template.metadata.labels.app: is not a value for a label",
            )],
        ),
    ];
    for (from, to, expected) in cases {
        let text = sealed.replacen(from, to, 1);
        let documents = documents(&text);
        let object = documents[0].objects().next().unwrap();
        let findings = validate(&object, None).findings;
        assert_eq!(
            findings.len(),
            expected.len(),
            "{from:?} to {to:?}: {:?}",
            lines(&findings)
        );
        for (finding, (line, words)) in findings.iter().zip(*expected) {
            let message = finding.to_string();
            assert_eq!(finding.location().line, *line, "{message}");
            assert!(message.contains(words), "{message}");
        }
    }
}

#[test]
fn a_sealed_secret_without_items_makes_nothing() {
    let text =
        "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec: {}\n";
    let documents = documents(text);
    let errors = read_sealed_secret(&documents[0].objects().next().unwrap()).unwrap_err();
    assert!(
        errors[0]
            .to_string()
            .contains("has no items; add them under spec.encryptedData")
    );
}

/// A Secret written as a manifest and read back.
fn written_and_read(secret: &SecretManifest, format: Format) -> SecretManifest {
    let placeholder = documents("kind: A\n");
    let text = rewrite(&placeholder, format, |_| {
        Some(Replacement::Secret(Box::new(secret.clone())))
    })
    .unwrap();
    let documents = read("written", &text).unwrap();
    SecretManifest::read(&documents[0].objects().next().unwrap()).unwrap()
}

fn any_secret() -> impl Strategy<Value = SecretManifest> {
    let item = "[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,12}";
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[ -~]{0,8}".prop_map(String::into_bytes),
    ];
    let items = prop::collection::btree_map(item, value.prop_map(Zeroizing::new), 1..5);
    let label = "([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,8}[a-zA-Z0-9])?)?";
    let labels = prop::collection::btree_map("[a-z0-9]{1,5}(/[a-z0-9]{1,5})?", label, 0..3);
    let annotations = prop::collection::btree_map("[a-z0-9]{1,8}", ".*|[a \n]{0,9}", 0..3);
    let type_ = prop::option::of(prop_oneof![
        Just("Opaque".to_owned()),
        "[a-z]{1,4}/[a-z]{1,4}"
    ]);
    (items, labels, annotations, type_, any::<Option<bool>>()).prop_map(
        |(items, labels, annotations, type_, immutable)| SecretManifest {
            name: "db".to_owned(),
            namespace: Some("prod".to_owned()),
            type_,
            labels,
            annotations,
            immutable,
            items,
        },
    )
}

proptest! {
    #[test]
    fn any_secret_that_is_written_is_read_back_the_same(secret in any_secret()) {
        for format in [Format::Yaml, Format::Json] {
            prop_assert_eq!(&written_and_read(&secret, format), &secret);
        }
    }

    #[test]
    fn any_secret_that_is_sealed_is_unsealed_the_same(secret in any_secret()) {
        let (recipients, ring) = key();
        let sealed = seal_secret(&secret, "prod", ScopeKind::Strict, &recipients, now()).unwrap();
        for format in [Format::Yaml, Format::Json] {
            let text = rewrite(&documents("kind: A\n"), format, |_| {
                Some(Replacement::SealedSecret(Box::new(sealed.clone())))
            }).unwrap();
            let unsealed = unseal_first(&text, None, &ring).unwrap();
            prop_assert_eq!(&unsealed.secret, &secret);
        }
    }

    #[test]
    fn another_yaml_reader_sees_the_same_sealed_secret(secret in any_secret()) {
        let (recipients, _) = key();
        let sealed = seal_secret(&secret, "prod", ScopeKind::Strict, &recipients, now()).unwrap();
        let text = rewrite(&documents("kind: A\n"), Format::Yaml, |_| {
            Some(Replacement::SealedSecret(Box::new(sealed.clone())))
        }).unwrap();
        let read: waxwing_api::SealedSecret = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(read, sealed);
    }
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
