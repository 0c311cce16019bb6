#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use waxwing_api::{Renewal, SealedSecretStatus};
use waxwing_crypto::{Algorithm, Identity, Scope};

use super::*;

const SPOT: Spot<'_> = Spot {
    namespace: Some("prod"),
    name: "db",
    item: "password",
};

struct World {
    old: Identity,
    new: Identity,
    stranger: Identity,
}

impl World {
    fn new() -> Self {
        let identity = || Identity::generate(Algorithm::X25519);
        Self {
            old: identity(),
            new: identity(),
            stranger: identity(),
        }
    }

    fn seal(&self, to: &[&Identity]) -> SealedValue {
        let to: Vec<Recipient> = to
            .iter()
            .map(|identity| identity.recipient().clone())
            .collect();
        SealedValue::seal(b"v", &Scope::Cluster, &to, SystemTime::UNIX_EPOCH).unwrap()
    }

    fn ring(&self) -> KeyRing {
        [self.old.clone()].into_iter().collect()
    }

    /// A cluster that has `value` and offers `renewal`.
    fn live(&self, value: &SealedValue, renewal: Option<&SealedValue>) -> Live {
        let item = |value: &SealedValue| [("password".to_owned(), value.to_base64())].into();
        let mut object = SealedSecret::default();
        object.spec.encrypted_data = item(value);
        object.status = Some(SealedSecretStatus {
            renewal: renewal.map(|renewal| Renewal {
                encrypted_data: item(renewal),
            }),
            ..SealedSecretStatus::default()
        });
        Live {
            primary: self.new.key_id(),
            keys: [self.old.key_id(), self.new.key_id()].into(),
            objects: Some([(("prod".to_owned(), "db".to_owned()), object)].into()),
        }
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Current => "current",
        Verdict::Foreign => "foreign",
        Verdict::Reseal(_) => "reseal",
        Verdict::Stale => "stale",
        Verdict::Unreachable(_) => "unreachable",
        Verdict::Refused(_) => "refused",
    }
}

#[test]
fn a_live_cluster_decides_by_its_keys_its_objects_and_its_renewals() {
    let world = World::new();
    let stale = world.seal(&[&world.old]);
    let current = world.seal(&[&world.new]);
    let foreign = world.seal(&[&world.stranger]);
    let renewal = stale.rewrap(&world.ring(), world.new.recipient()).unwrap();
    let late = stale
        .rewrap(&world.ring(), world.stranger.recipient())
        .unwrap();
    let nowhere = Spot {
        namespace: None,
        ..SPOT
    };
    let elsewhere = Spot {
        name: "other",
        ..SPOT
    };
    let cases = [
        (
            "stale, renewed",
            SPOT,
            &stale,
            world.live(&stale, Some(&renewal)),
            "reseal",
        ),
        (
            "stale, not renewed",
            SPOT,
            &stale,
            world.live(&stale, None),
            "unreachable",
        ),
        (
            "stale, renewed for another key",
            SPOT,
            &stale,
            world.live(&stale, Some(&late)),
            "unreachable",
        ),
        (
            "stale, another value offered",
            SPOT,
            &stale,
            world.live(&stale, Some(&current)),
            "refused",
        ),
        (
            "stale, differs",
            SPOT,
            &stale,
            world.live(&renewal, Some(&renewal)),
            "refused",
        ),
        (
            "stale, not applied",
            elsewhere,
            &stale,
            world.live(&stale, Some(&renewal)),
            "unreachable",
        ),
        (
            "stale, no namespace",
            nowhere,
            &stale,
            world.live(&stale, Some(&renewal)),
            "unreachable",
        ),
        (
            "current, differs",
            SPOT,
            &current,
            world.live(&stale, None),
            "current",
        ),
        (
            "foreign, not applied",
            elsewhere,
            &foreign,
            world.live(&stale, None),
            "foreign",
        ),
        (
            "foreign, applied",
            SPOT,
            &foreign,
            world.live(&foreign, None),
            "foreign",
        ),
        (
            "foreign, differs",
            SPOT,
            &foreign,
            world.live(&stale, None),
            "refused",
        ),
    ];
    for (name, spot, value, live, expected) in cases {
        let verdict = Judge::Live(live).judge(spot, &value.to_base64(), value);
        assert_eq!(word(&verdict), expected, "{name}: {verdict:?}");
    }
}

#[test]
fn where_no_object_was_asked_for_the_keys_alone_decide() {
    let world = World::new();
    for (to, expected) in [
        (&world.old, "stale"),
        (&world.new, "current"),
        (&world.stranger, "foreign"),
    ] {
        let value = world.seal(&[to]);
        let live = Live {
            objects: None,
            ..world.live(&value, None)
        };
        let verdict = Judge::Live(live).judge(SPOT, &value.to_base64(), &value);
        assert_eq!(word(&verdict), expected);
    }
}

#[test]
fn identities_at_hand_reseal_what_they_open() {
    let world = World::new();
    let to_new = || Offline::Rewrap(world.new.recipient().clone());
    let change = |add: &[&Identity], remove: &[&Identity]| Offline::Change {
        add: add
            .iter()
            .map(|identity| identity.recipient().clone())
            .collect(),
        remove: remove.iter().map(|identity| identity.key_id()).collect(),
    };
    let (old, new, stranger) = (&world.old, &world.new, &world.stranger);
    let cases = [
        ("sealed to the old key", to_new(), vec![old], "reseal"),
        ("sealed to both", to_new(), vec![old, new], "reseal"),
        ("sealed to the new key", to_new(), vec![new], "current"),
        (
            "sealed to someone else",
            to_new(),
            vec![stranger],
            "unreachable",
        ),
        ("granted", change(&[new], &[]), vec![old], "reseal"),
        (
            "granted already",
            change(&[new], &[]),
            vec![old, new],
            "current",
        ),
        ("taken away", change(&[], &[new]), vec![old, new], "reseal"),
        (
            "taken away already",
            change(&[], &[new]),
            vec![old],
            "current",
        ),
        (
            "taken from the last",
            change(&[], &[old]),
            vec![old],
            "refused",
        ),
    ];
    for (name, task, to, expected) in cases {
        let value = world.seal(&to);
        let judge = Judge::Offline {
            ring: world.ring(),
            task,
        };
        let verdict = judge.judge(SPOT, &value.to_base64(), &value);
        assert_eq!(word(&verdict), expected, "{name}: {verdict:?}");
    }
}
