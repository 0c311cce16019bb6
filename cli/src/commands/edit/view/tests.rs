#![allow(clippy::unwrap_used)]

use super::*;

const SEALED: &str = "kind: SealedSecret\napiVersion: waxwing.dev/v1alpha1\n\
                      metadata: {name: db, namespace: prod}\nspec: {encryptedData: {a: YQ==, b: YQ==}}\n";

/// What is complained about when `edited` comes back in the place of the whole body.
fn complaints(edited: &[u8]) -> Vec<String> {
    let documents = read("db.yaml", SEALED).unwrap();
    let object = documents[0].objects().next().unwrap();
    let view = View {
        file: "db.yaml".to_owned(),
        entries: vec![Entry {
            target: SealedObject::read(object).unwrap(),
            opened: Items::new(),
        }],
    };
    let text = [b"\xef\xbb\xbf# one\n# two\n", edited].concat();
    let complaints = view.read(&text).err().unwrap_or_default();
    let told = complaints.iter().map(|complaint| complaint.below(0));
    told.collect()
}

#[test]
fn what_comes_back_is_read_as_kubectl_would_and_may_differ_in_items_only() {
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n";
    let after = |head: &str, rest: &str| format!("{head}{rest}").into_bytes();
    let whole = |rest| after(head, rest);
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("items", whole("stringData: {a: x}\ndata: {b: YQ==}\n"), &[]),
        (
            "Windows line endings",
            whole("stringData:\r\n  a: x\r\n"),
            &[],
        ),
        (
            "no YAML",
            whole("stringData: [\n"),
            &["line ", "not valid YAML"],
        ),
        (
            "a number",
            whole("stringData:\n  a: 1\n"),
            &["line 5: ", "\"a\"", "put it in quotes"],
        ),
        (
            "twice",
            whole("stringData:\n  a: x\n  a: y\n"),
            &["line 6: ", "there twice"],
        ),
        (
            "a bad name",
            whole("stringData:\n  a b: x\n"),
            &["line 5: ", "not a name for an item"],
        ),
        (
            "no base64",
            whole("data:\n  a: x\n"),
            &["line 5: ", "not valid base64"],
        ),
        ("nothing left", whole("stringData: {}\n"), &["has no items"]),
        (
            "a type",
            whole("type: Opaque\nstringData: {a: x}\n"),
            &["line 1: ", "prod/db", "only stringData"],
        ),
        (
            "another name",
            after(&head.replace("db", "dc"), "stringData: {a: x}\n"),
            &["only stringData"],
        ),
        (
            "another kind",
            after(&head.replace("Secret", "ConfigMap"), "stringData: {a: x}\n"),
            &["only stringData"],
        ),
        (
            "gone",
            b"\n---\n".to_vec(),
            &["there are 0 Secrets here, not 1"],
        ),
        (
            "latin",
            b"a: x\nb: \xe9\n".to_vec(),
            &["line 2: is not UTF-8"],
        ),
    ];
    for (case, edited, expected) in cases {
        let found = complaints(edited).join("\n");
        assert_eq!(found.is_empty(), expected.is_empty(), "{case}: {found}");
        for words in *expected {
            assert!(found.contains(words), "{case}: {words} in {found}");
        }
    }
}

#[test]
fn a_complaint_names_the_line_on_which_it_will_be_seen() {
    let complaint = |line| Complaint {
        line: Some(line),
        message: "wrong\nhere".to_owned(),
    };
    let view = View {
        file: "db.yaml".to_owned(),
        entries: Vec::new(),
    };
    let text = view.again(
        b"# first\n# header\nfirst\nsecond\n",
        &[complaint(2), complaint(1)],
    );
    let text = std::str::from_utf8(&text).unwrap();
    let line_of = |words: &str| text.lines().position(|line| line == words).unwrap() + 1;
    assert!(
        text.contains(&format!(
            "# error: line {}: wrong\u{fffd}here\n",
            line_of("second")
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "# error: line {}: wrong\u{fffd}here\n",
            line_of("first")
        )),
        "{text}"
    );
    assert!(!text.contains("# first"), "{text}");
}

#[test]
fn what_is_unchanged_or_empty_is_given_up() {
    for (text, expected) in [
        ("", true),
        ("# a\n#b", true),
        ("\u{feff}# a\n\n \r\n", true),
        ("# another header\nx: y\n", true),
        ("# a\nx: z\n", false),
    ] {
        let given_up = is_given_up(text.as_bytes(), b"# a\nx: y\n");
        assert_eq!(given_up, expected, "{text:?}");
    }
}
