//! Sealed values and SealedSecrets for tests, made with the crypto crate.

use std::{collections::BTreeMap, time::SystemTime};

use kube::api::ObjectMeta;
use waxwing_api::{SealedSecret, SealedSecretSpec};
use waxwing_crypto::{Place, Recipient, ScopeKind, SealError, SealedValue};

/// Seals one value for its place, or for more with a wider scope.
///
/// # Errors
/// When the place cannot stand in a scope.
pub fn sealed_value(
    plaintext: &str,
    place: &Place<'_>,
    scope: ScopeKind,
    recipient: &Recipient,
) -> Result<String, SealError> {
    let recipients = std::slice::from_ref(recipient);
    SealedValue::seal(
        plaintext.as_bytes(),
        &scope.at(place),
        recipients,
        SystemTime::now(),
    )
    .map(|value| value.to_base64())
}

/// A SealedSecret with each item sealed strictly for its place.
///
/// # Errors
/// When a name cannot stand in a scope.
pub fn sealed_secret(
    namespace: &str,
    name: &str,
    items: &[(&str, &str)],
    recipient: &Recipient,
) -> Result<SealedSecret, SealError> {
    let mut encrypted_data = BTreeMap::new();
    for (item, plaintext) in items {
        let place = Place {
            namespace,
            name,
            item,
        };
        let value = sealed_value(plaintext, &place, ScopeKind::Strict, recipient)?;
        encrypted_data.insert((*item).to_owned(), value);
    }
    Ok(SealedSecret {
        metadata: ObjectMeta {
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: SealedSecretSpec {
            encrypted_data,
            ..SealedSecretSpec::default()
        },
        status: None,
    })
}
