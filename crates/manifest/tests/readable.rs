//! Secrets written for people to edit.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use waxwing_manifest::{SecretManifest, read, write_readable};
use zeroize::Zeroizing;

fn secret(items: &[(&str, &[u8])]) -> SecretManifest {
    let items = items.iter();
    SecretManifest {
        name: "db".to_owned(),
        namespace: Some("prod".to_owned()),
        items: items
            .map(|(item, value)| ((*item).to_owned(), Zeroizing::new(value.to_vec())))
            .collect(),
        ..SecretManifest::default()
    }
}

#[test]
fn texts_stand_as_they_are_lines_below_each_other_and_other_bytes_in_base64() {
    let secret = secret(&[
        ("bytes", &[0xff, 0]),
        ("escape", b"a\x1b[31m"),
        ("number", b"5432"),
        ("password", "pässword".as_bytes()),
        ("pem", b"-----BEGIN X-----\nabc\n-----END X-----\n"),
    ]);
    let expected = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\n\
                    data:\n  bytes: /wA=\n  escape: YRtbMzFt\n\
                    stringData:\n  number: \"5432\"\n  password: \"pässword\"\n  pem: |\n    \
                    -----BEGIN X-----\n    abc\n    -----END X-----\n";
    assert_eq!(*write_readable(&secret), expected);
}

#[test]
fn there_is_a_place_for_the_first_item() {
    let text = write_readable(&secret(&[]));
    assert!(text.ends_with("\nstringData: {}\n"), "{}", *text);
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        ".*".prop_map(String::into_bytes),
        "[a-z #:\"'\\\\|>\n\r\t-]{0,30}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #[test]
    fn what_is_read_back_is_what_was_written(
        items in prop::collection::btree_map("[a-zA-Z0-9_-]{1,8}", any_value(), 1..6)
    ) {
        let items: BTreeMap<String, Zeroizing<Vec<u8>>> = items
            .into_iter()
            .map(|(item, value)| (item, Zeroizing::new(value)))
            .collect();
        let written = SecretManifest { items, ..secret(&[]) };
        let text = write_readable(&written);
        let documents = read("test.yaml", &text).unwrap();
        let object = documents[0].objects().next().unwrap();
        let read = SecretManifest::read(&object).unwrap();
        prop_assert!(read == written, "{}", *text);
    }
}
