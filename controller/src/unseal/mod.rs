//! From a SealedSecret and the keys to the Secret that should be. Opening and putting together are pure
//! functions; templates are rendered in between, in a process of their own.
//!
//! All or nothing: if anything fails, every failure is named and there is no Secret.

mod desired;
mod failure;
mod filters;
mod renderer;
mod template;

use std::time::SystemTime;

use futures::TryFutureExt;
use tracing::Instrument;
use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::{KeyId, OpenError, Place, SealedValue};
use zeroize::Zeroizing;

pub(crate) use desired::{Desired, Items};
pub(crate) use failure::Failure;
pub(crate) use renderer::serve as render;

use crate::index::State;
use crate::keys::Keys;
use crate::traces::spans;

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

pub(crate) async fn unseal(sealed: &SealedSecret, keys: &Keys) -> Unsealing {
    open_and_complete(sealed, keys)
        .instrument(spans::unseal())
        .await
}

async fn open_and_complete(sealed: &SealedSecret, keys: &Keys) -> Unsealing {
    let opening = open(sealed, keys);
    let result = if opening.failures.is_empty() {
        complete(sealed, opening.items).await
    } else {
        Err(opening.failures)
    };
    let result = result.inspect_err(|failures| tell(failures));
    Unsealing {
        key_ids: opening.key_ids,
        oldest: opening.oldest,
        result,
    }
}

async fn complete(sealed: &SealedSecret, items: Items) -> Result<Desired, Vec<Failure>> {
    let template = sealed.spec.template.as_ref();
    let rendered = match template.filter(|template| !template.data.is_empty()) {
        Some(template) => {
            renderer::render(&template.data, &items)
                .inspect_err(|failures| tell(failures))
                .instrument(spans::template())
                .await?
        }
        None => Items::new(),
    };
    assemble(sealed, items, rendered)
}

/// Has the trace say what failed.
fn tell(failures: &[Failure]) {
    spans::failed(State::of(failures).as_str());
}

/// All keys that the items are sealed to, sorted; those of items that are no sealed values are not known.
pub(crate) fn key_ids(sealed: &SealedSecret) -> Vec<KeyId> {
    let values = sealed.spec.encrypted_data.values();
    let mut key_ids: Vec<KeyId> = values
        .filter_map(|text| SealedValue::parse(text).ok())
        .flat_map(|value| value.header().key_ids().collect::<Vec<_>>())
        .collect();
    key_ids.sort_unstable();
    key_ids.dedup();
    key_ids
}

/// Whether there is a key for every item; those that are no sealed values have none.
pub(crate) fn has_keys_for(sealed: &SealedSecret, keys: &Keys) -> bool {
    let mut values = sealed.spec.encrypted_data.values();
    values.all(|text| {
        SealedValue::parse(text)
            .is_ok_and(|value| value.header().key_ids().any(|id| keys.ring().contains(&id)))
    })
}

fn open(sealed: &SealedSecret, keys: &Keys) -> Opening {
    let mut opening = Opening::default();
    for (item, text) in &sealed.spec.encrypted_data {
        opening.open(sealed, item, text, keys);
    }
    opening.key_ids.sort_unstable();
    opening.key_ids.dedup();
    opening
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

/// The Secret of the opened and the rendered items, and the template.
fn assemble(
    sealed: &SealedSecret,
    mut items: Items,
    rendered: Items,
) -> Result<Desired, Vec<Failure>> {
    let template = sealed.spec.template.clone().unwrap_or_default();
    items.extend(rendered);
    if items.values().map(|value| value.len()).sum::<usize>() > MAX_SECRET_LEN {
        return Err(vec![too_large()]);
    }
    let metadata = template.metadata.unwrap_or_default();
    Ok(Desired {
        items,
        type_: template.type_.unwrap_or_else(|| DEFAULT_TYPE.to_owned()),
        immutable: template.immutable,
        immutable_policy: template.immutable_policy,
        labels: metadata.labels,
        annotations: metadata.annotations,
        deletion_policy: sealed.spec.deletion_policy,
    })
}

fn too_large() -> Failure {
    Failure::of_object(
        Reason::TooLarge,
        "the items together are larger than the 1 MiB that a Secret can hold; split them over several SealedSecrets",
    )
}

/// A plaintext of an item.
type Plaintext = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::time::{Duration, UNIX_EPOCH};

    use waxwing_api::SecretTemplate;
    use waxwing_crypto::{Algorithm, Identity, Scope, ScopeKind};

    use super::*;
    use crate::keys::test_keys;

    const VALUE: &[u8] = b"hunter2";

    fn place(item: &str) -> Place<'_> {
        Place {
            namespace: "prod",
            name: "db",
            item,
        }
    }

    fn seal(key: &Identity, scope: &Scope, seconds: u64) -> String {
        let sealed_at = UNIX_EPOCH + Duration::from_secs(seconds);
        SealedValue::seal(VALUE, scope, &[key.recipient().clone()], sealed_at)
            .unwrap()
            .to_base64()
    }

    fn sealed_secret(items: impl IntoIterator<Item = (&'static str, String)>) -> SealedSecret {
        let mut sealed = SealedSecret::default();
        sealed.metadata.namespace = Some("prod".to_owned());
        sealed.metadata.name = Some("db".to_owned());
        sealed.spec.encrypted_data = items
            .into_iter()
            .map(|(item, value)| (item.to_owned(), value))
            .collect();
        sealed
    }

    #[test]
    fn every_failing_item_is_named_with_its_reason_and_nothing_comes_out() {
        let [ours, foreign, revoked] = [0; 3].map(|_| Identity::generate(Algorithm::X25519));
        let keys = test_keys(&[&ours], &[&revoked]);
        let strict = |item: &str| ScopeKind::Strict.at(&place(item));
        let mut tampered = seal(&ours, &strict("tampered"), 1);
        tampered.replace_range(tampered.len() - 8..tampered.len() - 4, "AAAA");
        let sealed = sealed_secret([
            ("good", seal(&ours, &strict("good"), 1)),
            ("misplaced", seal(&ours, &strict("elsewhere"), 1)),
            ("foreign", seal(&foreign, &strict("foreign"), 1)),
            ("revoked", seal(&revoked, &strict("revoked"), 1)),
            ("nonsense", "bm9uc2Vuc2U=".to_owned()),
            ("tampered", tampered),
        ]);
        let failures = open(&sealed, &keys).failures;
        let found: BTreeMap<String, Reason> = failures
            .iter()
            .map(|failure| {
                let text = failure.to_string();
                (text.split(':').next().unwrap().to_owned(), failure.reason)
            })
            .collect();
        let expected = [
            ("foreign", Reason::UnknownKey),
            ("misplaced", Reason::ScopeMismatch),
            ("nonsense", Reason::Malformed),
            ("revoked", Reason::KeyRevoked),
            ("tampered", Reason::Malformed),
        ];
        assert_eq!(
            found,
            expected
                .map(|(item, reason)| (item.to_owned(), reason))
                .into()
        );
        let misplaced = failures
            .iter()
            .find(|failure| failure.reason == Reason::ScopeMismatch);
        assert!(misplaced.unwrap().to_string().contains("prod/db/elsewhere"));
    }

    #[test]
    fn the_secret_has_the_items_of_every_scope_and_what_the_template_says() {
        let ours = Identity::generate(Algorithm::MlKem768X25519);
        let keys = test_keys(&[&ours], &[]);
        let mut sealed = sealed_secret([
            (
                "strict",
                seal(&ours, &ScopeKind::Strict.at(&place("strict")), 30),
            ),
            (
                "namespace",
                seal(&ours, &ScopeKind::Namespace.at(&place("x")), 20),
            ),
            ("cluster", seal(&ours, &Scope::Cluster, 40)),
        ]);
        sealed.spec.template = Some(SecretTemplate {
            type_: Some("example.com/type".to_owned()),
            immutable: Some(true),
            ..SecretTemplate::default()
        });
        let opening = open(&sealed, &keys);
        assert_eq!(opening.key_ids, [ours.key_id()]);
        assert_eq!(opening.oldest, Some(UNIX_EPOCH + Duration::from_secs(20)));
        let greeting = Zeroizing::new(b"hello hunter2".to_vec());
        let rendered = Items::from([("greeting".to_owned(), greeting)]);
        let desired = assemble(&sealed, opening.items, rendered).unwrap();
        let items: Vec<(&str, &[u8])> = desired
            .items
            .iter()
            .map(|(item, value)| (item.as_str(), value.as_slice()))
            .collect();
        assert_eq!(
            items,
            [
                ("cluster", VALUE),
                ("greeting", b"hello hunter2".as_slice()),
                ("namespace", VALUE),
                ("strict", VALUE),
            ]
        );
        assert_eq!(
            (desired.type_.as_str(), desired.immutable),
            ("example.com/type", Some(true))
        );
        assert!(!format!("{desired:?}").contains("hunter2"));
    }

    #[test]
    fn items_that_are_too_large_together_are_refused() {
        let ours = Identity::generate(Algorithm::X25519);
        let keys = test_keys(&[&ours], &[]);
        let half = vec![b'x'; MAX_SECRET_LEN / 2 + 1];
        let large = SealedValue::seal(
            &half,
            &Scope::Cluster,
            &[ours.recipient().clone()],
            UNIX_EPOCH,
        )
        .unwrap()
        .to_base64();
        let sealed = sealed_secret([("one", large.clone()), ("two", large)]);
        let items = open(&sealed, &keys).items;
        let failures = assemble(&sealed, items, Items::new()).unwrap_err();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].reason, Reason::TooLarge);
    }
}
