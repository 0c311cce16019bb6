//! From a SealedSecret and the keys to the Secret that should be: a pure function.
//!
//! All or nothing: if anything fails, every failure is named and there is no Secret.

mod desired;
mod failure;
mod template;

use std::time::SystemTime;

use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::{KeyId, OpenError, Place, SealedValue};
use zeroize::Zeroizing;

pub(crate) use desired::{Desired, Items};
pub(crate) use failure::Failure;

use crate::keys::Keys;

/// The type of a Secret that names none.
const DEFAULT_TYPE: &str = "Opaque";

/// The limit of Kubernetes on the items of one Secret together, in bytes.
const MAX_SECRET_LEN: usize = 1 << 20;

/// What unsealing found.
#[derive(Debug)]
pub(crate) struct Unsealing {
    /// All keys that the items are sealed to, sorted.
    pub(crate) key_ids: Vec<KeyId>,
    /// When the oldest item was sealed.
    pub(crate) oldest: Option<SystemTime>,
    pub(crate) result: Result<Desired, Vec<Failure>>,
}

pub(crate) fn unseal(sealed: &SealedSecret, keys: &Keys) -> Unsealing {
    let mut opening = Opening::default();
    for (item, text) in &sealed.spec.encrypted_data {
        opening.open(sealed, item, text, keys);
    }
    opening.key_ids.sort_unstable();
    opening.key_ids.dedup();
    Unsealing {
        key_ids: opening.key_ids,
        oldest: opening.oldest,
        result: if opening.failures.is_empty() {
            assemble(sealed, opening.items)
        } else {
            Err(opening.failures)
        },
    }
}

/// The items so far.
#[derive(Default)]
struct Opening {
    key_ids: Vec<KeyId>,
    oldest: Option<SystemTime>,
    items: Items,
    failures: Vec<Failure>,
}

impl Opening {
    fn open(&mut self, sealed: &SealedSecret, item: &str, text: &str, keys: &Keys) {
        let value = match SealedValue::parse(text) {
            Ok(value) => value,
            Err(error) => {
                self.failures
                    .push(Failure::of_item(Reason::Malformed, item, error.to_string()));
                return;
            }
        };
        let header = value.header();
        self.key_ids.extend(header.key_ids());
        let sealed_at = header.sealed_at;
        self.oldest = Some(
            self.oldest
                .map_or(sealed_at, |oldest| oldest.min(sealed_at)),
        );

        let place = Place {
            namespace: sealed.metadata.namespace.as_deref().unwrap_or_default(),
            name: sealed.metadata.name.as_deref().unwrap_or_default(),
            item,
        };
        match value.open(keys.ring(), &place) {
            Ok(plaintext) => {
                self.items.insert(item.to_owned(), plaintext);
            }
            Err(error) => self.failures.push(explain(item, &error, keys)),
        }
    }
}

fn explain(item: &str, error: &OpenError, keys: &Keys) -> Failure {
    match error {
        OpenError::UnknownKey { key_ids } if key_ids.iter().any(|id| keys.is_revoked(*id)) => {
            let revoked: Vec<String> = key_ids
                .iter()
                .filter(|id| keys.is_revoked(**id))
                .map(KeyId::to_string)
                .collect();
            Failure::of_item(
                Reason::KeyRevoked,
                item,
                format!(
                    "sealed to key {}, which was revoked; change the value where it is used, and seal the new one",
                    revoked.join(", ")
                ),
            )
        }
        OpenError::UnknownKey { .. } => {
            Failure::of_item(Reason::UnknownKey, item, error.to_string())
        }
        OpenError::ScopeMismatch { .. } => {
            Failure::of_item(Reason::ScopeMismatch, item, error.to_string())
        }
        _ => Failure::of_item(Reason::Malformed, item, error.to_string()),
    }
}

/// The Secret of the opened items and the template.
fn assemble(sealed: &SealedSecret, mut items: Items) -> Result<Desired, Vec<Failure>> {
    let template = sealed.spec.template.clone().unwrap_or_default();
    let rendered = template::render(&template.data, &items)?;
    items.extend(rendered);
    if items.values().map(|value| value.len()).sum::<usize>() > MAX_SECRET_LEN {
        return Err(vec![Failure::of_object(
            Reason::TooLarge,
            "the items together are larger than the 1 MiB that a Secret can hold; split them over several SealedSecrets",
        )]);
    }
    let metadata = template.metadata.unwrap_or_default();
    Ok(Desired {
        items,
        type_: template.type_.unwrap_or_else(|| DEFAULT_TYPE.to_owned()),
        immutable: template.immutable,
        labels: metadata.labels,
        annotations: metadata.annotations,
        deletion_policy: sealed.spec.deletion_policy,
    })
}

/// A plaintext of an item.
type Plaintext = Zeroizing<Vec<u8>>;
