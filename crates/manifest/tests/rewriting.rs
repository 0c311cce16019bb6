//! Streams with some objects replaced.

#![allow(clippy::unwrap_used)]

mod common;

use common::documents;
use proptest::prelude::*;
use waxwing_manifest::{Format, Kind, Object, Replacement, SecretManifest, read, rewrite};

/// Replaces every Secret by one with a fixed item, so that the result can be written down.
fn replaced(text: &str, format: Format) -> String {
    let replace = |object: &Object<'_>| {
        (object.kind() == Kind::Secret).then(|| {
            let name = object.name().unwrap_or("x").to_owned();
            let items = [("k".to_owned(), b"v".to_vec().into())].into();
            Replacement::Secret(Box::new(SecretManifest {
                name,
                items,
                ..Default::default()
            }))
        })
    };
    rewrite(&documents(text), format, replace)
        .unwrap()
        .to_string()
}

fn new(name: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ndata:\n  k: dg==\n")
}

const OLD: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: old} # old\n";

#[test]
fn everything_but_the_secrets_is_kept_byte_for_byte() {
    let a = new("a");
    let cases = [
        (OLD.to_owned(), a.clone()),
        (format!("---\n{OLD}"), a.clone()),
        (
            format!("# head\nkind: A  # x\n---\n{OLD}---\n# tail\nkind: 'B'"),
            format!("# head\nkind: A  # x\n---\n{a}---\n# tail\nkind: 'B'"),
        ),
        (format!("{OLD}---\n{OLD}"), format!("{a}---\n{a}")),
        (
            format!("{OLD}...\n# b\nkind: B\n"),
            format!("{a}...\n# b\nkind: B\n"),
        ),
        (
            format!("{OLD}...\n%YAML 1.2\n---\nkind: B\n"),
            format!("{a}...\n%YAML 1.2\n---\nkind: B\n"),
        ),
        (format!("kind: A\n---\n{OLD}"), format!("kind: A\n---\n{a}")),
        ("kind: A".to_owned(), "kind: A".to_owned()),
        ("---\n---\n".to_owned(), "---\n---\n".to_owned()),
        (String::new(), String::new()),
    ];
    for (text, expected) in cases {
        assert_eq!(replaced(&text, Format::Yaml), expected, "{text:?}");
    }
}

#[test]
fn a_document_with_crlf_is_replaced_by_one_with_crlf() {
    let text = format!("kind: A\n---\n{OLD}---\nkind: B\n").replace('\n', "\r\n");
    let expected = format!("kind: A\n---\n{}---\nkind: B\n", new("a")).replace('\n', "\r\n");
    assert_eq!(replaced(&text, Format::Yaml), expected);
}

#[test]
fn a_list_keeps_its_other_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  data: {on: 'yes', m: 012}\n- apiVersion: v1\n  \
                kind: Secret\n  metadata: {name: a}\n- kind: B\n";
    assert_eq!(
        replaced(&text.replace("{on:", "{\"on\":"), Format::Yaml),
        "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  data:\n    \"on\": \"yes\"\n    m: 10\n\
         - apiVersion: v1\n  kind: Secret\n  metadata:\n    name: a\n  data:\n    k: dg==\n- kind: B\n"
    );
}

#[test]
fn a_list_of_secrets_becomes_a_list_of_any_kind() {
    let text = "{\"apiVersion\": \"v1\", \"kind\": \"SecretList\", \"items\": [{\"metadata\": {\"name\": \"a\"}}]}";
    assert_eq!(
        replaced(text, Format::Yaml),
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: a\n  \
         data:\n    k: dg==\n"
    );
}

#[test]
fn json_output_holds_every_document() {
    let text = format!("# head\n---\nkind: A\nm: 1.5\nb: yes\n---\n{OLD}---\n");
    let written = replaced(&text, Format::Json);
    let values: Vec<serde_json::Value> = serde_json::Deserializer::from_str(&written)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        values[0],
        serde_json::json!({"kind": "A", "m": 1.5, "b": true})
    );
    assert_eq!(values[1]["data"], serde_json::json!({"k": "dg=="}));
    assert_eq!(values.len(), 2);
}

#[test]
fn json_documents_among_yaml_get_separators() {
    let text = "{\"kind\": \"A\"}{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}}";
    assert_eq!(
        replaced(text, Format::Yaml),
        format!("{{\"kind\": \"A\"}}\n---\n{}", new("a"))
    );
    assert_eq!(
        replaced("{\"kind\": \"A\"}", Format::Yaml),
        "{\"kind\": \"A\"}"
    );
    let both = replaced("{\"kind\": \"A\"}\n{\"kind\": \"B\"}\n", Format::Yaml);
    assert_eq!(read("both", &both).unwrap().len(), 2, "{both}");
}

#[test]
fn what_json_cannot_hold_is_refused_with_its_line() {
    for (text, words) in [
        (
            "kind: A\nm: .inf\n",
            "input.yaml:2: document 1: is not a finite number",
        ),
        (
            "kind: A\nm: {yes: 1}\n",
            "input.yaml:2: document 1: a key is a boolean",
        ),
        (
            "kind: A\nm: !x 1\n",
            "input.yaml:2: document 1: has a YAML tag",
        ),
    ] {
        let error = rewrite(&documents(text), Format::Json, |_| None)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

proptest! {
    #[test]
    fn nothing_changes_when_nothing_is_replaced(text in any_yaml()) {
        if let Ok(documents) = read("input", &text) {
            prop_assert_eq!(&**rewrite(&documents, Format::Yaml, |_| None).unwrap(), text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any_yaml()) {
        for document in read("input", &text).into_iter().flatten() {
            for object in document.objects() {
                drop(SecretManifest::read(&object));
                drop(waxwing_manifest::validate(&object, None));
                drop(waxwing_manifest::plaintext(&object));
            }
        }
    }
}

/// Texts that are YAML or nearly so.
fn any_yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[ -~é\n\t]{0,6}",
        prop::sample::select(vec![
            "---\n",
            "...\n",
            "# c\n",
            "a: ",
            "b: ",
            "- ",
            "? ",
            ": ",
            "&x ",
            "*x",
            "|\n  ",
            ">-\n ",
            "\"",
            "'",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "\n",
            "\r\n",
            "\n  ",
            "!!str ",
            "!t ",
            "<<: ",
            "%YAML 1.2\n",
            "\u{feff}",
            "apiVersion: v1\n",
            "kind: Secret\n",
            "data:\n  a: YQ==\n",
            "metadata:\n  name: a\n",
            "kind: List\n",
            "items:\n- ",
            "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\n",
            "spec:\n  encryptedData:\n    a: YWdl\n",
            "\"a\": 1",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..16).prop_map(|words| words.concat())
}
