//! What was changed after sealing is refused.

#![allow(clippy::unwrap_used)]

mod common;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use common::{ALGORITHMS, HOME, replace, ring, seal};
use waxwing_crypto::{
    Algorithm, Identity, KeyRing, MAX_VALUE_LEN, MalformedError, OpenError, Place, SealedValue,
    TamperedPart,
};

fn opens(value: Result<SealedValue, MalformedError>, ring: &KeyRing) -> bool {
    value.is_ok_and(|value| value.open(ring, &HOME).is_ok())
}

#[test]
fn no_single_bit_can_be_flipped_in_the_file() {
    for algorithm in ALGORITHMS {
        let identity = Identity::generate(algorithm);
        let ring = ring([&identity]);
        let file = seal([&identity]).as_bytes().to_vec();
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !opens(SealedValue::from_bytes(flipped), &ring),
                "{algorithm}: bit {bit}"
            );
        }
    }
}

#[test]
fn no_single_bit_can_be_flipped_in_the_base64() {
    let identity = Identity::generate(Algorithm::X25519);
    let ring = ring([&identity]);
    let text = seal([&identity]).to_base64().into_bytes();
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // What is not UTF-8 cannot stand in a manifest.
        if let Ok(flipped) = String::from_utf8(flipped) {
            assert!(!opens(SealedValue::parse(&flipped), &ring), "bit {bit}");
        }
    }
}

#[test]
fn base64_has_one_spelling() {
    let identity = Identity::generate(Algorithm::X25519);
    let text = seal([&identity]).to_base64();
    let unpadded = BASE64_STANDARD
        .encode([0; 31])
        .trim_end_matches('=')
        .to_owned();
    for other in [
        format!("{text}\n"),
        format!(" {text}"),
        format!("{}\n{}", &text[..76], &text[76..]),
        format!("{text}===="),
        text.replace(['+', '/'], "_"),
        unpadded,
        "AAAB====".to_owned(),
        "AB==".to_owned(),
    ] {
        if other != text {
            assert_eq!(
                SealedValue::parse(&other).unwrap_err(),
                MalformedError::NotBase64
            );
        }
    }
}

#[test]
fn a_text_too_long_is_refused_before_it_is_decoded() {
    // Not base64, which would be the reason if it were decoded.
    let text = "!".repeat(2 * MAX_VALUE_LEN);
    assert_eq!(
        SealedValue::parse(&text).unwrap_err(),
        MalformedError::TooLong
    );
    let header = seal([&Identity::generate(Algorithm::X25519)]);
    let mut file = header.as_bytes()[..header.header().header_len].to_vec();
    file.resize(file.len() + MAX_VALUE_LEN + 16 * 18, 0);
    assert_eq!(
        SealedValue::from_bytes(file).unwrap_err(),
        MalformedError::TooLong
    );
}

#[test]
fn the_scope_cannot_be_rewritten_without_the_key() {
    let identity = Identity::generate(Algorithm::X25519);
    let ring = ring([&identity]);
    let sealed = seal([&identity]);
    let dev = Place {
        namespace: "dev",
        ..HOME
    };
    for (from, to) in [
        (
            "strict prod db-credentials password",
            "strict dev db-credentials password",
        ),
        ("strict prod db-credentials password", "namespace dev"),
        ("strict prod db-credentials password", "cluster"),
    ] {
        let rewritten = replace(sealed.as_bytes(), from, to);
        let rewritten = SealedValue::from_bytes(rewritten).unwrap();
        let error = rewritten.open(&ring, &dev).unwrap_err();
        assert_eq!(error, OpenError::Tampered(TamperedPart::Header));
    }
}

#[test]
fn each_changed_part_is_named() {
    let identity = Identity::generate(Algorithm::X25519);
    let other = Identity::generate(Algorithm::X25519);
    let ring = ring([&identity]);
    let sealed = seal([&identity]);

    let later = replace(sealed.as_bytes(), "2026-11-24", "2026-11-25");
    let mut payload = sealed.as_bytes().to_vec();
    *payload.last_mut().unwrap() ^= 1;
    let (id, other_id) = (identity.key_id().to_string(), other.key_id().to_string());
    let foreign_stanza = replace(seal([&other]).as_bytes(), &other_id, &id);
    for (file, part) in [
        (later, TamperedPart::Header),
        (payload, TamperedPart::Payload),
        (foreign_stanza, TamperedPart::Stanza(identity.key_id())),
    ] {
        let error = SealedValue::from_bytes(file).unwrap().open(&ring, &HOME);
        assert_eq!(error.unwrap_err(), OpenError::Tampered(part));
    }
}

#[test]
fn the_header_is_authenticated_before_the_scope_is_compared() {
    let identity = Identity::generate(Algorithm::X25519);
    let later = replace(seal([&identity]).as_bytes(), "2026-11-24", "2026-11-25");
    let elsewhere = Place {
        name: "elsewhere",
        ..HOME
    };
    let error = SealedValue::from_bytes(later)
        .unwrap()
        .open(&ring([&identity]), &elsewhere)
        .unwrap_err();
    assert_eq!(error, OpenError::Tampered(TamperedPart::Header));
}

#[test]
fn a_key_of_another_type_under_the_same_id_does_not_open() {
    let [hybrid, classic] = ALGORITHMS.map(Identity::generate);
    let (id, other_id) = (hybrid.key_id().to_string(), classic.key_id().to_string());
    let renamed = replace(seal([&hybrid]).as_bytes(), &id, &other_id);
    let error = SealedValue::from_bytes(renamed)
        .unwrap()
        .open(&ring([&classic]), &HOME)
        .unwrap_err();
    assert_eq!(
        error,
        OpenError::Tampered(TamperedPart::Stanza(classic.key_id()))
    );
}
