//! Items renamed in place, and nothing else.

use waxwing_manifest::edit::{Change, apply};

use crate::common::{documents, sealed_objects, with_items};
use crate::item_edits::{assert_edited, rename};

#[test]
fn a_name_changes_and_keeps_its_quotes() {
    let cases = [
        ("\n    a: YQ== # why\n", "\n    z.key: YQ== # why\n"),
        ("\n    'a' : YQ==\n", "\n    'z.key' : YQ==\n"),
        ("\n    \"\\x61\":\n     YQ==", "\n    \"z.key\":\n     YQ=="),
        ("\n    ? a\n    : YQ==\n", "\n    ? z.key\n    : YQ==\n"),
        (
            "\n    !!str a: &a YQ==\n    b: *a\n",
            "\n    !!str z.key: &a YQ==\n    b: *a\n",
        ),
        (" {b: x, a: YQ==}\n", " {b: x, z.key: YQ==}\n"),
    ];
    for (old, new) in cases {
        assert_edited(&[rename], old, new);
    }
}

#[test]
fn a_name_that_yaml_would_read_as_something_else_is_quoted() {
    for (name, written) in [
        ("yes", "\"yes\""),
        ("1", "\"1\""),
        ("1e3", "\"1e3\""),
        ("null", "\"null\""),
        ("-", "\"-\""),
        ("---", "\"---\""),
        ("_", "_"),
        (".env", ".env"),
        ("tls.crt", "tls.crt"),
    ] {
        let text = with_items("\n    a: YQ==\n");
        let documents = documents(&text);
        let object = sealed_objects(&documents)[0];
        let rename = Change::rename_item(object, "a", name).unwrap();
        let insert = Change::insert_item(object, name, "TkVX").unwrap();
        let renamed = apply(&documents, &[rename]).unwrap();
        assert_eq!(renamed, with_items(&format!("\n    {written}: YQ==\n")));
        let inserted = apply(&documents, &[insert]).unwrap();
        let expected = with_items(&format!("\n    a: YQ==\n    {written}: TkVX\n"));
        assert_eq!(inserted, expected);
    }
}

#[test]
fn a_name_that_kubernetes_refuses_is_refused() {
    let text = with_items("\n    a: YQ==\n");
    let documents = documents(&text);
    let object = sealed_objects(&documents)[0];
    for name in ["", "a b", "a/b", "..", "é", "a:\n    b"] {
        assert!(Change::rename_item(object, "a", name).is_err(), "{name:?}");
        assert!(
            Change::insert_item(object, name, "TkVX").is_err(),
            "{name:?}"
        );
    }
}
