//! When a key is made, published and marked as revoked.

use super::*;

#[test]
fn what_changes_follows_from_the_keys_and_the_time() {
    use Cause::{NoKey, Revocation, Rollover};
    use KeyState::{Active, Retired, Revoked};
    let create = |cause| vec![Action::Create(cause)];
    let complete = Action::Complete {
        secret: "secret".to_owned(),
    };
    let now = 100 * DAY;
    let young = now - DAY;
    let old = now - 31 * DAY;
    let cases: Vec<(&str, Inventory, Vec<Action>)> = vec![
        ("first start", inventory([]), create(NoKey)),
        (
            "nothing to do",
            inventory([(1, public(young, Active), loaded())]),
            vec![],
        ),
        (
            "due",
            inventory([(1, public(now - 30 * DAY, Active), loaded())]),
            create(Rollover),
        ),
        (
            "a second before it is due",
            inventory([(1, public(now - 30 * DAY + 1, Active), loaded())]),
            vec![],
        ),
        (
            "overdue after a long stop: one new key, not one for each period",
            inventory([(1, public(0, Active), loaded())]),
            create(Rollover),
        ),
        (
            "a rollover was asked for",
            inventory([(1, asked_to_roll_over(young), loaded())]),
            create(Rollover),
        ),
        (
            "a rollover was asked for, and is done",
            inventory([
                (1, asked_to_roll_over(young - 1), loaded()),
                (2, public(young, Active), loaded()),
            ]),
            vec![],
        ),
        (
            "clock set back behind the key",
            inventory([(1, public(now + 50 * DAY, Active), loaded())]),
            vec![],
        ),
        (
            "an older key that is due does not matter",
            inventory([
                (1, public(old, Active), loaded()),
                (2, public(young, Active), loaded()),
            ]),
            vec![],
        ),
        (
            "primary revoked",
            inventory([(1, public(young, Revoked), loaded())]),
            create(Revocation),
        ),
        (
            "primary revoked while an older key is there",
            inventory([
                (1, public(old, Active), loaded()),
                (2, public(young, Revoked), loaded()),
            ]),
            create(Revocation),
        ),
        (
            "revoked key succeeded by a new primary",
            inventory([
                (1, public(old, Revoked), loaded()),
                (2, public(young, Active), loaded()),
            ]),
            vec![mark(1)],
        ),
        (
            "revocation done",
            inventory([
                (1, public(old, Revoked), marked_revoked()),
                (2, public(young, Active), loaded()),
            ]),
            vec![],
        ),
        (
            "a revoked key of another cluster, restored for the record",
            inventory([
                (1, public(young, Active), loaded()),
                (2, public(young + 10, Revoked), PrivateHalf::Missing),
            ]),
            vec![],
        ),
        (
            "all keys revoked",
            inventory([
                (1, public(old, Revoked), marked_revoked()),
                (2, public(young, Revoked), loaded()),
            ]),
            create(Revocation),
        ),
        (
            "all keys revoked long ago",
            inventory([(1, public(old, Revoked), marked_revoked())]),
            create(NoKey),
        ),
        (
            "all keys retired",
            inventory([(1, public(young, Retired), loaded())]),
            create(NoKey),
        ),
        (
            "another controller has just made a new key",
            inventory([
                (1, public(now - 30 * DAY, Active), loaded()),
                (2, public(now, Active), pending()),
            ]),
            vec![complete.clone()],
        ),
        (
            "primary being deleted by hand: nothing more is sealed to it",
            inventory([(1, being_deleted(young), loaded())]),
            create(NoKey),
        ),
        (
            "primary deleted by hand",
            inventory([(1, None, loaded())]),
            [publish(1, Retired)]
                .into_iter()
                .chain(create(NoKey))
                .collect(),
        ),
        (
            "primary deleted by hand, an older one there",
            inventory([(1, public(young, Active), loaded()), (2, None, loaded())]),
            vec![publish(2, Retired)],
        ),
        (
            "revoked key deleted by hand stays revoked",
            inventory([
                (1, None, marked_revoked()),
                (2, public(young, Active), loaded()),
            ]),
            vec![publish(1, Revoked)],
        ),
        (
            "revoked key made Active by hand stays revoked",
            inventory([
                (1, public(young, Active), marked_revoked()),
                (2, public(young - 1, Active), loaded()),
            ]),
            create(Revocation),
        ),
        (
            "private half missing",
            inventory([(1, public(young, Active), PrivateHalf::Missing)]),
            create(NoKey),
        ),
        (
            "private half of another key",
            inventory([(1, public(young, Active), PrivateHalf::Mismatch)]),
            create(NoKey),
        ),
        (
            "hand-added key beside the primary",
            inventory([(1, public(young, Active), loaded()), (2, None, loaded())]),
            vec![publish(2, Retired)],
        ),
        (
            "crash between the two halves of a new key",
            inventory([(1, None, pending())]),
            vec![publish(1, Active)],
        ),
        (
            "crash between the two halves of a rollover",
            inventory([(1, public(old, Active), loaded()), (2, None, pending())]),
            vec![publish(2, Active)],
        ),
        (
            "crash before the new key was completed",
            inventory([(1, public(young, Active), pending())]),
            vec![complete.clone()],
        ),
        (
            "unreadable key beside the primary",
            with_unreadable(inventory([(1, public(young, Active), loaded())])),
            vec![],
        ),
        (
            "due, with an unreadable key that is not the primary",
            with_unreadable(inventory([(1, public(old, Active), loaded())])),
            create(Rollover),
        ),
        (
            "primary revoked, with an unreadable key",
            with_unreadable(inventory([(1, public(young, Revoked), loaded())])),
            create(Revocation),
        ),
        (
            "created within this very second",
            inventory([(1, public(now, Revoked), loaded())]),
            vec![],
        ),
    ];
    for (name, inventory, actions) in cases {
        let decision = decide(&inventory, at(now), &SETTINGS);
        assert_eq!(decision.actions, actions, "{name}");
        assert!(!decision.blocked, "{name}");
    }
}

#[test]
fn no_key_is_made_while_an_unreadable_one_may_be_the_one_that_is_missed() {
    let now = 100 * DAY;
    let old = now - 31 * DAY;
    for (name, keys) in [
        ("nothing else is there", inventory([])),
        (
            "the primary's private half is missing",
            inventory([(1, public(now - DAY, KeyState::Active), PrivateHalf::Missing)]),
        ),
        (
            "the newest key's private half is missing and the one before is due",
            inventory([
                (1, public(old, KeyState::Active), loaded()),
                (
                    2,
                    public(now - DAY, KeyState::Active),
                    PrivateHalf::Mismatch,
                ),
            ]),
        ),
    ] {
        let decision = decide(&with_unreadable(keys), at(now), &SETTINGS);
        assert!(decision.blocked, "{name}");
        assert!(
            decision.actions.is_empty(),
            "{name}: {:?}",
            decision.actions
        );
    }
}

#[test]
fn a_period_of_never_rolls_nothing_over() {
    let settings = Settings {
        rollover_period: None,
        ..SETTINGS
    };
    let decision = decide(
        &inventory([(1, public(0, KeyState::Active), loaded())]),
        at(1_000 * DAY),
        &settings,
    );
    assert_eq!(decision, Decision::default());
}

#[test]
fn the_next_decision_is_due_when_the_primary_will_be() {
    let decision = decide(
        &inventory([(1, public(10 * DAY, KeyState::Active), loaded())]),
        at(11 * DAY),
        &SETTINGS,
    );
    assert_eq!(decision.again_at, Some(at(40 * DAY)));
}

#[test]
fn a_new_key_is_never_made_in_the_second_of_an_older_one() {
    let keys = inventory([(1, public(10 * DAY, KeyState::Revoked), loaded())]);
    let now = at(10 * DAY)
        .checked_add(SignedDuration::from_millis(300))
        .unwrap();
    let decision = decide(&keys, now, &SETTINGS);
    assert_eq!(
        (decision.actions, decision.again_at),
        (vec![], Some(at(10 * DAY + 1)))
    );
    assert_eq!(
        decide(&keys, at(10 * DAY + 1), &SETTINGS).actions,
        [Action::Create(Cause::Revocation)]
    );
}

#[test]
fn a_period_longer_than_time_itself_is_never_over() {
    let settings = Settings {
        rollover_period: Some(Duration::MAX),
        ..SETTINGS
    };
    let decision = decide(
        &inventory([(1, public(0, KeyState::Active), loaded())]),
        at(DAY),
        &settings,
    );
    assert_eq!(decision, Decision::default());
}
