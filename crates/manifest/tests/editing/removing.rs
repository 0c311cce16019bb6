//! Items removed in place, and nothing else.

use crate::item_edits::{assert_edited, remove, remove_other};

#[test]
fn an_item_goes_with_its_lines_and_its_comment() {
    let cases = [
        ("\n    a: YQ== # why\n    b: x\n", "\n    b: x\n"),
        ("\n    b: x\n    a: YQ==\n", "\n    b: x\n"),
        ("\n    b: x\n    a: YQ==", "\n    b: x"),
        (
            "\n    # above\n    a: YQ==\n    # between\n\n    b: x\n",
            "\n    # above\n    # between\n\n    b: x\n",
        ),
        ("\n    a: |-\n\n      YQ==\n\n    b: x\n", "\n\n    b: x\n"),
        ("\n    b: x\n    a:\n      YQ==\n", "\n    b: x\n"),
        (
            "\n    b: x\n    a: YQ== # why\n      # deep\n",
            "\n    b: x\n      # deep\n",
        ),
        (
            "\n    b: x\n    a: |-\n       YQ==\n       # no comment\n     # deep\n",
            "\n    b: x\n     # deep\n",
        ),
        ("\n    b: x\n    a: &a YQ==\n", "\n    b: x\n"),
        ("\n    b: x\n    a:\n    c: y\n", "\n    b: x\n    c: y\n"),
        (
            "\n    b: &b x\n    c: *b\n    a: *b\n",
            "\n    b: &b x\n    c: *b\n",
        ),
        ("\n    b: x\n    a: [x,\n     y]\n", "\n    b: x\n"),
    ];
    for (old, new) in cases {
        assert_edited(&[remove], old, new);
    }
}

#[test]
fn an_item_in_flow_style_goes_with_its_comma() {
    let cases = [
        (" {a: YQ==, b: x}\n", " {b: x}\n"),
        (" { b: x, a: YQ== }\n", " { b: x }\n"),
        (" {b: x,a: YQ==}\n", " {b: x}\n"),
        (" {b: x, a: YQ==,}\n", " {b: x,}\n"),
        (" {b: x, a: YQ== , c: y}\n", " {b: x, c: y}\n"),
        (
            " {\n    # above\n    a: YQ==, # why\n    b: x # b\n    }\n",
            " {\n    # above\n    b: x # b\n    }\n",
        ),
        (
            " {\n    b: x, # b\n    a: YQ== # why\n    }\n",
            " {\n    b: x # b\n    }\n",
        ),
        (" {a: YQ==,\n    b: x}\n", " {\n    b: x}\n"),
        (" {b: x,\n    a: YQ== }\n", " {b: x\n    }\n"),
    ];
    for (old, new) in cases {
        assert_edited(&[remove], old, new);
    }
}

#[test]
fn the_last_item_leaves_an_empty_mapping() {
    let cases = [
        ("\n    a: YQ==\n", " {}\n"),
        ("\n    a: YQ==", " {}"),
        (
            " # all\n    # above\n    a: YQ== # why\n",
            " {} # all\n    # above\n",
        ),
        (" {a: YQ==}\n", " {}\n"),
        (" { a: YQ== , } # why\n", " {} # why\n"),
        (" &all {a: YQ==}\n", " &all {}\n"),
        (
            " {\n    # above\n    a: YQ== }\n",
            " {\n    # above\n    }\n",
        ),
    ];
    for (old, new) in cases {
        assert_edited(&[remove], old, new);
    }
    for old in [
        "\n    a: YQ==\n    b: x",
        "\n    b: x\n    a: |-\n      YQ==",
        " {a: YQ==,\n    b: x}",
        " { b: x, a: YQ== }",
    ] {
        assert_edited(&[remove, remove_other], old, " {}");
    }
}
