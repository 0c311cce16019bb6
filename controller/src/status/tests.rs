#![allow(clippy::unwrap_used)]

use std::time::UNIX_EPOCH;

use waxwing_api::Reason;
use waxwing_crypto::{Algorithm, Identity, Scope, SealedValue};

use super::*;
use crate::keys::test_keys;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn verdict<'a>(failures: &'a [Failure], key_ids: &'a [KeyId], staleness: Staleness) -> Verdict<'a> {
    Verdict {
        failures,
        key_ids,
        oldest: None,
        secret_version: Some("7".to_owned()),
        staleness,
        success: "The Secret is what this object says.".to_owned(),
    }
}

fn of_generation(generation: i64) -> SealedSecret {
    let mut sealed = SealedSecret::default();
    sealed.metadata.uid = Some("uid-1".to_owned());
    sealed.metadata.generation = Some(generation);
    sealed
}

fn told(status: &SealedSecretStatus) -> Vec<(&str, &str, &str)> {
    status
        .conditions
        .iter()
        .map(|condition| {
            (
                condition.type_.as_str(),
                condition.status.as_str(),
                condition.reason.as_str(),
            )
        })
        .collect()
}

#[test]
fn the_conditions_follow_from_the_failures() {
    let failure = |reason| Failure::of_item(reason, "item", "what happened; what to do");
    let cases = [
        (
            vec![],
            [
                ("Ready", "True", "Unsealed"),
                ("Stalled", "False", "NotStalled"),
            ],
        ),
        (
            vec![failure(Reason::UnknownKey), failure(Reason::ScopeMismatch)],
            [
                ("Ready", "False", "ScopeMismatch"),
                ("Stalled", "True", "ScopeMismatch"),
            ],
        ),
        (
            vec![failure(Reason::NotOwned)],
            [
                ("Ready", "False", "NotOwned"),
                ("Stalled", "False", "NotStalled"),
            ],
        ),
        (
            vec![failure(Reason::ApiError)],
            [
                ("Ready", "False", "ApiError"),
                ("Stalled", "False", "NotStalled"),
            ],
        ),
        (
            vec![failure(Reason::KeyRevoked)],
            [
                ("Ready", "False", "KeyRevoked"),
                ("Stalled", "True", "KeyRevoked"),
            ],
        ),
    ];
    for (failures, expected) in cases {
        let status = summarise(
            &of_generation(3),
            &verdict(&failures, &[], Staleness::Fresh),
            at(1),
        );
        assert_eq!(told(&status)[..2], expected);
        assert_eq!(status.observed_generation, Some(3));
    }
}

#[test]
fn the_message_lists_every_failure_and_that_of_stalled_those_that_do_not_pass_by_themselves() {
    let failures = [
        Failure::of_item(Reason::UnknownKey, "user", "no key; restore it"),
        Failure::of_item(Reason::ScopeMismatch, "password", "wrong place; move it"),
        Failure::of_object(Reason::ApiError, "no answer; tried again"),
    ];
    let status = summarise(
        &of_generation(1),
        &verdict(&failures, &[], Staleness::Unknown),
        at(1),
    );
    let stuck =
        "user: no key; restore it (UnknownKey)\npassword: wrong place; move it (ScopeMismatch)";
    assert_eq!(
        status.conditions[0].message,
        format!("{stuck}\nno answer; tried again (ApiError)")
    );
    assert_eq!(status.conditions[1].message, stuck);
}

#[test]
fn the_time_of_a_condition_changes_only_with_its_status() {
    let mut sealed = of_generation(1);
    let failed = [Failure::of_object(Reason::ApiError, "one")];
    let failed_otherwise = [Failure::of_object(Reason::Forbidden, "two")];
    for (second, failures, changed_at) in [
        (1, &[][..], 1),
        (2, &[], 1),
        (3, &failed, 3),
        (4, &failed_otherwise, 3),
        (5, &[], 5),
    ] {
        let status = summarise(
            &sealed,
            &verdict(failures, &[], Staleness::Unknown),
            at(second),
        );
        assert_eq!(
            status.conditions[0].last_transition_time.0,
            at(changed_at),
            "at second {second}"
        );
        sealed.status = Some(status);
    }
}

#[test]
fn an_unchanged_status_is_not_written_again() {
    let mut sealed = of_generation(1);
    let status = summarise(&sealed, &verdict(&[], &[], Staleness::Fresh), at(1));
    let written = patch(&sealed, &status).unwrap();
    assert_eq!(written["metadata"]["uid"], "uid-1");
    sealed.status = Some(status);
    let again = summarise(&sealed, &verdict(&[], &[], Staleness::Fresh), at(99));
    assert_eq!(patch(&sealed, &again), None);
}

#[test]
fn a_field_that_goes_away_is_taken_away() {
    let mut sealed = of_generation(1);
    sealed.status = Some(summarise(
        &sealed,
        &verdict(&[], &[], Staleness::Unknown),
        at(1),
    ));
    let mut without = verdict(&[], &[], Staleness::Unknown);
    without.secret_version = None;
    let status = summarise(&sealed, &without, at(1));
    assert!(patch(&sealed, &status).unwrap()["status"]["secretResourceVersion"].is_null());
}

#[test]
fn only_an_object_whose_secret_is_as_it_was_left_needs_no_work() {
    let [primary, old, revoked] = [0; 3].map(|_| Identity::generate(Algorithm::X25519));
    let keys = test_keys(&[&primary, &old], &[&revoked]);
    let settled_with = |to: &[&Identity], change: fn(&mut SealedSecret), version: Option<&str>| {
        let mut sealed = of_generation(2);
        let recipients: Vec<_> = to.iter().map(|key| key.recipient().clone()).collect();
        let value = SealedValue::seal(b"v", &Scope::Cluster, &recipients, UNIX_EPOCH).unwrap();
        let items = &mut sealed.spec.encrypted_data;
        items.insert("item".to_owned(), value.to_base64());
        let key_ids: Vec<KeyId> = value.header().key_ids().collect();
        let stale = Staleness::Fresh;
        sealed.status = Some(summarise(&sealed, &verdict(&[], &key_ids, stale), at(1)));
        change(&mut sealed);
        settled(&sealed, &keys, version)
    };
    let fail = |sealed: &mut SealedSecret| {
        let failures = [Failure::of_object(Reason::ApiError, "")];
        sealed.status = Some(summarise(
            sealed,
            &verdict(&failures, &[], Staleness::Unknown),
            at(1),
        ));
    };
    assert!(
        settled_with(&[&primary], |_| {}, Some("7"))
            .unwrap()
            .stale_is_current
    );
    assert!(
        !settled_with(&[&old], |_| {}, Some("7"))
            .unwrap()
            .stale_is_current,
        "stale by now"
    );
    assert!(
        settled_with(&[&revoked], |_| {}, Some("7")).is_none(),
        "its key was revoked"
    );
    assert!(
        settled_with(&[&revoked, &primary], |_| {}, Some("7"))
            .unwrap()
            .stale,
        "it opens without the key that was revoked"
    );
    assert!(
        settled_with(&[&primary], |_| {}, Some("8")).is_none(),
        "the Secret was changed"
    );
    assert!(
        settled_with(&[&primary], |_| {}, None).is_none(),
        "the Secret was deleted"
    );
    assert!(
        settled_with(
            &[&primary],
            |sealed| sealed.metadata.generation = Some(3),
            Some("7")
        )
        .is_none()
    );
    assert!(settled_with(&[&primary], |sealed| sealed.status = None, Some("7")).is_none());
    assert!(
        settled_with(&[&primary], fail, Some("7")).is_none(),
        "it failed"
    );
}

#[test]
fn a_rollover_changes_the_condition_stale_and_nothing_else() {
    let [new, old] = [0; 2].map(|_| Identity::generate(Algorithm::X25519));
    let mut sealed = of_generation(1);
    sealed.status = Some(summarise(
        &sealed,
        &verdict(&[], &[old.key_id()], Staleness::Fresh),
        at(1),
    ));
    let status = with_stale(&sealed, &test_keys(&[&new, &old], &[]), at(9));
    assert_eq!(
        told(&status),
        [
            ("Ready", "True", "Unsealed"),
            ("Stalled", "False", "NotStalled"),
            ("Stale", "True", "NotPrimaryKey")
        ]
    );
    assert_eq!(status.conditions[0].last_transition_time.0, at(1));
    assert_eq!(status.conditions[2].last_transition_time.0, at(9));
}

#[test]
fn the_condition_stale_says_what_stands_in_the_way_of_a_renewal() {
    for (staleness, expected) in [
        (Staleness::Fresh, ("Stale", "False", "PrimaryKey")),
        (Staleness::Unknown, ("Stale", "Unknown", "NoPrimaryKey")),
        (Staleness::Stale(None), ("Stale", "True", "NotPrimaryKey")),
        (
            Staleness::Stale(Some(Obstacle::NoRoom)),
            ("Stale", "True", "NoRoomForRenewal"),
        ),
        (
            Staleness::Stale(Some(Obstacle::OtherClass)),
            ("Stale", "True", "NotRenewable"),
        ),
    ] {
        let status = summarise(&of_generation(1), &verdict(&[], &[], staleness), at(1));
        assert_eq!(told(&status)[2], expected);
    }
}

fn renewal(items: &[(&str, &str)]) -> Option<Renewal> {
    let encrypted_data = items
        .iter()
        .map(|(item, value)| ((*item).to_owned(), (*value).to_owned()))
        .collect();
    Some(Renewal { encrypted_data })
}

#[test]
fn a_renewal_goes_when_nothing_is_stale_any_more_and_stays_until_then() {
    let mut sealed = of_generation(1);
    let stale = verdict(&[], &[], Staleness::Stale(None));
    sealed.status = Some(SealedSecretStatus {
        renewal: renewal(&[("a", "1")]),
        ..summarise(&sealed, &stale, at(1))
    });
    let failed = [Failure::of_object(Reason::ApiError, "")];
    let failed = summarise(
        &sealed,
        &verdict(&failed, &[], Staleness::Stale(None)),
        at(2),
    );
    let patched = patch(&sealed, &failed).unwrap();
    assert_eq!(failed.renewal, renewal(&[("a", "1")]));
    assert_eq!(patched["status"].get("renewal"), None, "it is left alone");

    let fresh = summarise(&sealed, &verdict(&[], &[], Staleness::Fresh), at(2));
    assert_eq!(fresh.renewal, None);
    let patched = patch(&sealed, &fresh).unwrap();
    assert_eq!(patched["status"].get("renewal"), Some(&Value::Null));
}

#[test]
fn only_what_changes_of_a_renewal_is_written() {
    let before = renewal(&[("same", "1"), ("changed", "2"), ("gone", "3")]);
    let after = renewal(&[("same", "1"), ("changed", "4"), ("new", "5")]);
    let change = renewal_change(before.as_ref(), after.as_ref()).unwrap();
    assert_eq!(
        change,
        json!({ "encryptedData": { "changed": "4", "gone": null, "new": "5" } })
    );
    assert_eq!(renewal_change(after.as_ref(), after.as_ref()), None);
}
