//! Values changed in place, and nothing else.

use waxwing_manifest::ManifestError;
use waxwing_manifest::edit::{Change, apply};

use crate::common::{documents, sealed_objects, with_items};

const OLD: &str = "YWdlT0xE";
const NEW: &str = "YWdlTkVXTkVX";

/// Changes the item `a` of the first SealedSecret.
fn changed(text: &str) -> Result<String, ManifestError> {
    let documents = documents(text);
    let change = Change::replace_item(sealed_objects(&documents)[0], "a", NEW)?;
    apply(&documents, &[change])
}

#[test]
fn a_value_is_replaced_however_it_is_written() {
    let ways = [
        "\n    a: OLD",
        "\n    a:   OLD   # why\n",
        "\n    a: 'OLD'\n",
        "\n    a: \"OLD\" # why\n    b: x\n",
        "\n    'a': OLD\n",
        "\n    a:\n      OLD\n",
        "\n    a: |-\n      OLD\n    # why\n    b: x\n",
        "\n    a: >-\n      OLD\n\n",
        "\n    a: |2-\n      OLD\n",
        "\n    a: &x OLD\n",
        "\n    a: !!str OLD\n",
        "\n    a: &x !!str 'OLD'\n",
        "\n    a: &x |-  # why\n        OLD\n",
        "\n    ? a\n    : OLD\n",
        "\n    ? |-\n      a\n    : \"OLD\"\n",
        " {a: OLD}\n",
        " {\"a\":OLD,b: x}\n",
        " {a: 'OLD', # why\n    b: x}\n",
        "\n    b: &b x\n    c: *b\n    a: OLD\n",
        "\n    <<: {b: x}\n    a: OLD\n",
        " &all\n    a: OLD\n",
    ];
    for way in ways {
        for text in [
            with_items(way),
            with_items(way).replace('\n', "\r\n"),
            format!("\u{feff}# é\n---\n{}", with_items(way)),
        ] {
            let old = text.replace("OLD", OLD);
            assert_eq!(changed(&old).unwrap(), text.replace("OLD", NEW), "{way:?}");
        }
    }
}

#[test]
fn a_value_is_replaced_in_json() {
    let text = "{\"apiVersion\": \"waxwing.dev/v1alpha1\", \"kind\":\"SealedSecret\",\r\n\t\"spec\":{\"encryptedData\":{\"a\" :\"OLD\", \
                \"b\":\"\\u00e9\"}}}\n{\"kind\": \"A\"}";
    assert_eq!(
        changed(&text.replace("OLD", OLD)).unwrap(),
        text.replace("OLD", NEW)
    );
}

#[test]
fn a_value_is_replaced_in_a_list_and_in_its_own_document_only() {
    let list = "kind: A\na: OLD\n---\napiVersion: v1\nkind: List\nitems:\n- {kind: B, a: OLD}\n- apiVersion: waxwing.dev/v1alpha1\n  \
                kind: SealedSecret\n  spec:\n    encryptedData:\n      a: THIS\n      b: OLD\n---\nOLD\n";
    let text = list.replace("OLD", OLD);
    assert_eq!(
        changed(&text.replace("THIS", OLD)).unwrap(),
        text.replace("THIS", NEW)
    );
}

#[test]
fn a_shape_that_cannot_be_changed_safely_is_refused_with_its_line() {
    let cases = [
        (
            "\n    b: &b OLD\n    a: *b\n",
            8,
            "it is an alias of another value",
        ),
        (
            "\n    a: &a OLD\n    b: *a\n",
            7,
            "an alias elsewhere in the document stands for it too",
        ),
        (
            " &all\n    a: OLD\n  template: *all\n",
            7,
            "an alias elsewhere in the document stands for it too",
        ),
        (
            "\n    a: OLD\n      OLD\n",
            7,
            "it runs over several lines or ends in a line break",
        ),
        (
            "\n    a: |\n      OLD\n",
            7,
            "it runs over several lines or ends in a line break",
        ),
        (
            "\n    a: >-\n      OLD\n      OLD\n",
            7,
            "it runs over several lines or ends in a line break",
        ),
        (
            "\n    a: &a\n      OLD\n",
            7,
            "its anchor or tag stands on another line",
        ),
        (
            "\n    <<: {a: OLD}\n",
            7,
            "it does not stand in the object itself",
        ),
        (
            "\n    b: OLD\n",
            6,
            "it does not stand in the object itself",
        ),
        ("\n    a: [OLD]\n", 7, "it is no text"),
        (
            "\n    a: !x OLD\n",
            7,
            "the file would not read the same afterwards",
        ),
    ];
    for (items, line, why) in cases {
        let error = changed(&with_items(items).replace("OLD", OLD)).unwrap_err();
        let message = error.to_string();
        let start = format!(
            "input.yaml:{line}: document 1: SealedSecret x: item \"a\": cannot be changed in place, because {why}; "
        );
        assert!(message.starts_with(&start), "{items:?} gives {message}");
    }
}

#[test]
fn an_item_that_is_there_twice_is_told_with_both_lines() {
    let error = changed(&with_items("\n    a: YWdl\n    b: YWdl\n    a: YWdl\n")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "input.yaml:9: document 1: SealedSecret x: item \"a\": the key \"a\" is there twice, first on line 7; \
         remove one of them"
    );
}

#[test]
fn only_base64_can_be_put_in() {
    let text = with_items("\n    a: YWdl\n");
    let documents = documents(&text);
    for value in ["", "a b", "a\n", "a'", "a: b", "YWdl\n"] {
        assert!(Change::replace_item(sealed_objects(&documents)[0], "a", value).is_err());
    }
}

#[test]
fn a_new_value_that_yaml_would_read_as_a_number_is_refused_without_quotes() {
    for (items, is_safe) in [("\n    a: YWdl\n", false), ("\n    a: 'YWdl'\n", true)] {
        let text = with_items(items);
        let documents = documents(&text);
        let change = Change::replace_item(sealed_objects(&documents)[0], "a", "1234").unwrap();
        assert_eq!(apply(&documents, &[change]).is_ok(), is_safe, "{items:?}");
    }
}

#[test]
fn one_value_is_not_changed_twice_at_once() {
    let text = with_items("\n    a: YWdl\n");
    let documents = documents(&text);
    let change = Change::replace_item(sealed_objects(&documents)[0], "a", NEW).unwrap();
    assert!(apply(&documents, &[change.clone(), change]).is_err());
}

#[test]
fn a_change_belongs_to_its_file() {
    let text = with_items("\n    a: YWdl\n");
    let (one, other) = (documents(&text), documents(&text));
    let change = Change::replace_item(sealed_objects(&one)[0], "a", NEW).unwrap();
    assert!(apply(&other, &[change]).is_err());
}

#[test]
fn no_change_is_no_change() {
    let text = "\u{feff}a: 1\r\n---\nb: [2,\t3]";
    assert_eq!(apply(&documents(text), &[]).unwrap(), text);
}
