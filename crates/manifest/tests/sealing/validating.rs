//! What can be said of a sealed object without a key.

use waxwing_crypto::ScopeKind;
use waxwing_manifest::{read_sealed_secret, sealed_items, validate};

use crate::SECRET;
use crate::common::{documents, key, lines, seal_stream};

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
