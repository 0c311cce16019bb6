//! What does not keep the rules of docs/format.md is refused, whoever made it.

#![allow(clippy::unwrap_used)]

mod common;

use age_core::format::Stanza;
use common::{ALGORITHMS, HOME, VALUE, forge, good_stanzas, replace, ring, stanza};
use waxwing_crypto::{Algorithm, Identity, MAX_RECIPIENTS, MalformedError, SealedValue};

/// A name, what is done to the two stanzas of a good value, and the reason for which it is refused.
type Case = (&'static str, fn(&mut Vec<Stanza>), MalformedError);

#[test]
fn stanzas_that_break_the_rules_are_refused_even_under_a_right_mac() {
    use MalformedError::{BadScope, BadSealed, MisplacedStanza, NotSealed, UnknownStanza};
    let cases: &[Case] = &[
        ("both missing", Vec::clear, NotSealed),
        ("scope missing", |s| drop(s.remove(0)), MisplacedStanza),
        ("sealed missing", |s| drop(s.remove(1)), MisplacedStanza),
        ("reordered", |s| s.swap(0, 1), MisplacedStanza),
        (
            "scope doubled",
            |s| s.insert(0, stanza("waxwing.dev/scope cluster")),
            MisplacedStanza,
        ),
        (
            "scope repeated",
            |s| s.push(stanza("waxwing.dev/scope cluster")),
            MisplacedStanza,
        ),
        (
            "sealed repeated",
            |s| s.push(stanza("waxwing.dev/sealed 2026-11-24T06:00:00Z")),
            MisplacedStanza,
        ),
        (
            "not first",
            |s| s.insert(0, stanza("other")),
            MisplacedStanza,
        ),
        (
            "not together",
            |s| s.insert(1, stanza("other")),
            MisplacedStanza,
        ),
        (
            "unknown",
            |s| s.push(stanza("waxwing.dev/approved yes")),
            UnknownStanza,
        ),
        (
            "unknown first",
            |s| s.insert(0, stanza("waxwing.dev/scope2")),
            UnknownStanza,
        ),
        (
            "unknown, no name",
            |s| s.push(stanza("waxwing.dev/")),
            UnknownStanza,
        ),
        ("scope with a body", |s| s[0].body.push(0), BadScope),
        ("scope without a word", |s| s[0].args.clear(), BadScope),
        (
            "scope of unknown kind",
            |s| s[0].args[0] = "team".to_owned(),
            BadScope,
        ),
        (
            "scope in capitals",
            |s| s[0].args[0] = "Strict".to_owned(),
            BadScope,
        ),
        (
            "scope with a word too few",
            |s| drop(s[0].args.pop()),
            BadScope,
        ),
        (
            "scope with a word too many",
            |s| s[0].args.push("x".to_owned()),
            BadScope,
        ),
        (
            "scope with a word too long",
            |s| s[0].args[1] = "x".repeat(254),
            BadScope,
        ),
        ("sealed with a body", |s| s[1].body.push(0), BadSealed),
        (
            "sealed without a time",
            |s| drop(s[1].args.remove(0)),
            BadSealed,
        ),
        (
            "time with a fraction",
            |s| s[1].args[0] = "2026-11-24T06:00:00.5Z".to_owned(),
            BadSealed,
        ),
        (
            "time with an offset",
            |s| s[1].args[0] = "2026-11-24T06:00:00+00:00".to_owned(),
            BadSealed,
        ),
        (
            "key id in capitals",
            |s| s[1].args[1] = "ABCDEFABCDEFABCD".to_owned(),
            BadSealed,
        ),
        (
            "key id too short",
            |s| s[1].args[1] = "abcdef".to_owned(),
            BadSealed,
        ),
        (
            "key id repeated",
            |s| s[1].args.extend_from_within(1..),
            BadSealed,
        ),
        (
            "a key id too many",
            |s| s[1].args.push("0123456789abcdef".to_owned()),
            MalformedError::KeyCount {
                key_ids: 2,
                stanzas: 1,
            },
        ),
        (
            "a key id too few",
            |s| drop(s[1].args.pop()),
            MalformedError::KeyCount {
                key_ids: 0,
                stanzas: 1,
            },
        ),
    ];
    let identity = Identity::generate(Algorithm::X25519);
    let to = [identity.recipient().clone()];
    let good = SealedValue::from_bytes(forge(good_stanzas(&to[0]), &to, vec![])).unwrap();
    assert!(good.open(&ring([&identity]), &HOME).is_ok());
    for (name, change, error) in cases {
        let mut stanzas = good_stanzas(&to[0]);
        change(&mut stanzas);
        let file = forge(stanzas, &to, vec![]);
        assert_eq!(SealedValue::from_bytes(file).unwrap_err(), *error, "{name}");
    }
}

#[test]
fn our_stanzas_are_refused_behind_the_recipients_too() {
    let to = [Identity::generate(Algorithm::X25519).recipient().clone()];
    for (line, error) in [
        ("waxwing.dev/scope cluster", MalformedError::MisplacedStanza),
        ("waxwing.dev/more", MalformedError::UnknownStanza),
    ] {
        let file = forge(good_stanzas(&to[0]), &to, vec![stanza(line)]);
        assert_eq!(SealedValue::from_bytes(file).unwrap_err(), error, "{line}");
    }
}

#[test]
fn stanzas_of_other_names_are_ignored_wherever_they_stand_behind_ours() {
    let identity = Identity::generate(Algorithm::X25519);
    let to = [identity.recipient().clone()];
    for line in [
        "ssh-ed25519 abcd",
        "waxwing.devil/scope x",
        "Waxwing.dev/scope x",
        "x-grease",
    ] {
        let mut before = good_stanzas(&to[0]);
        before.push(stanza(line));
        let value = SealedValue::from_bytes(forge(before, &to, vec![stanza(line)])).unwrap();
        assert_eq!(value.header().keys.len(), 1);
        assert_eq!(
            value.open(&ring([&identity]), &HOME).unwrap().as_slice(),
            VALUE
        );
    }
}

#[test]
fn a_header_full_of_tiny_stanzas_is_as_good_as_any() {
    let identity = Identity::generate(Algorithm::X25519);
    let to = [identity.recipient().clone()];
    let tiny = (0..10_000).map(|_| stanza("x")).collect();
    let value = SealedValue::from_bytes(forge(good_stanzas(&to[0]), &to, tiny)).unwrap();
    assert!(value.header().header_len > 60_000);
    let opened = value.open(&ring([&identity]), &HOME).unwrap();
    assert_eq!(opened.as_slice(), VALUE);
}

#[test]
fn recipient_stanzas_that_break_the_rules_are_refused() {
    let [hybrid, classic] = ALGORITHMS.map(Identity::generate);
    let keys = [hybrid.recipient().clone(), classic.recipient().clone()];
    let mut mixed = good_stanzas(&keys[0]);
    mixed[1].args.push(keys[1].key_id().to_string());
    let short = vec![Stanza {
        body: vec![0; 32],
        ..stanza("X25519 AAAA")
    }];
    let empty = vec![stanza(&format!("X25519 {}", "A".repeat(43)))];
    let id = keys[1].key_id();
    // age does not write a passphrase beside recipients, so the name is put in afterwards.
    let filler = forge(
        good_stanzas(&keys[1]),
        &keys[1..],
        vec![stanza("filler salt 10")],
    );
    for (name, file, error) in [
        (
            "passphrase",
            replace(&filler, "filler", "scrypt"),
            MalformedError::BadHeader,
        ),
        (
            "mixed",
            forge(mixed, &keys, vec![]),
            MalformedError::MixedRecipients,
        ),
        (
            "none",
            forge(good_stanzas(&keys[1]), &[], vec![]),
            MalformedError::NoRecipients,
        ),
        (
            "short share",
            forge(good_stanzas(&keys[1]), &[], short),
            MalformedError::BadRecipientStanza(id),
        ),
        (
            "empty body",
            forge(good_stanzas(&keys[1]), &[], empty),
            MalformedError::BadRecipientStanza(id),
        ),
        (
            "too many",
            forge(
                good_stanzas(&keys[1]),
                &vec![keys[1].clone(); MAX_RECIPIENTS + 1],
                vec![],
            ),
            MalformedError::TooManyRecipients,
        ),
    ] {
        assert_eq!(SealedValue::from_bytes(file).unwrap_err(), error, "{name}");
    }
}
