#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

const DAY: i64 = 86_400;
const SETTINGS: Settings = Settings {
    rollover_period: Some(Duration::from_secs(30 * 86_400)),
    algorithm: Algorithm::MlKem768X25519,
    retire_after: None,
    delete_unused_after: None,
    recovery: None,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn id(number: u64) -> KeyId {
    format!("{number:016x}").parse().unwrap()
}

fn half(created: i64, state: KeyState) -> PublicHalf {
    PublicHalf {
        created: at(created),
        state,
        rollover_requested: false,
        in_escrow: InEscrow::No,
        deleting: false,
        kept: true,
        unneeded_since: None,
    }
}

fn public(created: i64, state: KeyState) -> Option<PublicHalf> {
    Some(half(created, state))
}

fn asked_to_roll_over(created: i64) -> Option<PublicHalf> {
    Some(PublicHalf {
        rollover_requested: true,
        ..half(created, KeyState::Active)
    })
}

fn being_deleted(created: i64) -> Option<PublicHalf> {
    Some(PublicHalf {
        deleting: true,
        ..half(created, KeyState::Retired)
    })
}

fn loaded() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        unmarked: vec!["secret".to_owned()],
        ..Copies::default()
    })
}

fn pending() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        unmarked: vec!["secret".to_owned()],
        pending: vec!["secret".to_owned()],
        shared: false,
    })
}

fn marked_revoked() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        ..Copies::default()
    })
}

fn inventory(keys: impl IntoIterator<Item = (u64, Option<PublicHalf>, PrivateHalf)>) -> Inventory {
    let keys = keys
        .into_iter()
        .map(|(number, public, private)| (id(number), Key { public, private }))
        .collect();
    Inventory {
        keys,
        ..Inventory::default()
    }
}

fn with_unreadable(mut inventory: Inventory) -> Inventory {
    inventory
        .unreadable
        .push(("broken".to_owned(), "why".to_owned()));
    inventory
}

fn publish(number: u64, state: KeyState) -> Action {
    Action::Publish {
        id: id(number),
        state,
    }
}

fn mark(number: u64) -> Action {
    Action::MarkRevoked {
        secret: "secret".to_owned(),
        id: id(number),
    }
}

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

const RECOVERY: Settings = Settings {
    recovery: Some(Fingerprint::test(1)),
    ..SETTINGS
};

#[test]
fn every_key_that_may_be_needed_is_put_in_escrow_for_the_present_recipients() {
    use KeyState::{Active, Retired, Revoked};
    let with = |state, in_escrow| {
        Some(PublicHalf {
            in_escrow,
            ..half(99 * DAY, state)
        })
    };
    let escrow = [Action::Escrow(id(1))].to_vec();
    let present = InEscrow::For(Fingerprint::test(1));
    let earlier = InEscrow::For(Fingerprint::test(2));
    let cases = [
        (
            "no escrow",
            with(Active, InEscrow::No),
            loaded(),
            escrow.clone(),
        ),
        (
            "retired",
            with(Retired, InEscrow::No),
            loaded(),
            escrow.clone(),
        ),
        ("up to date", with(Active, present), loaded(), vec![]),
        (
            "for other recipients",
            with(Active, earlier),
            loaded(),
            escrow.clone(),
        ),
        (
            "changed by hand",
            with(Active, InEscrow::ForUnknown),
            loaded(),
            escrow,
        ),
        (
            "private half missing",
            with(Active, InEscrow::No),
            PrivateHalf::Missing,
            vec![],
        ),
        (
            "revoked",
            with(Revoked, InEscrow::No),
            marked_revoked(),
            vec![],
        ),
    ];
    let primary = Some(PublicHalf {
        in_escrow: present,
        ..half(99 * DAY + 1, Active)
    });
    for (name, public, private, actions) in cases {
        let keys = inventory([(1, public, private), (2, primary, loaded())]);
        assert_eq!(
            decide(&keys, at(100 * DAY), &RECOVERY).actions,
            actions,
            "{name}"
        );
        let without = decide(&keys, at(100 * DAY), &SETTINGS);
        assert_eq!(without.actions, [], "{name}, without recovery recipients");
    }
}

#[test]
fn a_sealing_key_is_kept_until_nothing_needs_it() {
    let plain = |kept, deleting| {
        Some(PublicHalf {
            kept,
            deleting,
            ..half(98 * DAY, KeyState::Retired)
        })
    };
    let one = |count| Some([(id(1), count)].into());
    let none = Some(BTreeMap::new());
    let cases = [
        (
            "new",
            plain(false, false),
            none.clone(),
            vec![Action::Keep(id(1))],
        ),
        ("kept", plain(true, false), none.clone(), vec![]),
        (
            "being deleted, and needed",
            plain(true, true),
            one(1),
            vec![],
        ),
        (
            "being deleted, not yet counted",
            plain(true, true),
            None,
            vec![],
        ),
        (
            "being deleted, not needed",
            plain(true, true),
            none.clone(),
            vec![Action::Release(id(1))],
        ),
        ("being deleted, released", plain(false, true), none, vec![]),
    ];
    for (name, public, dependents, actions) in cases {
        let keys = inventory([
            (1, public, loaded()),
            (2, self::public(99 * DAY, KeyState::Active), loaded()),
        ])
        .with_dependents(dependents.map(Arc::new));
        assert_eq!(
            decide(&keys, at(100 * DAY), &SETTINGS).actions,
            actions,
            "{name}"
        );
    }
}

#[test]
fn a_key_is_retired_some_time_after_another_one_took_over() {
    use KeyState::{Active, Retired, Revoked};
    let settings = Settings {
        retire_after: Some(Duration::from_secs(10 * 86_400)),
        ..SETTINGS
    };
    let retire = |number| vec![Action::Retire(id(number))];
    let first = || (1, public(50 * DAY, Active), loaded());
    let primary = |day| (9, public(day * DAY, Active), loaded());
    let cases = [
        (
            "the primary itself",
            inventory([(1, public(80 * DAY, Active), loaded())]),
            vec![],
        ),
        (
            "taken over 10 days ago",
            inventory([first(), primary(90)]),
            retire(1),
        ),
        (
            "taken over 9 days ago",
            inventory([first(), primary(91)]),
            vec![],
        ),
        (
            "taken over long ago by a key that was taken over itself",
            inventory([
                first(),
                (2, public(85 * DAY, Active), loaded()),
                primary(99),
            ]),
            retire(1),
        ),
        (
            "only a key put in by hand is newer by so much",
            inventory([
                first(),
                (2, public(85 * DAY, Retired), loaded()),
                primary(99),
            ]),
            vec![],
        ),
        (
            "retired already",
            inventory([(1, public(50 * DAY, Retired), loaded()), primary(90)]),
            vec![],
        ),
        (
            "revoked",
            inventory([
                (1, public(50 * DAY, Revoked), marked_revoked()),
                primary(90),
            ]),
            vec![],
        ),
    ];
    for (name, keys, actions) in cases {
        assert_eq!(
            decide(&keys, at(100 * DAY), &settings).actions,
            actions,
            "{name}"
        );
        let never = decide(&keys, at(100 * DAY), &SETTINGS);
        assert_eq!(never.actions, [], "{name}, never");
    }
    let soon = decide(&inventory([first(), primary(91)]), at(100 * DAY), &settings);
    assert_eq!(soon.again_at, Some(at(101 * DAY)));
}

#[test]
fn a_retired_key_that_nothing_has_needed_for_long_is_deleted_if_that_is_wished() {
    use KeyState::{Active, Retired, Revoked};
    let settings = Settings {
        delete_unused_after: Some(Duration::from_secs(10 * 86_400)),
        ..SETTINGS
    };
    let unneeded = |state, since: Option<i64>| {
        Some(PublicHalf {
            unneeded_since: since.map(|day| at(day * DAY)),
            ..half(50 * DAY, state)
        })
    };
    let shared = PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        unmarked: vec!["secret".to_owned()],
        shared: true,
        ..Copies::default()
    });
    let none = || Some(BTreeMap::new());
    let needed = || Some([(id(1), 1)].into());
    let delete = vec![Action::Delete(id(1))];
    let cases = [
        (
            "10 days",
            unneeded(Retired, Some(90)),
            loaded(),
            none(),
            delete.clone(),
        ),
        (
            "9 days",
            unneeded(Retired, Some(91)),
            loaded(),
            none(),
            vec![],
        ),
        (
            "needed again",
            unneeded(Retired, Some(90)),
            loaded(),
            needed(),
            vec![],
        ),
        (
            "not counted yet",
            unneeded(Retired, Some(90)),
            loaded(),
            None,
            vec![],
        ),
        (
            "needed until now",
            unneeded(Retired, None),
            loaded(),
            none(),
            vec![],
        ),
        (
            "not retired",
            unneeded(Active, Some(90)),
            loaded(),
            none(),
            vec![],
        ),
        (
            "revoked",
            unneeded(Revoked, Some(90)),
            marked_revoked(),
            none(),
            vec![],
        ),
        (
            "in one Secret with others",
            unneeded(Retired, Some(90)),
            shared,
            none(),
            vec![],
        ),
        (
            "a deletion that was interrupted",
            unneeded(Retired, Some(90)),
            PrivateHalf::Missing,
            none(),
            delete,
        ),
    ];
    for (name, public, private, dependents, actions) in cases {
        let keys = inventory([
            (1, public, private),
            (2, self::public(95 * DAY, Active), loaded()),
        ])
        .with_dependents(dependents.map(Arc::new));
        assert_eq!(
            decide(&keys, at(100 * DAY), &settings).actions,
            actions,
            "{name}"
        );
        let never = decide(&keys, at(100 * DAY), &SETTINGS);
        assert_eq!(never.actions, [], "{name}, never");
    }
}
