//! Items added in place, and nothing else.

use crate::item_edits::{assert_edited, edited, insert};

#[test]
fn a_new_item_comes_after_the_last_in_its_style() {
    let cases = [
        ("\n    a: YQ==\n", "\n    a: YQ==\n    new: TkVX\n"),
        ("\n    a: YQ==", "\n    a: YQ==\n    new: TkVX"),
        ("\n   a: YQ== # why\n", "\n   a: YQ== # why\n   new: TkVX\n"),
        (
            "\n    'a': \"YQ==\"\n    # after\n\n",
            "\n    'a': \"YQ==\"\n    new: TkVX\n    # after\n\n",
        ),
        (
            "\n    b: x\n    a: |-\n      YQ==\n",
            "\n    b: x\n    a: |-\n      YQ==\n    new: TkVX\n",
        ),
        (
            "\n    a: >-\n\n      YQ==\n\n\n",
            "\n    a: >-\n\n      YQ==\n    new: TkVX\n\n\n",
        ),
        (
            "\n    a:\n      YQ==\n      # deep\n",
            "\n    a:\n      YQ==\n      # deep\n    new: TkVX\n",
        ),
        (
            "\n    a: 'YQ\n\n      =='\n",
            "\n    a: 'YQ\n\n      =='\n    new: TkVX\n",
        ),
        (
            "\n    b: &b YQ==\n    c: *b\n",
            "\n    b: &b YQ==\n    c: *b\n    new: TkVX\n",
        ),
        (
            "\n    <<: {b: x}\n    a: \tYQ==\t# t\n",
            "\n    <<: {b: x}\n    a: \tYQ==\t# t\n    new: TkVX\n",
        ),
        (
            " # why\n    a: YQ==\n",
            " # why\n    a: YQ==\n    new: TkVX\n",
        ),
        (
            " &all\n    a: YQ==\n",
            " &all\n    a: YQ==\n    new: TkVX\n",
        ),
    ];
    for (old, new) in cases {
        assert_edited(&[insert], old, new);
    }
}

#[test]
fn a_new_item_stands_in_flow_style_where_the_others_do() {
    let cases = [
        (" {a: YQ==}\n", " {a: YQ==, new: TkVX}\n"),
        (
            " { \"a\":\"YQ==\" } # why\n",
            " { \"a\":\"YQ==\", new: TkVX } # why\n",
        ),
        (" {a: YQ==,}\n", " {a: YQ==, new: TkVX,}\n"),
        (
            " {\n    b: x,\n    a: YQ== # why\n    }\n",
            " {\n    b: x,\n    a: YQ==, # why\n    new: TkVX\n    }\n",
        ),
        (
            " {\n    a: YQ==, # why\n    # end\n    }\n",
            " {\n    a: YQ==, # why\n    new: TkVX,\n    # end\n    }\n",
        ),
        (
            " {\n    a: YQ==\n    , }\n",
            " {\n    a: YQ==\n    , new: TkVX, }\n",
        ),
        (" &all {a: !!str YQ==}", " &all {a: !!str YQ==, new: TkVX}"),
    ];
    for (old, new) in cases {
        assert_edited(&[insert], old, new);
    }
}

#[test]
fn the_first_item_makes_the_lines_of_a_mapping() {
    let cases = [
        (" {}\n", "\n    new: TkVX\n"),
        (" {}", "\n    new: TkVX"),
        (" { } # none\n", " # none\n    new: TkVX\n"),
        ("\n", "\n    new: TkVX\n"),
        ("", "\n    new: TkVX"),
        (" # none\n", " # none\n    new: TkVX\n"),
        (" null # none\n", " # none\n    new: TkVX\n"),
        (" ~\n", "\n    new: TkVX\n"),
    ];
    for (old, new) in cases {
        assert_edited(&[insert], old, new);
    }
}

#[test]
fn encrypted_data_and_spec_are_made_where_they_are_missing() {
    let head = "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {name: x}\n";
    let cases = [
        (
            "spec:\n   template:\n    data:\n      a: b\n# end\n",
            "spec:\n   template:\n    data:\n      a: b\n   encryptedData:\n      new: TkVX\n# end\n",
        ),
        (
            "spec:\n  encryptedData: {}\n  template:\n    data:\n      a: |\n        b",
            "spec:\n  encryptedData:\n    new: TkVX\n  template:\n    data:\n      a: |\n        b",
        ),
        ("spec: {}\n", "spec:\n  encryptedData:\n    new: TkVX\n"),
        ("spec:\n", "spec:\n  encryptedData:\n    new: TkVX\n"),
        ("", "spec:\n  encryptedData:\n    new: TkVX\n"),
        (
            "spec: {template: {type: x} }\n",
            "spec: {template: {type: x}, encryptedData: {new: TkVX} }\n",
        ),
        (
            "spec: {encryptedData: {}, template: {}}\n",
            "spec: {encryptedData: {new: TkVX}, template: {}}\n",
        ),
        (
            "spec: {encryptedData: null}\n",
            "spec: {encryptedData: {new: TkVX}}\n",
        ),
        (
            "list:\n- a\n- b\n",
            "list:\n- a\n- b\nspec:\n  encryptedData:\n    new: TkVX\n",
        ),
    ];
    for (old, new) in cases {
        let text = edited(&format!("{head}{old}"), &[insert]);
        assert_eq!(text.unwrap(), format!("{head}{new}"));
    }
}
