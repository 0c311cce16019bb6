#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use waxwing_api::{Renewal, SealedKind, SealedSecretStatus};
use waxwing_crypto::{Algorithm, Identity, Scope};

use super::*;

/// The address of a SealedSecret `NAMESPACE/NAME`, or of the ClusterSealedSecret `NAME`.
fn address(full_name: &str) -> Address {
    let address = match full_name.split_once('/') {
        Some((namespace, name)) => Address::of(SealedKind::SealedSecret, Some(namespace), name),
        None => Address::of(SealedKind::ClusterSealedSecret, None, full_name),
    };
    address.unwrap()
}

fn password(object: Option<&Address>) -> Spot<'_> {
    Spot {
        object,
        item: "password",
    }
}

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
        let mut object = AnySealedSecret::default();
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
            objects: Some(
                [
                    (address("prod/db"), object.clone()),
                    (address("db"), object),
                ]
                .into(),
            ),
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
    let [here, anywhere, other] = ["prod/db", "db", "prod/other"].map(address);
    let nowhere = password(None);
    let elsewhere = password(Some(&other));
    let here = password(Some(&here));
    let anywhere = password(Some(&anywhere));
    let cases = [
        (
            "stale, renewed",
            here,
            &stale,
            world.live(&stale, Some(&renewal)),
            "reseal",
        ),
        (
            "stale, renewed, in many namespaces",
            anywhere,
            &stale,
            world.live(&stale, Some(&renewal)),
            "reseal",
        ),
        (
            "stale, not renewed",
            here,
            &stale,
            world.live(&stale, None),
            "unreachable",
        ),
        (
            "stale, renewed for another key",
            here,
            &stale,
            world.live(&stale, Some(&late)),
            "unreachable",
        ),
        (
            "stale, another value offered",
            here,
            &stale,
            world.live(&stale, Some(&current)),
            "refused",
        ),
        (
            "stale, differs",
            here,
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
            here,
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
            here,
            &foreign,
            world.live(&foreign, None),
            "foreign",
        ),
        (
            "foreign, differs",
            here,
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
        let verdict = Judge::Live(live).judge(
            password(Some(&address("prod/db"))),
            &value.to_base64(),
            &value,
        );
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
        let verdict = judge.judge(
            password(Some(&address("prod/db"))),
            &value.to_base64(),
            &value,
        );
        assert_eq!(word(&verdict), expected, "{name}: {verdict:?}");
    }
}
