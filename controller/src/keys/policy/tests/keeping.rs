//! How long a key is kept, and how it is kept safe: escrow, retirement, deletion.

use super::*;

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
