//! What the cluster's keys are and may do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::ResourceExt;
use waxwing_api::names::ROLLOVER_REQUESTED_ANNOTATION;
use waxwing_api::{KeyState, SealingKey};
use waxwing_crypto::{KeyId, Recipient};

use super::facts::{Facts, KeySecret};

/// Every key of the cluster, by its id, with its two halves.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) keys: BTreeMap<KeyId, Key>,
    /// The names of key Secrets that could not be read, with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) public: Option<PublicHalf>,
    pub(crate) private: PrivateHalf,
}

/// The SealingKey.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicHalf {
    pub(crate) created: Timestamp,
    pub(crate) state: KeyState,
    /// An administrator asks for a new primary in its place.
    pub(crate) rollover_requested: bool,
}

#[derive(Debug)]
pub(crate) enum PrivateHalf {
    Missing,
    /// A key Secret of the SealingKey's name holds another key, or the SealingKey's recipient is
    /// not the one that it is named after.
    Mismatch,
    Loaded(Copies),
}

/// The key Secrets that hold the private half. More than one when someone copied it by hand.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    pub(crate) secrets: Vec<String>,
    /// Those without the mark of revocation.
    pub(crate) unmarked: Vec<String>,
    /// Those that still wait for their SealingKey.
    pub(crate) pending: Vec<String>,
}

impl Copies {
    /// One mark is enough.
    fn is_marked_revoked(&self) -> bool {
        self.unmarked.len() < self.secrets.len()
    }
}

/// What a key counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Usability {
    Active,
    Retired,
    Revoked,
    Missing,
    Mismatch,
    Unreadable,
}

impl Usability {
    pub(crate) const ALL: [Self; 6] = [
        Self::Active,
        Self::Retired,
        Self::Revoked,
        Self::Missing,
        Self::Mismatch,
        Self::Unreadable,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Retired => "Retired",
            Self::Revoked => "Revoked",
            Self::Missing => "Missing",
            Self::Mismatch => "Mismatch",
            Self::Unreadable => "Unreadable",
        }
    }
}

/// The order of age: by creation, then by name.
pub(crate) type Age = (Timestamp, KeyId);

impl Inventory {
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut inventory = Self::default();
        let mut secrets: Vec<&KeySecret> = facts.secrets.iter().map(AsRef::as_ref).collect();
        secrets.sort_by(|a, b| a.name.cmp(&b.name));
        for secret in &secrets {
            inventory.add_private(secret);
        }
        for key in &facts.sealing_keys {
            inventory.add_public(key, &secrets);
        }
        inventory
    }

    fn add_private(&mut self, secret: &KeySecret) {
        if let Err(why) = &secret.contents {
            self.unreadable.push((secret.name.clone(), why.to_string()));
        }
        for identity in secret.identities() {
            let id = identity.key_id();
            let key = self.keys.entry(id).or_insert_with(|| Key {
                public: None,
                private: PrivateHalf::Loaded(Copies::default()),
            });
            if let PrivateHalf::Loaded(copies) = &mut key.private {
                copies.secrets.push(secret.name.clone());
                if !secret.revoked.includes(id) {
                    copies.unmarked.push(secret.name.clone());
                }
                if secret.pending {
                    copies.pending.push(secret.name.clone());
                }
            }
        }
    }

    fn add_public(&mut self, sealing_key: &SealingKey, secrets: &[&KeySecret]) {
        let name = sealing_key.metadata.name.as_deref().unwrap_or_default();
        // The definition's own rule refuses other names.
        let Ok(id) = name.parse::<KeyId>() else {
            return;
        };
        let namesake = secrets
            .iter()
            .any(|secret| secret.name == name && secret.contents.is_ok());
        let key = self.keys.entry(id).or_insert_with(|| Key {
            public: None,
            private: if namesake {
                PrivateHalf::Mismatch
            } else {
                PrivateHalf::Missing
            },
        });
        if !is_named_after_its_recipient(sealing_key, id) {
            key.private = PrivateHalf::Mismatch;
        }
        key.public = Some(PublicHalf {
            created: sealing_key
                .metadata
                .creation_timestamp
                .as_ref()
                .map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            state: sealing_key.spec.state,
            rollover_requested: sealing_key
                .annotations()
                .contains_key(ROLLOVER_REQUESTED_ANNOTATION),
        });
    }

    /// The newest Active key whose private half is loaded and matches.
    pub(crate) fn primary(&self) -> Option<Age> {
        self.keys
            .iter()
            .filter_map(|(id, key)| {
                let public = key.public?;
                let usable =
                    public.state == KeyState::Active && key.is_loaded() && !key.is_marked_revoked();
                usable.then_some((public.created, *id))
            })
            .max()
    }

    /// What the key of that id counts as. A key that is being revoked opens values until a newer key is
    /// primary: a new one is made first.
    pub(crate) fn usability(&self, id: KeyId, key: &Key) -> Usability {
        let copies = match &key.private {
            PrivateHalf::Missing => return Usability::Missing,
            PrivateHalf::Mismatch => return Usability::Mismatch,
            PrivateHalf::Loaded(copies) => copies,
        };
        let state = key.public.map_or(KeyState::Retired, |public| public.state);
        if copies.is_marked_revoked() || (state == KeyState::Revoked && self.is_succeeded(id, key))
        {
            return Usability::Revoked;
        }
        match state {
            KeyState::Active => Usability::Active,
            KeyState::Retired | KeyState::Revoked => Usability::Retired,
        }
    }

    /// Whether a newer key is primary.
    pub(crate) fn is_succeeded(&self, id: KeyId, key: &Key) -> bool {
        let Some(public) = key.public else {
            return false;
        };
        self.primary()
            .is_some_and(|primary| primary > (public.created, id))
    }
}

impl Key {
    pub(crate) fn is_loaded(&self) -> bool {
        matches!(self.private, PrivateHalf::Loaded(_))
    }

    pub(crate) fn is_marked_revoked(&self) -> bool {
        matches!(&self.private, PrivateHalf::Loaded(copies) if copies.is_marked_revoked())
    }

    /// Its SealingKey says so, or its key Secret.
    pub(crate) fn is_to_be_revoked(&self) -> bool {
        self.is_marked_revoked()
            || self
                .public
                .is_some_and(|public| public.state == KeyState::Revoked)
    }
}

fn is_named_after_its_recipient(sealing_key: &SealingKey, id: KeyId) -> bool {
    sealing_key
        .spec
        .recipient
        .parse::<Recipient>()
        .is_ok_and(|recipient| recipient.key_id() == id)
}

#[cfg(test)]
mod tests {
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
}
