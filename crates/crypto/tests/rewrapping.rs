//! Rewrapping: what changes, what stays byte for byte, and which keys open the result.

#![allow(clippy::unwrap_used)]

mod common;

use common::{ALGORITHMS, HOME, VALUE, forge, good_stanzas, ring, seal, stanza};
use proptest::prelude::*;
use waxwing_crypto::{
    Algorithm, Identity, KeyId, KeyRing, MAX_RECIPIENTS, OpenError, Recipient, RewrapError,
    SealedValue, TamperedPart,
};

fn new_identities<const N: usize>(algorithm: Algorithm) -> [Identity; N] {
    [(); N].map(|()| Identity::generate(algorithm))
}

fn key_ids(value: &SealedValue) -> Vec<KeyId> {
    value.header().key_ids().collect()
}

fn payload(value: &SealedValue) -> &[u8] {
    &value.as_bytes()[value.header().header_len..]
}

/// The texts of the stanzas, as they stand in the file.
fn stanza_texts(value: &SealedValue) -> Vec<String> {
    let header = &value.as_bytes()[..value.header().header_len];
    let header = String::from_utf8(header.to_vec()).unwrap();
    let stanzas = header.split("\n-> ").skip(1);
    stanzas
        .map(|text| text.split("\n---").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_new_key_opens_the_value_and_the_old_one_does_not() {
    for algorithm in ALGORITHMS {
        let [old, new] = new_identities(algorithm);
        let sealed = seal([&old]);
        let rewrapped = sealed.rewrap(&ring([&old]), new.recipient()).unwrap();
        assert_eq!(
            rewrapped.open(&ring([&new]), &HOME).unwrap().as_slice(),
            VALUE
        );
        let key_ids = vec![new.key_id()];
        assert_eq!(
            rewrapped.open(&ring([&old]), &HOME).unwrap_err(),
            OpenError::UnknownKey { key_ids }
        );
        assert_eq!(sealed.open(&ring([&old]), &HOME).unwrap().as_slice(), VALUE);
    }
}

#[test]
fn everything_but_the_own_stanza_stays_byte_for_byte() {
    for algorithm in ALGORITHMS {
        let [first, old, last, new] = new_identities(algorithm);
        let sealed = seal([&first, &old, &last]);
        let rewrapped = sealed.rewrap(&ring([&old]), new.recipient()).unwrap();

        assert_eq!(payload(&rewrapped), payload(&sealed));
        assert_eq!(rewrapped.header().scope, sealed.header().scope);
        assert_eq!(rewrapped.header().sealed_at, sealed.header().sealed_at);
        assert_eq!(
            key_ids(&rewrapped),
            [&first, &new, &last].map(Identity::key_id)
        );
        // Scope, sealed, first, old, last and age's grease.
        let (before, after) = (stanza_texts(&sealed), stanza_texts(&rewrapped));
        assert_eq!((before.len(), after.len()), (6, 6));
        for same in [0, 2, 4, 5] {
            assert_eq!(before[same], after[same]);
        }
        for identity in [&first, &new, &last] {
            assert_eq!(
                rewrapped.open(&ring([identity]), &HOME).unwrap().as_slice(),
                VALUE
            );
        }
    }
}

#[test]
fn stanzas_of_unknown_types_stay() {
    let [old, new] = new_identities(Algorithm::X25519);
    let mut before = good_stanzas(old.recipient());
    before.push(stanza("ssh-ed25519 abcd"));
    let file = forge(
        before,
        &[old.recipient().clone()],
        vec![stanza("yubikey efgh")],
    );
    let sealed = SealedValue::from_bytes(file).unwrap();
    let rewrapped = sealed.rewrap(&ring([&old]), new.recipient()).unwrap();
    let texts = stanza_texts(&rewrapped);
    assert_eq!(texts[2], stanza_texts(&sealed)[2]);
    assert!(texts[2].starts_with("ssh-ed25519 abcd"));
    assert!(texts[4].starts_with("yubikey efgh"));
    assert_eq!(
        rewrapped.open(&ring([&new]), &HOME).unwrap().as_slice(),
        VALUE
    );
}

#[test]
fn several_own_keys_become_one() {
    let [old, older, foreign, new] = new_identities(Algorithm::X25519);
    let sealed = seal([&foreign, &older, &old]);
    let rewrapped = sealed
        .rewrap(&ring([&old, &older]), new.recipient())
        .unwrap();
    assert_eq!(key_ids(&rewrapped), [foreign.key_id(), new.key_id()]);
    assert_eq!(
        rewrapped.open(&ring([&new]), &HOME).unwrap().as_slice(),
        VALUE
    );
    assert_eq!(
        rewrapped.open(&ring([&foreign]), &HOME).unwrap().as_slice(),
        VALUE
    );
}

#[test]
fn a_key_that_the_value_has_already_is_there_once_afterwards() {
    let [old, new] = new_identities(Algorithm::X25519);
    let sealed = seal([&old, &new]);
    for ring_before in [ring([&old]), ring([&old, &new]), ring([&new])] {
        let rewrapped = sealed.rewrap(&ring_before, new.recipient()).unwrap();
        let count = key_ids(&rewrapped)
            .iter()
            .filter(|id| **id == new.key_id())
            .count();
        assert_eq!(count, 1);
        assert_eq!(
            rewrapped.open(&ring([&new]), &HOME).unwrap().as_slice(),
            VALUE
        );
    }
}

#[test]
fn a_value_alone_with_its_cluster_can_change_its_class() {
    let [hybrid, classic] = ALGORITHMS.map(Identity::generate);
    for (from, to) in [(&classic, &hybrid), (&hybrid, &classic)] {
        let rewrapped = seal([from]).rewrap(&ring([from]), to.recipient()).unwrap();
        assert_eq!(rewrapped.header().keys[0].algorithm, to.algorithm());
        assert_eq!(
            rewrapped.open(&ring([to]), &HOME).unwrap().as_slice(),
            VALUE
        );
    }
}

#[test]
fn a_key_of_another_class_cannot_join_the_keys_of_others() {
    let [own, foreign] = new_identities(Algorithm::X25519);
    let hybrid = Identity::generate(Algorithm::MlKem768X25519);
    let error = seal([&own, &foreign]).rewrap(&ring([&own]), hybrid.recipient());
    let to = hybrid.key_id();
    assert_eq!(error.unwrap_err(), RewrapError::Mixed { to });
}

#[test]
fn a_value_of_others_cannot_be_rewrapped() {
    let [foreign, new] = new_identities(Algorithm::X25519);
    let key_ids = vec![foreign.key_id()];
    let error = seal([&foreign]).rewrap(&KeyRing::default(), new.recipient());
    assert_eq!(
        error.unwrap_err(),
        RewrapError::Open(OpenError::UnknownKey { key_ids })
    );
}

#[test]
fn a_changed_header_is_refused_and_does_not_get_a_new_mac() {
    let [old, new] = new_identities(Algorithm::X25519);
    let mut file = seal([&old]).as_bytes().to_vec();
    let day = file
        .windows(10)
        .position(|window| window == b"2026-11-24")
        .unwrap();
    file[day + 9] = b'5';
    let changed = SealedValue::from_bytes(file).unwrap();
    assert_eq!(
        changed.rewrap(&ring([&old]), new.recipient()).unwrap_err(),
        RewrapError::Open(OpenError::Tampered(TamperedPart::Header))
    );
}

#[test]
fn a_header_that_would_grow_too_long_is_refused() {
    let own = Identity::generate(Algorithm::X25519);
    let hybrid = Identity::generate(Algorithm::MlKem768X25519);
    let to = [own.recipient().clone()];
    let filler = stanza(&format!("filler {}", "x".repeat(64 * 1024 - 1000)));
    let file = forge(good_stanzas(&to[0]), &to, vec![filler]);
    let value = SealedValue::from_bytes(file).unwrap();
    assert_eq!(
        value.rewrap(&ring([&own]), hybrid.recipient()).unwrap_err(),
        RewrapError::HeaderTooLong
    );
}

#[test]
fn a_key_that_is_granted_opens_the_value_and_one_that_is_taken_away_does_not() {
    for algorithm in ALGORITHMS {
        let [own, leaving, coming] = new_identities(algorithm);
        let sealed = seal([&own, &leaving]);
        let changed = sealed
            .change_recipients(
                &ring([&own]),
                &[coming.recipient().clone()],
                &[leaving.key_id()],
            )
            .unwrap();
        assert_eq!(key_ids(&changed), [own.key_id(), coming.key_id()]);
        assert_eq!(payload(&changed), payload(&sealed));
        assert_eq!(*changed.open(&ring([&coming]), &HOME).unwrap(), VALUE);
        assert_eq!(*changed.open(&ring([&own]), &HOME).unwrap(), VALUE);
        assert!(changed.open(&ring([&leaving]), &HOME).is_err());
    }
}

#[test]
fn granting_what_is_granted_already_keeps_the_keys() {
    let [own, other] = new_identities(Algorithm::X25519);
    let sealed = seal([&own, &other]);
    let add = [other.recipient().clone(), own.recipient().clone()];
    let changed = sealed.change_recipients(&ring([&own]), &add, &[]).unwrap();
    assert_eq!(key_ids(&changed), key_ids(&sealed));
}

#[test]
fn a_change_of_keys_that_cannot_be_is_refused_with_its_reason() {
    let [own, stranger] = new_identities(Algorithm::X25519);
    let strong = Identity::generate(Algorithm::MlKem768X25519);
    let many: Vec<_> = new_identities::<MAX_RECIPIENTS>(Algorithm::X25519)
        .iter()
        .map(|identity| identity.recipient().clone())
        .collect();
    let sealed = seal([&own]);
    let change = |add: &[Recipient], remove: &[KeyId]| {
        sealed
            .change_recipients(&ring([&own]), add, remove)
            .unwrap_err()
    };
    assert_eq!(
        change(&[], &[stranger.key_id()]),
        RewrapError::NotSealedTo(stranger.key_id())
    );
    assert_eq!(change(&[], &[own.key_id()]), RewrapError::NoRecipients);
    assert_eq!(
        change(&[strong.recipient().clone()], &[]),
        RewrapError::Mixed {
            to: strong.key_id()
        }
    );
    assert_eq!(
        change(&many, &[]),
        RewrapError::TooManyRecipients(MAX_RECIPIENTS + 1)
    );
    let foreign = sealed.change_recipients(&ring([&stranger]), &[], &[]);
    assert!(matches!(
        foreign,
        Err(RewrapError::Open(OpenError::UnknownKey { .. }))
    ));
}

#[test]
fn a_rewrap_is_told_from_every_other_value_without_a_key() {
    let [own, foreign, new, other] = new_identities(Algorithm::X25519);
    let sealed = seal([&own, &foreign]);
    let rewrapped = sealed.rewrap(&ring([&own]), new.recipient()).unwrap();
    assert!(rewrapped.is_rewrap_of(&sealed));
    assert!(sealed.is_rewrap_of(&sealed));

    let another_value = seal([&own, &foreign]);
    assert!(!rewrapped.is_rewrap_of(&another_value));
    let both_changed = sealed
        .change_recipients(
            &ring([&own]),
            &[new.recipient().clone(), other.recipient().clone()],
            &[own.key_id(), foreign.key_id()],
        )
        .unwrap();
    assert!(!both_changed.is_rewrap_of(&sealed));
    let mut file = rewrapped.as_bytes().to_vec();
    *file.last_mut().unwrap() ^= 1;
    let flipped = SealedValue::from_bytes(file).unwrap();
    assert!(!flipped.is_rewrap_of(&sealed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn after_any_number_of_rewraps_the_value_and_its_payload_are_the_same(
        algorithms in prop::collection::vec(prop::sample::select(&ALGORITHMS[..]), 1..6)
    ) {
        let mut owner = Identity::generate(Algorithm::default());
        let sealed = seal([&owner]);
        let mut current = sealed.clone();
        for algorithm in algorithms {
            let next = Identity::generate(algorithm);
            current = current.rewrap(&ring([&owner]), next.recipient()).unwrap();
            owner = next;
        }
        prop_assert_eq!(payload(&current), payload(&sealed));
        prop_assert_eq!(current.header().sealed_at, sealed.header().sealed_at);
        let opened = current.open(&ring([&owner]), &HOME).unwrap();
        prop_assert_eq!(opened.as_slice(), VALUE);
    }
}
