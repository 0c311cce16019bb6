//! Edits of items in JSON, several edits at once, and those that are refused.

use crate::common::with_items;
use crate::item_edits::{
    Edit, assert_edited, edited, insert, insert_another, remove, remove_other, rename, replace,
};

#[test]
fn json_stays_json() {
    let head = r#"{"apiVersion": "waxwing.dev/v1alpha1", "kind": "SealedSecret", "spec""#;
    let cases: [(Edit, &str, &str); 10] = [
        (
            insert,
            r#": {"encryptedData": {"a": "YQ=="}}}"#,
            r#": {"encryptedData": {"a": "YQ==", "new": "TkVX"}}}"#,
        ),
        (
            insert,
            r#":{"encryptedData":{"a":"YQ=="}}}"#,
            r#":{"encryptedData":{"a":"YQ==","new":"TkVX"}}}"#,
        ),
        (
            insert,
            ": {\n\t\"encryptedData\": {\n\t\t\"a\": \"YQ==\"\n\t}\n}}\n",
            ": {\n\t\"encryptedData\": {\n\t\t\"a\": \"YQ==\",\n\t\t\"new\": \"TkVX\"\n\t}\n}}\n",
        ),
        (
            insert,
            r#":{"encryptedData":{}}}"#,
            r#":{"encryptedData":{"new":"TkVX"}}}"#,
        ),
        (
            insert,
            r#": {"encryptedData": null}}"#,
            r#": {"encryptedData": {"new": "TkVX"}}}"#,
        ),
        (
            insert,
            r#": {}}"#,
            r#": {"encryptedData": {"new": "TkVX"}}}"#,
        ),
        (
            remove,
            r#": {"encryptedData": {"a": "YQ==", "b": "Yg=="}}}"#,
            r#": {"encryptedData": {"b": "Yg=="}}}"#,
        ),
        (
            remove,
            ": {\n  \"encryptedData\": {\n    \"b\": \"Yg==\",\n    \"a\": \"YQ==\"\n  }\n}}\n",
            ": {\n  \"encryptedData\": {\n    \"b\": \"Yg==\"\n  }\n}}\n",
        ),
        (
            remove,
            ": {\n  \"encryptedData\": {\n    \"a\": \"YQ==\"\n  }\n}}\n",
            ": {\n  \"encryptedData\": {}\n}}\n",
        ),
        (
            rename,
            r#": {"encryptedData": {"\u0061" : "YQ=="}}}"#,
            r#": {"encryptedData": {"z.key" : "YQ=="}}}"#,
        ),
    ];
    for (edit, old, new) in cases {
        let text = edited(&format!("{head}{old}"), &[edit]);
        assert_eq!(text.unwrap(), format!("{head}{new}"));
    }
}

#[test]
fn changes_of_one_object_are_made_together() {
    let cases: [(&[Edit], &str, &str); 7] = [
        (
            &[insert, insert_another],
            "\n    a: YQ==",
            "\n    a: YQ==\n    new: TkVX\n    \"no\": Tk8=",
        ),
        (
            &[insert_another, insert],
            " {}\n",
            "\n    \"no\": Tk8=\n    new: TkVX\n",
        ),
        (
            &[insert, insert_another],
            " {a: YQ==}",
            " {a: YQ==, new: TkVX, \"no\": Tk8=}",
        ),
        (&[remove, insert], "\n    a: YQ==\n", "\n    new: TkVX\n"),
        (&[remove, insert], " {a: YQ==}\n", " {new: TkVX}\n"),
        (
            &[replace, remove_other, insert],
            "\n    a: YQ==\n    b: Yg==\n",
            "\n    a: TkVX\n    new: TkVX\n",
        ),
        (
            &[rename, remove_other],
            "\n    a: YQ==\n    b: Yg==\n    c: Yw==\n",
            "\n    z.key: YQ==\n    c: Yw==\n",
        ),
    ];
    for (edits, old, new) in cases {
        assert_edited(edits, old, new);
    }
}

#[test]
fn two_changes_of_one_item_are_refused() {
    for edits in [
        &[replace as Edit, remove] as &[Edit],
        &[rename, replace],
        &[insert, insert],
        &[rename, rename],
    ] {
        let error = edited(&with_items("\n    a: YQ==\n"), edits).unwrap_err();
        assert!(error.to_string().contains("it is changed twice at once"));
    }
}

#[test]
fn what_cannot_be_edited_safely_is_refused_with_the_reason() {
    const SHARED: &str = "an alias elsewhere in the document stands for it too";
    const NO_OWN_LINE: &str = "its key does not stand at the start of a line";
    const WOULD_DIFFER: &str = "the file would not read the same afterwards";
    const NOT_BARE: &str = "what should hold it is empty, but not written as {}";
    const THERE: &str = "an item of its new name is there already";
    const ABSENT: &str = "it does not stand in the object itself";
    const MERGE: &str = "a merge key << stands beside it";
    let cases: [(Edit, &str, &str); 24] = [
        (insert, "\n    ? a\n    : YQ==\n", NO_OWN_LINE),
        (insert, " &all\n    a: YQ==\n  x: *all\n", SHARED),
        (insert, " YQ==\n", "what should hold it is no mapping"),
        (insert, " *x\n", "it stands behind an alias"),
        (insert, " &x\n  template: {}\n", NOT_BARE),
        (insert, " { # none\n    }\n", NOT_BARE),
        (insert, "\n    new: YQ==\n", THERE),
        (insert, "\n    <<: {new: YQ==}\n", THERE),
        (insert, "\n    a: |+\n      YQ==\n\n", WOULD_DIFFER),
        (
            insert,
            " {a: YQ==, b}\n",
            "neither a comma nor a brace follows it",
        ),
        (remove, "\n    b: YQ==\n", ABSENT),
        (remove, "\n    <<: {a: YQ==}\n", ABSENT),
        (remove, "\n    <<: {a: YQ==}\n    a: YQ==\n", MERGE),
        (
            remove,
            "\n    a: &a YQ==\n    b: *a\n",
            "an alias elsewhere in the document needs its anchor",
        ),
        (remove, " &all\n    a: YQ==\n    b: x\n  x: *all\n", SHARED),
        (remove, "\n    b: x\n    ? a\n    : YQ==\n", NO_OWN_LINE),
        (
            remove,
            " &all\n    a: YQ==\n",
            "an anchor or a tag stands before the items",
        ),
        (
            remove,
            "\n    b: |+\n      x\n    a: YQ==\n\n    c: y\n",
            WOULD_DIFFER,
        ),
        // Without a line break at the end, readers disagree on what is in the block.
        (insert, "\n    a: |\n      YQ==", WOULD_DIFFER),
        (remove, "\n    b: |\n      x\n    a: YQ==", WOULD_DIFFER),
        (
            remove,
            "\n    b: |\n      x\n    a: |\n      x",
            WOULD_DIFFER,
        ),
        (rename, "\n    a: YQ==\n    z.key: x\n", THERE),
        (rename, "\n    &a a: YQ==\n    b: *a\n", SHARED),
        (rename, "\n    <<: {b: x}\n    a: YQ==\n", MERGE),
    ];
    for (edit, items, why) in cases {
        let text = with_items(items).replace("  name: x", "  name: &x x");
        let message = edited(&text, &[edit]).unwrap_err().to_string();
        assert!(
            message.contains(&format!("cannot be changed in place, because {why}; ")),
            "{items:?} gives {message}"
        );
    }
}
