#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use waxwing_api::{KeyState, SealingKeySpec};
use waxwing_crypto::{Algorithm, Identity};

use super::super::facts::{Facts, KeySecret, Revoked};
use super::*;
use crate::index::Dependents;

fn sealing_key(identity: &Identity, created: i64, escrow: Option<&str>) -> SealingKey {
    let spec = SealingKeySpec {
        recipient: identity.recipient().to_string(),
        algorithm: Algorithm::X25519.into(),
        state: KeyState::Active,
        escrow: escrow.map(str::to_owned),
    };
    let mut key = SealingKey::new(&identity.key_id().to_string(), spec);
    key.metadata.creation_timestamp = Some(Time(Timestamp::from_second(created).unwrap()));
    key
}

fn inventory(
    private: &[&Identity],
    public: &[&SealingKey],
    dependents: Option<Dependents>,
) -> Inventory {
    let secret = KeySecret {
        name: "keys".to_owned(),
        uid: String::new(),
        contents: Ok(private.iter().copied().cloned().collect()),
        revoked: Revoked::None,
        pending: false,
    };
    let facts = Facts {
        secrets: vec![Arc::new(secret)],
        sealing_keys: public.iter().copied().cloned().map(Arc::new).collect(),
    };
    Inventory::of(&facts).with_dependents(dependents)
}

fn reason(status: &SealingKeyStatus, type_: KeyConditionType) -> Option<(&str, &str)> {
    let condition = condition::find(&status.conditions, type_.as_str())?;
    Some((&condition.status, &condition.reason))
}

#[test]
fn the_status_says_whether_a_key_is_loaded_backed_up_and_needed() {
    let [old, new] = [0; 2].map(|_| Identity::generate(Algorithm::X25519));
    let old_key = sealing_key(&old, 1, Some("an escrow"));
    let new_key = sealing_key(&new, 2, None);
    let keys = [&old_key, &new_key];
    let counts = |count| Some(Arc::new(BTreeMap::from([(old.key_id(), count)])));
    let status = |dependents, key| {
        let inventory = inventory(&[&old, &new], &keys, dependents);
        status_to_write(&inventory, key, Timestamp::UNIX_EPOCH).unwrap()
    };

    let primary = status(counts(3), &new_key);
    assert_eq!((primary.primary, primary.dependents), (true, Some(0)));
    assert_eq!(
        [
            reason(&primary, KeyConditionType::Loaded),
            reason(&primary, KeyConditionType::Escrowed),
            reason(&primary, KeyConditionType::InUse),
        ],
        [
            Some(("True", "PrivateHalfLoaded")),
            Some(("False", "NoEscrow")),
            Some(("True", "IsPrimary")),
        ]
    );
    let needed = status(counts(3), &old_key);
    assert_eq!((needed.primary, needed.dependents), (false, Some(3)));
    assert_eq!(
        [
            reason(&needed, KeyConditionType::Escrowed),
            reason(&needed, KeyConditionType::InUse),
        ],
        [Some(("True", "InEscrow")), Some(("True", "HasDependents"))]
    );
    let unneeded = status(Some(Arc::default()), &old_key);
    assert_eq!(
        reason(&unneeded, KeyConditionType::InUse),
        Some(("False", "NoDependents"))
    );
}

#[test]
fn what_cannot_be_counted_yet_stays_as_it_was() {
    let [old, new] = [0; 2].map(|_| Identity::generate(Algorithm::X25519));
    let mut old_key = sealing_key(&old, 1, None);
    let new_key = sealing_key(&new, 2, None);
    let counts = Some(Arc::new(BTreeMap::from([(old.key_id(), 3)])));
    let counted = inventory(&[&old, &new], &[&old_key, &new_key], counts);
    old_key.status = status_to_write(&counted, &old_key, Timestamp::UNIX_EPOCH);
    let uncounted = inventory(&[&old, &new], &[&old_key, &new_key], None);
    assert_eq!(
        status_to_write(&uncounted, &old_key, Timestamp::now()),
        None
    );
}

#[test]
fn a_key_that_cannot_be_used_is_told_once() {
    let identity = Identity::generate(Algorithm::X25519);
    let mut key = sealing_key(&identity, 1, None);
    let missing = inventory(&[], &[&key], None);
    let status = status_to_write(&missing, &key, Timestamp::UNIX_EPOCH).unwrap();
    let told = newly_unusable(&key, &status).unwrap();
    assert_eq!(told.reason, KeyReason::PrivateHalfMissing.as_str());

    key.status = Some(status.clone());
    assert_eq!(newly_unusable(&key, &status), None);
    let found = inventory(&[&identity], &[&key], None);
    let status = status_to_write(&found, &key, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(newly_unusable(&key, &status), None);
}

/// As kstatus, Flux and Argo CD read it.
#[test]
fn a_key_is_stalled_while_someone_has_to_help() {
    let [ours, other] = [0; 2].map(|_| Identity::generate(Algorithm::X25519));
    let key = |state| {
        let mut key = sealing_key(&ours, 1, None);
        key.spec.state = state;
        key.metadata.generation = Some(2);
        key
    };
    let mut misnamed = key(KeyState::Active);
    misnamed.spec.recipient = other.recipient().to_string();
    let (good, bad) = (("False", "NotStalled"), |reason: &'static str| {
        ("True", reason)
    });
    for (name, private, key, expected) in [
        ("loaded", vec![&ours], key(KeyState::Active), good),
        ("retired", vec![&ours], key(KeyState::Retired), good),
        ("revoked", vec![&ours], key(KeyState::Revoked), good),
        ("revoked, and gone", vec![], key(KeyState::Revoked), good),
        (
            "missing",
            vec![],
            key(KeyState::Active),
            bad("PrivateHalfMissing"),
        ),
        (
            "misnamed",
            vec![&ours],
            misnamed,
            bad("PrivateHalfMismatch"),
        ),
    ] {
        let inventory = inventory(&private, &[&key], None);
        let status = status_to_write(&inventory, &key, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(status.observed_generation, Some(2), "{name}");
        assert_eq!(
            reason(&status, KeyConditionType::Stalled),
            Some(expected),
            "{name}"
        );
    }
}
