//! Sealing and opening: what comes back, where, and with which keys.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::Read;
use std::time::{Duration, UNIX_EPOCH};

use common::{ALGORITHMS, HOME, VALUE, good_stanzas, noon, recipients, ring, seal};
use proptest::prelude::*;
use waxwing_crypto::{
    Algorithm, Identity, KeyRing, MAX_HEADER_LEN, MAX_RECIPIENTS, MAX_VALUE_LEN, MixedRecipients,
    OpenError, Place, Scope, ScopeKind, SealError, SealedValue, format_time,
};

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(&ALGORITHMS[..])
}

fn kind() -> impl Strategy<Value = ScopeKind> {
    prop::sample::select(vec![
        ScopeKind::Strict,
        ScopeKind::Namespace,
        ScopeKind::Cluster,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_comes_back_with_each_of_its_keys(
        value in prop::collection::vec(any::<u8>(), 0..2000),
        algorithm in algorithm(),
        kind in kind(),
        keys in 1..5usize,
        seconds in 0..253_402_300_800u64,
        [namespace, name, item] in prop::array::uniform3("[!-~]{1,60}"),
    ) {
        let place = Place { namespace: &namespace, name: &name, item: &item };
        let identities: Vec<Identity> = (0..keys).map(|_| Identity::generate(algorithm)).collect();
        let sealed_at = UNIX_EPOCH + Duration::from_secs(seconds);
        let sealed =
            SealedValue::seal(&value, &kind.at(&place), &recipients(&identities), sealed_at).unwrap();

        let read = SealedValue::parse(&sealed.to_base64()).unwrap();
        prop_assert_eq!(&read, &sealed);
        let header = read.header();
        prop_assert_eq!(&header.scope, &kind.at(&place));
        prop_assert_eq!(header.sealed_at, sealed_at);
        prop_assert_eq!(header.plaintext_len, value.len());
        prop_assert!(header.key_ids().eq(identities.iter().map(Identity::key_id)));
        prop_assert!(header.keys.iter().all(|key| key.algorithm == algorithm));
        for identity in &identities {
            let opened = read.open(&ring([identity]), &place).unwrap();
            prop_assert_eq!(opened.as_slice(), value.as_slice());
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in ".{0,300}") {
        let _ = SealedValue::parse(&text);
    }

    #[test]
    fn a_value_cut_short_anywhere_does_not_open(cut in 1..500usize) {
        let identity = Identity::generate(Algorithm::X25519);
        let mut file = seal([&identity]).as_bytes().to_vec();
        file.truncate(file.len().saturating_sub(cut));
        let opens = SealedValue::from_bytes(file)
            .is_ok_and(|value| value.open(&ring([&identity]), &HOME).is_ok());
        prop_assert!(!opens);
    }
}

#[test]
fn values_of_every_size_around_a_chunk_come_back() {
    let identity = Identity::generate(Algorithm::X25519);
    let chunk = 64 * 1024;
    for len in [0, 1, 15, 16, 17, chunk - 1, chunk, chunk + 1, MAX_VALUE_LEN] {
        let value: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let sealed =
            SealedValue::seal(&value, &Scope::Cluster, &recipients([&identity]), noon()).unwrap();
        let sealed = SealedValue::parse(&sealed.to_base64()).unwrap();
        assert_eq!(sealed.header().plaintext_len, len);
        assert!(
            *sealed.open(&ring([&identity]), &HOME).unwrap() == value,
            "{len}"
        );
    }
}

#[test]
fn the_age_crate_opens_what_is_sealed_here() {
    for algorithm in ALGORITHMS {
        let identity = Identity::generate(algorithm);
        let sealed = seal([&identity]);
        let file = age::Decryptor::new(sealed.as_bytes()).unwrap();
        let mut value = Vec::new();
        file.decrypt(std::iter::once(&identity as _))
            .unwrap()
            .read_to_end(&mut value)
            .unwrap();
        assert_eq!(value, VALUE);
    }
}

#[test]
fn a_value_opens_only_where_its_scope_permits() {
    let identity = Identity::generate(Algorithm::X25519);
    let places = [
        HOME,
        Place {
            item: "user",
            ..HOME
        },
        Place {
            name: "cache",
            ..HOME
        },
        Place {
            namespace: "dev",
            ..HOME
        },
    ];
    for (kind, permitted) in [
        (ScopeKind::Strict, [true, false, false, false]),
        (ScopeKind::Namespace, [true, true, true, false]),
        (ScopeKind::Cluster, [true, true, true, true]),
    ] {
        let scope = kind.at(&HOME);
        let sealed = SealedValue::seal(VALUE, &scope, &recipients([&identity]), noon()).unwrap();
        for (place, permitted) in places.iter().zip(permitted) {
            match sealed.open(&ring([&identity]), place) {
                Ok(value) => assert!(permitted && value.as_slice() == VALUE),
                Err(error) => {
                    assert!(!permitted);
                    let scope = scope.clone();
                    assert_eq!(error, OpenError::ScopeMismatch { scope });
                }
            }
        }
    }
}

#[test]
fn the_error_for_a_misplaced_value_says_where_it_belongs() {
    let identity = Identity::generate(Algorithm::X25519);
    let dev = Place {
        namespace: "dev",
        ..HOME
    };
    let error = seal([&identity])
        .open(&ring([&identity]), &dev)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("strict prod/db-credentials/password"),
        "{error}"
    );
}

#[test]
fn without_a_key_the_error_names_the_keys_that_would_do() {
    let identities = [(); 2].map(|()| Identity::generate(Algorithm::X25519));
    let sealed = seal(&identities);
    for ring in [
        KeyRing::default(),
        ring([&Identity::generate(Algorithm::X25519)]),
    ] {
        let error = sealed.open(&ring, &HOME).unwrap_err();
        let key_ids = identities.iter().map(Identity::key_id).collect();
        assert_eq!(error, OpenError::UnknownKey { key_ids });
        for identity in &identities {
            assert!(error.to_string().contains(&identity.key_id().to_string()));
        }
    }
}

#[test]
fn the_header_of_a_new_value_starts_with_our_two_stanzas() {
    let identity = Identity::generate(Algorithm::X25519);
    let sealed = seal([&identity]);
    let [scope, sealed_line] = good_stanzas(identity.recipient())
        .try_into()
        .unwrap_or_else(|_| unreachable!("there are two"));
    let start = format!(
        "age-encryption.org/v1\n-> {} {}\n\n-> {} {}\n\n-> X25519 ",
        scope.tag,
        scope.args.join(" "),
        sealed_line.tag,
        sealed_line.args.join(" ")
    );
    assert!(sealed.as_bytes().starts_with(start.as_bytes()));
    assert_eq!(
        format_time(sealed.header().sealed_at),
        "2026-11-24T06:00:00Z"
    );
}

#[test]
fn a_time_is_kept_in_whole_seconds_and_one_that_cannot_be_written_is_refused() {
    let to = recipients([&Identity::generate(Algorithm::X25519)]);
    let late = noon() + Duration::from_millis(999);
    let sealed = SealedValue::seal(VALUE, &Scope::Cluster, &to, late).unwrap();
    assert_eq!(sealed.header().sealed_at, noon());
    for time in [
        UNIX_EPOCH - Duration::from_nanos(1),
        UNIX_EPOCH + Duration::from_secs(253_402_300_800),
    ] {
        let error = SealedValue::seal(VALUE, &Scope::Cluster, &to, time).unwrap_err();
        assert_eq!(error, SealError::TimeOutOfRange);
    }
}

#[test]
fn a_recipient_given_twice_counts_once() {
    let identity = Identity::generate(Algorithm::X25519);
    let sealed = seal([&identity, &identity]);
    assert_eq!(sealed.header().keys.len(), 1);
    assert!(sealed.header().is_sealed_to(&identity.key_id()));
}

#[test]
fn what_cannot_be_sealed_is_refused_with_its_reason() {
    let identity = Identity::generate(Algorithm::MlKem768X25519);
    let classic = Identity::generate(Algorithm::X25519);
    let bad_scope = ScopeKind::Namespace.at(&Place {
        namespace: "two words",
        ..HOME
    });
    let scope_error = SealedValue::seal(VALUE, &bad_scope, &recipients([&identity]), noon());
    assert!(matches!(scope_error, Err(SealError::ScopeWord(_))));

    let odd = classic.recipient().clone();
    for (value, identities, error) in [
        (VALUE, vec![], SealError::NoRecipients),
        (
            VALUE,
            vec![&identity, &classic],
            SealError::Mixed(MixedRecipients { odd }),
        ),
        (&[0; MAX_VALUE_LEN + 1], vec![&identity], SealError::TooLong),
    ] {
        let sealed = SealedValue::seal(value, &Scope::Cluster, &recipients(identities), noon());
        assert_eq!(sealed.unwrap_err(), error);
    }
}

#[test]
fn the_most_recipients_fit_into_the_longest_header_and_one_more_is_refused() {
    let mut identities: Vec<Identity> = (0..MAX_RECIPIENTS)
        .map(|_| Identity::generate(Algorithm::MlKem768X25519))
        .collect();
    let long = "x".repeat(253);
    let place = Place {
        namespace: &long,
        name: &long,
        item: &long,
    };
    let scope = ScopeKind::Strict.at(&place);
    let sealed = SealedValue::seal(VALUE, &scope, &recipients(&identities), noon()).unwrap();
    assert!(sealed.header().header_len <= MAX_HEADER_LEN);
    let last = identities.last().unwrap();
    assert_eq!(
        sealed.open(&ring([last]), &place).unwrap().as_slice(),
        VALUE
    );

    identities.push(Identity::generate(Algorithm::MlKem768X25519));
    let sealed = SealedValue::seal(VALUE, &scope, &recipients(&identities), noon());
    assert_eq!(sealed.unwrap_err(), SealError::TooManyRecipients(33));
}
