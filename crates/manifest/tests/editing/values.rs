//! Values changed in place, and nothing else.

use proptest::prelude::*;
use serde::Deserialize;
use waxwing_manifest::ManifestError;

use crate::common::{documents, sealed_objects, with_items};
use waxwing_manifest::edit::{Change, apply};

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

/// One SealedSecret with items `i0`, `i1`…, written in many ways; their values are `YWdlN…`.
fn any_items(first: usize) -> impl Strategy<Value = String> {
    let ways = prop::sample::select(vec![
        "    KEY: VALUE\n",
        "    KEY:   VALUE   # \u{e9} YWdl\n",
        "    \"KEY\" :  'VALUE'\n",
        "    # comment: 'x\n    KEY: \"VALUE\"\t# c\n",
        "\n    KEY:\n      VALUE\n",
        "    KEY: |-\n      VALUE\n\n",
        "    KEY: >-\n        VALUE\n    # \u{4e16}\u{754c}\n",
        "    KEY: &anchor VALUE\n",
        "    KEY: !!str VALUE\n",
        "    KEY: &anchor !!str \"VALUE\"\n",
        "    ? KEY\n    : VALUE\n",
    ]);
    prop::collection::vec(ways, 1..5).prop_map(move |ways| {
        let items = ways.iter().enumerate().map(|(at, way)| {
            let number = first + at;
            way.replace("KEY", &format!("i{number}"))
                .replace("VALUE", &old_value(number))
        });
        items.collect()
    })
}

fn old_value(number: usize) -> String {
    format!("YWdl{number:04}OLD/+==")
}

fn new_value(number: usize) -> String {
    format!("YWdl{number:04}NEWNEW")
}

fn any_sealed_document(first: usize) -> impl Strategy<Value = String> {
    let flow = Just(format!(
        "spec: {{encryptedData: {{i{first}: {}, \"i{}\": '{}'}}, template: {{type: Opaque}}}} # c\n",
        old_value(first),
        first + 1,
        old_value(first + 1)
    ));
    let block = (any_items(first), any::<bool>()).prop_map(|(items, template)| {
        let template = if template {
            "  template:\n    metadata: {labels: &l {a: b}, annotations: *l}\n"
        } else {
            ""
        };
        format!("spec:\n  encryptedData: # values\n{items}{template}")
    });
    prop_oneof![flow, block].prop_map(|spec| {
        format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: 'SealedSecret'\nmetadata: {{name: x}}\n{spec}"
        )
    })
}

/// A stream of SealedSecrets among other documents.
fn any_stream() -> impl Strategy<Value = String> {
    let other = prop::sample::select(vec![
        "# only a comment\n",
        "kind: A\nb: &x [1, *y, \"\u{e9}\"]\n",
        "kind: A\ntext: |+\n  ---x\n  \ttab\n\n",
        "kind: A\na: &x {b: c}\nd: *x\n\n# tail\n",
        "- plain\n  text\n- 'it''s'\n",
    ])
    .prop_map(|text| text.replace("*y", "2"));
    let document = prop_oneof![
        1 => other,
        2 => any_sealed_document(0),
    ];
    (prop::collection::vec(document, 1..5), any::<[bool; 4]>()).prop_map(
        |(documents, [crlf, bom, marker, final_newline])| {
            let numbered = documents.iter().enumerate().map(|(at, document)| {
                // Every value of the stream is there once.
                document.replace("YWdl00", &format!("YWdl{at}0"))
            });
            let mut text = numbered.collect::<Vec<_>>().join("---\n");
            if marker {
                text.insert_str(0, "# head\n---\n");
            }
            if !final_newline {
                text.truncate(text.trim_end_matches('\n').len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            if bom {
                text.insert(0, '\u{feff}');
            }
            text
        },
    )
}

/// The documents as another YAML reader sees them.
fn trees(text: &str) -> Vec<serde_yaml::Value> {
    let text = text.trim_start_matches('\u{feff}');
    let documents = serde_yaml::Deserializer::from_str(text);
    documents
        .map(|document| serde_yaml::Value::deserialize(document).unwrap())
        .collect()
}

fn with_text(value: &serde_yaml::Value, from: &str, to: &str) -> serde_yaml::Value {
    use serde_yaml::Value::{Mapping, Sequence, String};
    match value {
        String(text) if text == from => String(to.to_owned()),
        Sequence(values) => values
            .iter()
            .map(|value| with_text(value, from, to))
            .collect::<Vec<_>>()
            .into(),
        Mapping(entries) => Mapping(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), with_text(value, from, to)))
                .collect(),
        ),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn changes_change_what_was_asked_and_nothing_else(
        text in any_stream(),
        choice in prop::collection::vec(any::<bool>(), 32),
    ) {
        let documents = documents(&text);
        let mut choice = choice.into_iter().cycle();
        let mut changes = Vec::new();
        let (mut expected_text, mut expected_trees) = (text.clone(), trees(&text));
        for object in sealed_objects(&documents) {
            let sealed = waxwing_manifest::read_sealed_secret(&object).unwrap();
            for (item, old) in sealed.spec.encrypted_data {
                if choice.next().unwrap() {
                    let new = new_value(changes.len());
                    changes.push(Change::replace_item(object, &item, &new).unwrap());
                    expected_text = expected_text.replace(&old, &new);
                    expected_trees = expected_trees.iter().map(|tree| with_text(tree, &old, &new)).collect();
                }
            }
        }
        let edited = apply(&documents, &changes).unwrap();
        prop_assert_eq!(&edited, &expected_text);
        prop_assert_eq!(trees(&edited), expected_trees);
    }

    #[test]
    fn a_damaged_file_is_refused_or_changed_as_asked(
        text in any_stream(),
        at in any::<prop::sample::Index>(),
        damage in "[ -~\n\t\u{e9}]{0,3}",
        removed in 0..4usize,
    ) {
        let damaged = damage_text(&text, at.index(text.len()), removed, &damage);
        for (object, item) in items_of(&damaged) {
            let documents = documents(&damaged);
            let sealed = sealed_objects(&documents);
            let Ok(change) = Change::replace_item(sealed[object], &item, NEW) else { continue };
            let Ok(edited) = apply(&documents, &[change]) else { continue };
            let edited = crate::common::documents(&edited);
            let read = waxwing_manifest::read_sealed_secret(&sealed_objects(&edited)[object]).unwrap();
            prop_assert_eq!(&read.spec.encrypted_data[&item], NEW);
        }
    }
}

/// Some characters of a text replaced by others.
fn damage_text(text: &str, at: usize, removed: usize, damage: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = at.min(characters.len());
    let rest = (at + removed).min(characters.len());
    characters[..at]
        .iter()
        .copied()
        .chain(damage.chars())
        .chain(characters[rest..].iter().copied())
        .collect()
}

/// The items of every SealedSecret that can be read, by the number of the object.
fn items_of(text: &str) -> Vec<(usize, String)> {
    let Ok(documents) = waxwing_manifest::read("input.yaml", text) else {
        return Vec::new();
    };
    let objects = sealed_objects(&documents).into_iter().enumerate();
    objects
        .filter_map(|(at, object)| Some((at, waxwing_manifest::read_sealed_secret(&object).ok()?)))
        .flat_map(|(at, sealed)| {
            sealed
                .spec
                .encrypted_data
                .into_keys()
                .map(move |item| (at, item))
        })
        .collect()
}
