#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use waxwing_api::SealingKeySpec;
use waxwing_crypto::{Algorithm, Identity};

use super::super::facts::Revoked;
use super::super::ring::Keys;
use super::*;

fn identity() -> Identity {
    Identity::generate(Algorithm::X25519)
}

fn sealing_key(identity: &Identity, created: i64, state: KeyState) -> Arc<SealingKey> {
    let spec = SealingKeySpec {
        recipient: identity.recipient().to_string(),
        algorithm: Algorithm::X25519.into(),
        state,
        escrow: None,
    };
    let mut key = SealingKey::new(&identity.key_id().to_string(), spec);
    key.metadata.creation_timestamp = Some(Time(Timestamp::from_second(created).unwrap()));
    Arc::new(key)
}

fn secret(name: &str, identities: &[&Identity], revoked: Revoked) -> Arc<KeySecret> {
    Arc::new(KeySecret {
        name: name.to_owned(),
        uid: String::new(),
        contents: Ok(identities
            .iter()
            .map(|identity| (*identity).clone())
            .collect()),
        revoked,
        pending: false,
    })
}

fn usability(facts: &Facts, identity: &Identity) -> Usability {
    let inventory = Inventory::of(facts);
    inventory.usability(identity.key_id(), &inventory.keys[&identity.key_id()])
}

#[test]
fn the_primary_is_the_newest_active_key_whose_private_half_is_there() {
    let keys: Vec<Identity> = (0..4).map(|_| identity()).collect();
    let facts = Facts {
        secrets: vec![secret("a", &[&keys[0], &keys[1], &keys[2]], Revoked::None)],
        sealing_keys: vec![
            sealing_key(&keys[0], 10, KeyState::Active),
            sealing_key(&keys[1], 20, KeyState::Active),
            sealing_key(&keys[2], 30, KeyState::Retired),
            sealing_key(&keys[3], 40, KeyState::Active),
        ],
    };
    assert_eq!(Inventory::of(&facts).primary().unwrap().1, keys[1].key_id());
}

#[test]
fn keys_of_the_same_second_are_ordered_by_name() {
    let keys = [identity(), identity()];
    let facts = Facts {
        secrets: vec![secret("a", &[&keys[0], &keys[1]], Revoked::None)],
        sealing_keys: keys
            .iter()
            .map(|key| sealing_key(key, 10, KeyState::Active))
            .collect(),
    };
    let last = keys
        .iter()
        .map(|key| key.key_id().to_string())
        .max()
        .unwrap();
    assert_eq!(Inventory::of(&facts).primary().unwrap().1.to_string(), last);
}

#[test]
fn a_private_half_that_is_missing_or_another_one_is_told_apart() {
    let (key, other) = (identity(), identity());
    let sealing_keys = vec![sealing_key(&key, 10, KeyState::Active)];
    let mut facts = Facts {
        secrets: vec![secret("elsewhere", &[&other], Revoked::None)],
        sealing_keys,
    };
    assert_eq!(usability(&facts, &key), Usability::Missing);
    facts.secrets = vec![secret(&key.key_id().to_string(), &[&other], Revoked::None)];
    assert_eq!(usability(&facts, &key), Usability::Mismatch);
    facts.secrets = vec![secret("any-name", &[&key], Revoked::None)];
    assert_eq!(usability(&facts, &key), Usability::Active);
}

#[test]
fn a_sealing_key_that_is_not_named_after_its_recipient_is_not_used() {
    let (key, other) = (identity(), identity());
    let mut imposter = (*sealing_key(&other, 10, KeyState::Active)).clone();
    imposter.metadata.name = Some(key.key_id().to_string());
    let facts = Facts {
        secrets: vec![secret("a", &[&key], Revoked::None)],
        sealing_keys: vec![Arc::new(imposter)],
    };
    assert_eq!(usability(&facts, &key), Usability::Mismatch);
    assert_eq!(Inventory::of(&facts).primary(), None);
}

#[test]
fn a_revoked_key_opens_values_until_a_newer_key_is_primary() {
    let (old, new) = (identity(), identity());
    let mut facts = Facts {
        secrets: vec![secret("a", &[&old, &new], Revoked::None)],
        sealing_keys: vec![sealing_key(&old, 10, KeyState::Revoked)],
    };
    let opens = |facts: &Facts| {
        Keys::of(facts, &Inventory::of(facts))
            .ring()
            .contains(&old.key_id())
    };
    assert!(opens(&facts), "there is no new primary yet");
    facts
        .sealing_keys
        .push(sealing_key(&new, 20, KeyState::Active));
    assert!(!opens(&facts), "there is a new primary");
    facts.sealing_keys.clear();
    assert!(
        opens(&facts),
        "without a mark the revocation goes with the SealingKey"
    );
    facts.secrets = vec![secret(
        "a",
        &[&old, &new],
        Revoked::These(vec![old.key_id()]),
    )];
    assert!(!opens(&facts), "the mark outlives the SealingKey");
}

#[test]
fn a_key_without_sealing_key_opens_values_and_is_not_primary() {
    let key = identity();
    let facts = Facts {
        secrets: vec![secret("by-hand", &[&key], Revoked::None)],
        sealing_keys: vec![],
    };
    let keys = Keys::of(&facts, &Inventory::of(&facts));
    assert!(keys.ring().contains(&key.key_id()));
    assert_eq!(keys.primary(), None);
}
