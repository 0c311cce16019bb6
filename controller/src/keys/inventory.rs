//! What the cluster's keys are and may do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::ResourceExt;
use waxwing_api::names::{
    ESCROW_RECIPIENTS_ANNOTATION, KEY_FINALIZER, ROLLOVER_REQUESTED_ANNOTATION,
};
use waxwing_api::{KeyConditionType, KeyState, SealingKey, condition};
use waxwing_crypto::{KeyId, Recipient};

use super::escrow::InEscrow;
use super::facts::{Facts, KeySecret};
use crate::index::Dependents;

/// Every key of the cluster, by its id, with its two halves.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) keys: BTreeMap<KeyId, Key>,
    /// The names of key Secrets that could not be read, with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
    /// How many SealedSecrets need each key; `None` as long as not all of them are known.
    pub(super) dependents: Option<Dependents>,
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
    /// What it may do. One that is being deleted is Retired at most: nothing more is to be sealed to it.
    pub(crate) state: KeyState,
    /// An administrator asks for a new primary in its place.
    pub(crate) rollover_requested: bool,
    pub(crate) in_escrow: InEscrow,
    pub(crate) deleting: bool,
    /// It has the finalizer that keeps it while it is needed.
    pub(crate) kept: bool,
    /// Since when no SealedSecret needs it, as its status says.
    pub(crate) unneeded_since: Option<Timestamp>,
}

impl PublicHalf {
    fn read(sealing_key: &SealingKey) -> Self {
        let meta = &sealing_key.metadata;
        let annotation = |name: &str| sealing_key.annotations().get(name).map(String::as_str);
        let deleting = meta.deletion_timestamp.is_some();
        let state = sealing_key.spec.state;
        Self {
            created: meta
                .creation_timestamp
                .as_ref()
                .map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            state: if deleting {
                state.max(KeyState::Retired)
            } else {
                state
            },
            rollover_requested: annotation(ROLLOVER_REQUESTED_ANNOTATION).is_some(),
            in_escrow: InEscrow::read(
                sealing_key.spec.escrow.as_deref(),
                annotation(ESCROW_RECIPIENTS_ANNOTATION),
            ),
            deleting,
            kept: sealing_key
                .finalizers()
                .iter()
                .any(|finalizer| finalizer == KEY_FINALIZER),
            unneeded_since: unneeded_since(sealing_key),
        }
    }
}

fn unneeded_since(sealing_key: &SealingKey) -> Option<Timestamp> {
    let conditions = &sealing_key.status.as_ref()?.conditions;
    condition::find(conditions, KeyConditionType::InUse.as_str())
        .filter(|condition| condition.status == "False")
        .map(|condition| condition.last_transition_time.0)
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
    /// One of them holds other keys too.
    pub(crate) shared: bool,
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

    pub(crate) fn with_dependents(mut self, dependents: Option<Dependents>) -> Self {
        self.dependents = dependents;
        self
    }

    /// How many SealedSecrets need the key; `None` as long as not all of them are known.
    pub(crate) fn dependents(&self, id: KeyId) -> Option<i64> {
        let dependents = self.dependents.as_ref()?;
        Some(dependents.get(&id).copied().unwrap_or_default())
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
                copies.shared |= secret.identities().len() > 1;
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
        key.public = Some(PublicHalf::read(sealing_key));
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
    /// primary: a new one is made first. The private half of a revoked one may go; nobody misses it.
    pub(crate) fn usability(&self, id: KeyId, key: &Key) -> Usability {
        let copies = match &key.private {
            PrivateHalf::Missing if key.is_to_be_revoked() => return Usability::Revoked,
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

    /// Whether a key Secret that holds it holds other keys too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(&self.private, PrivateHalf::Loaded(copies) if copies.shared)
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
mod tests;
