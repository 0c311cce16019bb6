//! Which Secrets are accepted, and what is said of the others.

#![allow(clippy::unwrap_used)]

mod common;

use common::{lines, secret};

fn value(text: &str, item: &str) -> Option<String> {
    let secret = secret(text).unwrap();
    let value = secret.items.get(item)?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

fn with(fields: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\n{fields}")
}

fn problems(fields: &str) -> Vec<String> {
    lines(&secret(&with(fields)).unwrap_err())
}

#[test]
fn a_value_is_what_the_api_server_would_store() {
    let cases = [
        ("data: {a: YWJj}", "abc"),
        ("data: {a: ''}", ""),
        ("data:\n  a: |\n    YW\n    Jj\n", "abc"),
        ("data:\n  a: >-\n    YWJj\n", "abc"),
        ("data: {a: YWK=}", "ab"),
        ("stringData: {a: abc}", "abc"),
        ("stringData: {a: '1'}", "1"),
        ("stringData: {a: !!str 1}", "1"),
        ("stringData: {a: ! yes}", "yes"),
        ("stringData:\n  a: |\n    one\n\n    two\n", "one\n\ntwo\n"),
        ("stringData:\n  a: |-\n    one\r\n    two\r\n", "one\ntwo"),
        ("stringData:\n  a: >\n    one\n    two\n", "one two\n"),
        ("stringData:\n  a: one\n    two\n", "one two"),
        ("stringData: {a: \"\\x41\\u00e9\\t\"}", "Aé\t"),
        ("stringData: {a: 'it''s'}", "it's"),
        ("stringData: {a: ' padded '}", " padded "),
        ("stringData: {a: from-text}\ndata: {a: YWJj}", "from-text"),
        ("data: {a: YWJj}\nstringData: {a: from-text}", "from-text"),
        ("data: {b: &b YWJj, a: *b}", "abc"),
        ("data: {a: YWJj}\nstringData: null", "abc"),
    ];
    for (fields, expected) in cases {
        assert_eq!(
            value(&with(fields), "a").as_deref(),
            Some(expected),
            "{fields:?}"
        );
    }
}

#[test]
fn merge_keys_are_resolved_and_own_keys_win() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n  \
                stringData: {<<: [{a: '1', b: '2'}, {b: '3', c: '4'}], a: own}\n";
    assert_eq!(value(text, "a").as_deref(), Some("own"));
    assert_eq!(value(text, "b").as_deref(), Some("2"));
    assert_eq!(value(text, "c").as_deref(), Some("4"));
}

#[test]
fn a_number_that_looks_the_same_as_text_is_a_key() {
    assert_eq!(
        value(&with("stringData: {1: one}"), "1").as_deref(),
        Some("one")
    );
}

#[test]
fn everything_but_the_values_is_kept() {
    let secret = secret(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/basic-auth\nimmutable: true\nmetadata:\n  \
         name: db\n  uid: x\n  creationTimestamp: null\n  labels: {app: web}\n  annotations:\n    \
         a/b: c\n    kubectl.kubernetes.io/last-applied-configuration: '{\"data\": {}}'\n    \
         kapp.k14s.io/original: '{}'\nstringData: {password: x}\n",
    )
    .unwrap();
    assert_eq!(secret.name, "db");
    assert_eq!(secret.namespace, None);
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/basic-auth"));
    assert_eq!(secret.immutable, Some(true));
    assert_eq!(
        secret.labels.into_iter().collect::<Vec<_>>(),
        [("app".into(), "web".into())]
    );
    let annotations: Vec<_> = secret.annotations.into_keys().collect();
    assert_eq!(
        annotations,
        ["a/b"],
        "a copy of the plaintext never goes along"
    );
}

#[test]
fn what_kubernetes_would_refuse_is_refused_with_its_line() {
    let cases = [
        (
            "data: {a: 'no base64!'}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is not valid base64; ",
        ),
        (
            "data: {a: YWJ}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is not valid base64; ",
        ),
        (
            "data:\n  ok: YWJj\n  a: yes!\n",
            "input.yaml:8: document 1: Secret prod/db: item \"a\": is not valid base64; ",
        ),
        (
            "data: {a: 1234}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is a number, not a string; put it in quotes",
        ),
        (
            "stringData: {a: yes}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is a boolean, not a string; put it in quotes",
        ),
        (
            "stringData: {a: 012}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is a number, not a string; put it in quotes",
        ),
        (
            "stringData: {a: [x]}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": is a list, not a string",
        ),
        (
            "stringData: {a: !!binary YWJj}",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": has a YAML tag",
        ),
        (
            "stringData: {a: }",
            "input.yaml:6: document 1: Secret prod/db: item \"a\": has no value; ",
        ),
        (
            "stringData: {'a b': x}",
            "input.yaml:6: document 1: Secret prod/db: item \"a b\": is not a name for an item: ",
        ),
        (
            "stringData: {..: x}",
            "input.yaml:6: document 1: Secret prod/db: item \"..\": is not a name for an item: ",
        ),
        (
            "stringData: {a: x, a: y}",
            "input.yaml:6: document 1: Secret prod/db: stringData: the key \"a\" is there twice, first on line 6; ",
        ),
        (
            "stringData: {yes: x}",
            "input.yaml:6: document 1: Secret prod/db: stringData: a key is a boolean, not a string; ",
        ),
        (
            "stringData: {0x1: x}",
            "input.yaml:6: document 1: Secret prod/db: stringData: a key is a number, not a string; ",
        ),
        (
            "stringData: x",
            "input.yaml:6: document 1: Secret prod/db: stringData: is a string, not a mapping",
        ),
        (
            "stringData: {<<: x}",
            "input.yaml:6: document 1: Secret prod/db: stringData: the merge key << needs a mapping",
        ),
        (
            "",
            "input.yaml:1: document 1: Secret prod/db: has no items; add them under data or stringData",
        ),
        (
            "data: {}",
            "input.yaml:1: document 1: Secret prod/db: has no items; ",
        ),
        (
            "stringdata: {a: x}\ndata: {a: YQ==}",
            "input.yaml:6: document 1: Secret prod/db: stringdata: is not a field of a Secret; ",
        ),
        (
            "immutable: 'true'\ndata: {a: YQ==}",
            "input.yaml:6: document 1: Secret prod/db: immutable: is a string, not a boolean",
        ),
        (
            "type: 'a b'\ndata: {a: YQ==}",
            "input.yaml:6: document 1: Secret prod/db: type: is not a type for a Secret: ",
        ),
        (
            "type: kubernetes.io/tls\ndata: {tls.crt: YQ==}",
            "input.yaml:1: document 1: Secret prod/db: Kubernetes demands of a Secret of type kubernetes.io/tls the items tls.crt and tls.key; ",
        ),
        (
            "type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{'}",
            "input.yaml:1: document 1: Secret prod/db: Kubernetes demands of a Secret of type kubernetes.io/dockerconfigjson the item .dockerconfigjson, which holds JSON; ",
        ),
    ];
    for (fields, expected) in cases {
        let problems = problems(fields);
        assert_eq!(problems.len(), 1, "{fields:?} gives {problems:?}");
        assert!(
            problems[0].starts_with(expected),
            "{fields:?} gives {problems:?}"
        );
    }
}

#[test]
fn metadata_that_kubernetes_would_refuse_is_refused_with_its_line() {
    let cases = [
        (
            "metadata:\n  namespace: prod",
            "input.yaml:1: document 1: Secret prod/(unnamed): has no metadata.name; ",
        ),
        (
            "metadata: {generateName: db-}",
            "input.yaml:1: document 1: Secret (unnamed): has no metadata.name; ",
        ),
        (
            "metadata:\n  name: Db",
            "input.yaml:4: document 1: Secret Db: metadata.name: is not a name for an object: ",
        ),
        (
            "metadata:\n  name: 12",
            "input.yaml:4: document 1: Secret (unnamed): metadata.name: is a number, not a string; ",
        ),
        (
            "metadata:\n  name: db\n  namespace: a.b",
            "input.yaml:5: document 1: Secret a.b/db: metadata.namespace: is not a name for a namespace: ",
        ),
        (
            "metadata:\n  name: db\n  labels:\n    a: true",
            "input.yaml:6: document 1: Secret db: metadata.labels.a: is a boolean, not a string; ",
        ),
        (
            "metadata:\n  name: db\n  labels:\n    a: 'x y'",
            "input.yaml:6: document 1: Secret db: metadata.labels.a: is not a value for a label: ",
        ),
        (
            "metadata:\n  name: db\n  annotations:\n    a b: x",
            "input.yaml:6: document 1: Secret db: metadata.annotations.a b: is not a key for a label or annotation: ",
        ),
        (
            "metadata:\n  name: db\n  lables: {}",
            "input.yaml:5: document 1: Secret db: metadata.lables: is not a field of a Secret; ",
        ),
    ];
    for (metadata, expected) in cases {
        let text = format!("apiVersion: v1\nkind: Secret\n{metadata}\nstringData: {{a: x}}\n");
        let problems = lines(&secret(&text).unwrap_err());
        assert!(
            problems[0].starts_with(expected),
            "{metadata:?} gives {problems:?}"
        );
    }
}

#[test]
fn every_bad_item_is_told_at_once() {
    let problems = problems("data:\n  a: '!'\n  b: YQ==\n  c: 7\nstringData:\n  d:\n");
    let lines: Vec<_> = problems.iter().map(|problem| &problem[..13]).collect();
    assert_eq!(lines, ["input.yaml:7:", "input.yaml:9:", "input.yaml:11"]);
}

#[test]
fn a_secret_needs_its_version_but_not_within_a_list_of_secrets() {
    let problems =
        lines(&secret("kind: Secret\nmetadata: {name: a}\nstringData: {a: x}\n").unwrap_err());
    assert!(
        problems[0].contains("apiVersion: is missing; "),
        "{problems:?}"
    );
    let list =
        "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: a}\n  stringData: {a: x}\n";
    assert_eq!(value(list, "a").as_deref(), Some("x"));
}

#[test]
fn a_secret_may_have_one_mebibyte_and_no_more() {
    let of_len = |len: usize| with(&format!("stringData: {{a: \"{}\", b: x}}", "x".repeat(len)));
    assert!(secret(&of_len(1024 * 1024 - 1)).is_ok());
    let problems = lines(&secret(&of_len(1024 * 1024)).unwrap_err());
    assert!(
        problems[0].contains("more than 1 MiB together"),
        "{problems:?}"
    );
}

#[test]
fn a_value_is_never_in_an_error_nor_in_debug_output() {
    for fields in [
        "data: {a: hunter2}",
        "stringData: {a: [hunter2]}",
        "stringData: {a: !x hunter2}",
        "stringData: hunter2",
    ] {
        let problems = problems(fields).concat();
        assert!(!problems.contains("hunter2"), "{problems}");
    }
    let secret = secret(&with("stringData: {a: hunter2}")).unwrap();
    let debug = format!("{secret:?}");
    assert!(
        !debug.contains("hunter2") && !debug.contains("104, 117"),
        "{debug}"
    );
}

#[test]
fn an_error_cannot_steer_a_terminal() {
    let problems = problems("stringData: {\"a\\e[31m\": x}");
    assert!(
        problems[0].contains("item \"a\\u{1b}[31m\"") && !problems[0].contains('\u{1b}'),
        "{problems:?}"
    );
}
