//! A Secret of many namespaces: its ClusterSealedSecret, and back.

use waxwing_crypto::{KeyRing, ScopeKind};
use waxwing_manifest::{
    Format, Replacement, SealFor, parse_selector, read_sealed_secret, seal_secret, validate, write,
};

use crate::common::{documents, key, lines, now, seal_stream, secret};
use crate::{SECRET, unseal_first};

const SELECTOR: &str = "team=a,env in (prod,qa),!old";

/// The example Secret as a ClusterSealedSecret, and the keys that open it.
fn sealed() -> (String, KeyRing) {
    let (recipients, ring) = key();
    let selector = parse_selector(SELECTOR).unwrap();
    let secret = secret(SECRET).unwrap();
    let sealed = seal_secret(&secret, SealFor::Namespaces(&selector), &recipients, now()).unwrap();
    let text = write(Replacement::Sealed(Box::new(sealed)), Format::Yaml);
    (text.to_string(), ring)
}

#[test]
fn it_has_the_shape_that_people_know() {
    let (text, _) = sealed();
    let shape: String = text
        .lines()
        .map(|line| {
            line.split_once(": YWdl")
                .map_or(line, |(key, _)| key)
                .to_owned()
                + "\n"
        })
        .collect();
    assert_eq!(
        shape,
        "apiVersion: waxwing.dev/v1alpha1\nkind: ClusterSealedSecret\nmetadata:\n  name: db\nspec:\n  \
         namespaceSelector:\n    matchLabels:\n      team: a\n    matchExpressions:\n    - key: env\n      \
         operator: In\n      values:\n      - prod\n      - qa\n    - key: old\n      operator: DoesNotExist\n  \
         encryptedData:\n    password\n    username\n  template:\n    metadata:\n      labels:\n        app: web\n      \
         annotations:\n        a/b: |-\n          c\n          d\n    type: kubernetes.io/basic-auth\n    \
         immutable: true\n"
    );
}

#[test]
fn its_secret_comes_back_for_any_namespace() {
    let (text, ring) = sealed();
    for namespace in [None, Some("prod"), Some("dev")] {
        let unsealed = unseal_first(&text, namespace, &ring).unwrap();
        let mut expected = secret(SECRET).unwrap();
        expected.namespace = namespace.map(str::to_owned);
        assert_eq!(unsealed.secret, expected);
    }
}

#[test]
fn values_that_are_bound_to_one_place_are_refused() {
    let (recipients, ring) = key();
    for (scope, refused) in [
        (ScopeKind::Strict, Some("(strict prod/db/password)")),
        (ScopeKind::Namespace, Some("(namespace prod)")),
        (ScopeKind::Cluster, None),
    ] {
        let text = seal_stream(SECRET, scope, &recipients)
            .replace("kind: SealedSecret", "kind: ClusterSealedSecret")
            .replace("spec:\n", "spec:\n  namespaceSelector: {}\n");
        let documents = documents(&text);
        let object = documents[0].objects().next().unwrap();
        let findings = lines(&validate(&object, Some("prod")).findings);
        let opened = unseal_first(&text, Some("prod"), &ring);
        match refused {
            Some(words) => {
                let start = "input.yaml:9: document 1: ClusterSealedSecret db: item \"password\": ";
                for errors in [&findings, &opened.unwrap_err()] {
                    assert_eq!(errors.len(), 2, "{errors:?}");
                    assert!(errors[0].starts_with(start), "{errors:?}");
                    assert!(errors[0].contains(words), "{errors:?}");
                    assert!(errors[0].contains("scope cluster only"), "{errors:?}");
                }
            }
            None => {
                assert_eq!(findings, [""; 0]);
                opened.unwrap();
            }
        }
    }
}

#[test]
fn a_selector_is_checked_as_the_api_server_and_the_controller_do() {
    let (text, _) = sealed();
    let head = text.split("  namespaceSelector:\n").next().unwrap();
    let rest = &text[text.find("  encryptedData:").unwrap()..];
    let cases: &[(&str, &[&str])] = &[
        ("{}", &[]),
        ("{matchLabels: {team: a}}", &[]),
        (
            "{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}",
            &[],
        ),
        (
            "null",
            &["6: document 1: ClusterSealedSecret db: spec.namespaceSelector: is missing"],
        ),
        ("[]", &["spec.namespaceSelector: is a list, not a mapping"]),
        (
            "{labels: {}}",
            &["spec.namespaceSelector.labels: is not a field of a ClusterSealedSecret"],
        ),
        (
            "{matchLabels: {team: 1}}",
            &["matchLabels.team: is a number, not a string"],
        ),
        (
            "{matchExpressions: {}}",
            &["matchExpressions: is a mapping, not a list"],
        ),
        (
            "{matchExpressions: [{}]}",
            &[
                "matchExpressions.key: is missing",
                "operator: is none of In, NotIn, Exists and",
            ],
        ),
        (
            "{matchExpressions: [{key: 'a b', operator: Matches}]}",
            &[
                "matchExpressions.key: is not a key",
                "operator: is none of In, NotIn, Exists and",
            ],
        ),
        (
            "{matchExpressions: [{key: a, operator: In}]}",
            &["operator: is not in keeping with its values"],
        ),
        (
            "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            &["operator: is not in keeping with its values"],
        ),
        (
            "{matchExpressions: [{key: a, operator: In, values: ['b c', 1]}]}",
            &[
                "values: is not a value for a label",
                "values: is a number, not a string",
            ],
        ),
    ];
    for (selector, expected) in cases {
        let text = format!("{head}  namespaceSelector: {selector}\n{rest}");
        let documents = documents(&text);
        let object = documents[0].objects().next().unwrap();
        let errors = lines(&read_sealed_secret(&object).err().unwrap_or_default());
        assert_eq!(errors.len(), expected.len(), "{selector}: {errors:?}");
        for (error, words) in errors.iter().zip(*expected) {
            assert!(error.contains(words), "{selector}: {error}");
        }
    }
}

#[test]
fn it_has_no_namespace_whatever_stands_there() {
    let (text, _) = sealed();
    let text = text.replace("  name: db\n", "  name: db\n  namespace: prod\n");
    let documents = documents(&text);
    let object = documents[0].objects().next().unwrap();
    assert_eq!(object.describe(), "ClusterSealedSecret db");
    assert_eq!(lines(&validate(&object, None).findings), [""; 0]);
    assert_eq!(
        read_sealed_secret(&object).unwrap().metadata.namespace,
        None
    );
}

#[test]
fn a_selector_is_no_field_of_a_sealed_secret() {
    let (text, _) = sealed();
    let text = text.replace("kind: Cluster", "kind: ");
    let documents = documents(&text);
    let object = documents[0].objects().next().unwrap();
    let errors = lines(&read_sealed_secret(&object).unwrap_err());
    assert!(
        errors[0].contains("spec.namespaceSelector: is not a field of a SealedSecret"),
        "{errors:?}"
    );
}
