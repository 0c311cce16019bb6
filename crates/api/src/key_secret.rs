//! The Secret that holds the private half of a sealing key.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use waxwing_crypto::{Identity, IdentityFileError, parse_identity_file};

use crate::names::{KEY_SECRET_ITEM, KEY_SECRET_TYPE};

/// Why no identity can be read from a key Secret. Holds nothing of its contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySecretError {
    /// There is no item of that name.
    #[error("it has no item {KEY_SECRET_ITEM}")]
    NoIdentity,
    /// The item is not UTF-8.
    #[error("its item {KEY_SECRET_ITEM} is not text")]
    NotText,
    /// The item is no age identity file.
    #[error("its item {KEY_SECRET_ITEM} is no age identity file: {0}")]
    NoIdentityFile(#[from] IdentityFileError),
}

/// The key Secret of `identity`: immutable, named by the key id. Its item is an age identity file,
/// as `age-keygen` writes it: whoever gets it out can use it with `age -d -i`.
#[must_use]
pub fn key_secret(identity: &Identity) -> Secret {
    let (recipient, secret) = (
        identity.recipient().to_string(),
        identity.to_secret_string(),
    );
    // Sized beforehand: a growing buffer would leave copies of the identity behind.
    let mut file = Vec::with_capacity(recipient.len() + secret.len() + 32);
    for part in ["# public key: ", &recipient, "\n", &secret, "\n"] {
        file.extend_from_slice(part.as_bytes());
    }
    Secret {
        metadata: ObjectMeta {
            name: Some(identity.key_id().to_string()),
            ..ObjectMeta::default()
        },
        type_: Some(KEY_SECRET_TYPE.to_owned()),
        immutable: Some(true),
        data: Some([(KEY_SECRET_ITEM.to_owned(), ByteString(file))].into()),
        ..Secret::default()
    }
}

/// The identities in a key Secret, at least one: someone may have put several into it by hand.
///
/// # Errors
/// When it has no such item, or the item is no age identity file.
pub fn identities(secret: &Secret) -> Result<Vec<Identity>, KeySecretError> {
    let item = secret
        .data
        .as_ref()
        .and_then(|data| data.get(KEY_SECRET_ITEM));
    let bytes = &item.ok_or(KeySecretError::NoIdentity)?.0;
    let text = std::str::from_utf8(bytes).map_err(|_| KeySecretError::NotText)?;
    Ok(parse_identity_file(text)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::Algorithm;

    use super::*;

    #[test]
    fn a_key_secret_holds_its_identity_and_cannot_be_changed() {
        for algorithm in [Algorithm::MlKem768X25519, Algorithm::X25519] {
            let identity = Identity::generate(algorithm);
            let secret = key_secret(&identity);
            assert_eq!(secret.metadata.name, Some(identity.key_id().to_string()));
            assert_eq!(secret.immutable, Some(true));
            let [back] = &identities(&secret).unwrap()[..] else {
                panic!("not one identity")
            };
            assert_eq!(back.to_secret_string(), identity.to_secret_string());
        }
    }

    #[test]
    fn what_is_no_key_secret_is_told_apart() {
        let with = |item: &str, bytes: &[u8]| Secret {
            data: Some([(item.to_owned(), ByteString(bytes.to_vec()))].into()),
            ..Secret::default()
        };
        let error = |secret: Secret| identities(&secret).unwrap_err();
        assert_eq!(error(Secret::default()), KeySecretError::NoIdentity);
        assert_eq!(error(with("other", b"")), KeySecretError::NoIdentity);
        assert_eq!(
            error(with(KEY_SECRET_ITEM, b"\xff")),
            KeySecretError::NotText
        );
        let canary = error(with(KEY_SECRET_ITEM, b"AGE-SECRET-KEY-1CANARY"));
        assert!(matches!(canary, KeySecretError::NoIdentityFile(_)));
        assert!(!canary.to_string().contains("CANARY"));
    }
}
