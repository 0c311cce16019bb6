//! Texts to documents and objects.

#![allow(clippy::unwrap_used)]

mod common;

use common::documents;
use waxwing_api::SealedKind;
use waxwing_manifest::{Document, Format, Kind, read, rewrite};

fn kinds(text: &str) -> Vec<Vec<Kind>> {
    let kinds_of = |document: &Document| document.objects().map(|object| object.kind()).collect();
    documents(text).iter().map(kinds_of).collect()
}

fn error(text: &str) -> String {
    read("input.yaml", text)
        .err()
        .map_or_else(String::new, |error| error.to_string())
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";

#[test]
fn every_document_is_found_whatever_separates_it() {
    use Kind::{Other, Secret};
    let cases: &[(&str, &[&[Kind]])] = &[
        ("", &[]),
        ("# nothing\n", &[&[]]),
        (SECRET, &[&[Secret]]),
        (
            "---\nkind: ConfigMap\n---\napiVersion: v1\nkind: Secret\n",
            &[&[Other], &[Secret]],
        ),
        ("kind: A\n...\nkind: B\n", &[&[Other], &[Other]]),
        ("---\n---\nkind: A\n---\n", &[&[], &[Other], &[]]),
        ("- kind: Secret\n", &[&[]]),
        ("just text\n", &[&[]]),
        (
            "\u{feff}apiVersion: v1\r\nkind: Secret\r\n---\r\na: 1\r\n",
            &[&[Secret], &[Other]],
        ),
        (
            "%YAML 1.2\n---\napiVersion: v1\nkind: Secret\n",
            &[&[Secret]],
        ),
        ("{apiVersion: v1, kind: Secret}", &[&[Secret]]),
        (
            "{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}",
            &[&[Secret]],
        ),
        (
            "{\"kind\": \"A\"}{\"apiVersion\": \"v1\",\n\"kind\": \"Secret\"}\n",
            &[&[Other], &[Secret]],
        ),
        ("{\"kind\": \"A\"}\n---\nkind: B\n", &[&[Other], &[Other]]),
    ];
    for (text, expected) in cases {
        assert_eq!(&kinds(text), expected, "{text:?}");
    }
}

#[test]
fn the_texts_of_all_documents_together_are_the_text_that_was_read() {
    for text in [
        "# head\n---\na: 1 # one\n# tail\n---\nb: é\n...\n# between\n%YAML 1.2\n---\nc: 3",
        "\u{feff}a: 1\r\n---\r\nb: 2\r\n",
        "{\"a\": 1}\n\n {\"b\": 2} \n",
        "---\n---\n",
        "a: |\n  ---\n  b\n---\nc: 1\n",
    ] {
        let joined: String = documents(text).iter().map(Document::raw).collect();
        assert_eq!(joined, text);
    }
}

#[test]
fn an_object_is_recognised_by_version_and_kind() {
    let cases = [
        ("apiVersion: v1\nkind: Secret\n", Kind::Secret),
        ("kind: Secret\n", Kind::Secret),
        ("'kind': \"Secret\"\napiVersion: !!str v1\n", Kind::Secret),
        ("apiVersion: example.com/v1\nkind: Secret\n", Kind::Other),
        (
            "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\n",
            Kind::Sealed(SealedKind::SealedSecret),
        ),
        (
            "apiVersion: waxwing.dev/v9\nkind: SealedSecret\n",
            Kind::Sealed(SealedKind::SealedSecret),
        ),
        (
            "apiVersion: waxwing.dev/v1alpha1\nkind: ClusterSealedSecret\n",
            Kind::Sealed(SealedKind::ClusterSealedSecret),
        ),
        (
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n",
            Kind::Other,
        ),
        ("apiVersion: v1\nkind: ConfigMap\n", Kind::Other),
        ("apiVersion: v1\n", Kind::Other),
        ("on: push\n1: one\n", Kind::Other),
    ];
    for (text, kind) in cases {
        assert_eq!(kinds(text), [[kind]], "{text:?}");
    }
}

#[test]
fn the_items_of_a_list_are_objects_of_their_own() {
    use Kind::{Other, Sealed, Secret};
    use SealedKind::{ClusterSealedSecret, SealedSecret};
    let cases: &[(&str, &[Kind])] = &[
        (
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret}\n- {kind: A}\n",
            &[Secret, Other],
        ),
        (
            "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: a}\n- {}\n",
            &[Secret, Secret],
        ),
        (
            "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecretList\nitems: [{spec: {}}]\n",
            &[Sealed(SealedSecret)],
        ),
        (
            "apiVersion: waxwing.dev/v1alpha1\nkind: ClusterSealedSecretList\nitems: [{spec: {}}]\n",
            &[Sealed(ClusterSealedSecret)],
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - \
             {apiVersion: v1, kind: Secret}\n",
            &[Secret],
        ),
        ("apiVersion: v1\nkind: List\n", &[]),
        (
            "apiVersion: v1\nkind: List\nitems: [&a {apiVersion: v1, kind: Secret}, *a]\n",
            &[Secret, Secret],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(kinds(text), [*expected], "{text:?}");
    }
}

#[test]
fn an_error_names_the_file_the_document_and_the_line() {
    let cases = [
        (
            "a: 1\n---\nb: [1\n",
            "input.yaml:4: document 2: not valid YAML: ",
        ),
        (
            "a: 1\n---\nb: *nothing\n",
            "input.yaml:3: document 2: not valid YAML: ",
        ),
        (
            "\u{feff}a: é\r\n---\r\nb: \"\r\n",
            "input.yaml:3: document 2: not valid YAML: ",
        ),
        (
            "a: &x 1\n---\n\nb: *x\n",
            "input.yaml:4: document 2: an alias names an anchor in another document; ",
        ),
        (
            "a: &x\n- *x\n",
            "input.yaml:2: document 1: an anchor contains an alias of itself; ",
        ),
        (
            "kind: A\nkind: B\n",
            "input.yaml:2: document 1: the key \"kind\" is there twice, first on line 1; ",
        ),
        (
            "{\"a\": 1}\n{\"a\"\n: }",
            "input.yaml:3: document 2: not valid JSON: ",
        ),
        ("{\"a\": tru", "input.yaml:1: document 1: not valid JSON: "),
    ];
    for (text, expected) in cases {
        let error = error(text);
        assert!(error.starts_with(expected), "{text:?} gives {error}");
    }
}

#[test]
fn text_that_cannot_be_read_is_not_repeated_in_the_error() {
    for text in [
        "a: hunter2: `hunter2`\n",
        "a: \"hunter2\n",
        "{\"a\": hunter2",
        "@hunter2\n",
        "a: *hunter2\n",
        "a: !<hunter2 b\n",
    ] {
        let error = error(text);
        assert!(
            !error.is_empty() && !error.contains("hunter2"),
            "{text:?} gives {error}"
        );
    }
}

#[test]
fn a_small_text_cannot_stand_for_a_large_one() {
    let deep_yaml = "- ".repeat(100) + "a";
    let deep_json = "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000);
    for text in [&deep_yaml, &deep_json] {
        assert!(
            error(text).contains("nested more than 64 levels deep"),
            "{}",
            error(text)
        );
    }
    assert!(error(&"[".repeat(100_000)).contains("recursion limit"));
    let mut lists =
        "apiVersion: v1\nkind: List\nitems:\n- &l0 {apiVersion: v1, kind: List, items: []}\n"
            .to_owned();
    for level in 1..40 {
        let below = level - 1;
        lists +=
            &format!("- &l{level} {{apiVersion: v1, kind: List, items: [*l{below}, *l{below}]}}\n");
    }
    assert!(
        error(&lists).contains("its aliases stand for more than"),
        "{}",
        error(&lists)
    );
}

#[test]
fn the_line_of_a_field_is_found_however_it_is_written() {
    let text = "# head\n---\nkind: A\nspec:\n  encryptedData:\n    # why\n    a: |-\n      x\n    \
                \"b\": y\n    c: {d: e}\n";
    let documents = documents(text);
    let object = documents[0].objects().next().unwrap();
    let cases: &[(&[&str], usize)] = &[
        (&[], 3),
        (&["spec"], 4),
        (&["spec", "encryptedData", "a"], 7),
        (&["spec", "encryptedData", "b"], 9),
        (&["spec", "encryptedData", "c", "d"], 10),
        (&["spec", "encryptedData", "missing"], 5),
        (&["missing", "a"], 3),
    ];
    for (path, line) in cases {
        assert_eq!(object.line_of(path), *line, "{path:?}");
    }
}

#[test]
fn json_escapes_are_read_as_json_has_them() {
    let documents = documents(
        "{\"kind\": \"\\u0053ecre\\u0074\", \"metadata\": {\"name\": \"\\ud83d\\ude00\\/\"}}",
    );
    let object = documents[0].objects().next().unwrap();
    assert_eq!(
        (documents[0].format(), object.kind()),
        (Format::Json, Kind::Secret)
    );
    assert_eq!(object.name(), Some("\u{1f600}/"));
}

#[test]
fn a_long_chain_of_aliases_is_refused_and_no_more() {
    let chain = |first: &str, link: &str| -> String {
        let links = (1..10_000).map(|at| {
            let link = link.replace("THIS", &at.to_string());
            link.replace("LAST", &(at - 1).to_string())
        });
        format!(
            "apiVersion: v1\nkind: List\nitems:\n{first}{}",
            links.collect::<String>()
        )
    };
    for (first, link) in [
        (
            "- &a0 {kind: A}\n",
            "- &aTHIS {apiVersion: v1, kind: List, items: [*aLAST]}\n",
        ),
        ("- &a0 {b: c}\n", "- &aTHIS {<<: *aLAST}\n"),
        ("- &a0 [1]\n", "- &aTHIS [*aLAST]\n"),
        (
            "- &a0 {b: c}\n",
            "- &aTHIS {kind: A, apiVersion: v1, b: {<<: *aLAST}}\n",
        ),
    ] {
        let text = chain(first, link);
        let error = read("input.yaml", &text)
            .and_then(|documents| rewrite(&documents, Format::Json, |_| None))
            .unwrap_err();
        assert!(error.to_string().contains("nested more than 64"), "{error}");
    }
}

#[test]
fn a_kind_that_is_merged_in_counts() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- &a {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- <<: *a\n- {<<: *a, \
                kind: A}\n";
    assert_eq!(kinds(text), [[Kind::Secret, Kind::Secret, Kind::Other]]);
}

#[test]
fn a_large_file_without_aliases_is_no_bomb() {
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}",
        "- {kind: A, b: [1, 2, 3]}\n".repeat(30_000)
    );
    let documents = documents(&list);
    assert_eq!(documents[0].objects().count(), 30_000);
    assert!(rewrite(&documents, Format::Json, |_| None).is_ok());
}
