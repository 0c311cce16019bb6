//! Key Secrets and SealingKeys as the API server has them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use waxwing_api::SealingKey;
use waxwing_api::names::{KEY_SECRET_ITEM, PENDING_ANNOTATION, REVOKED_ANNOTATION};
use waxwing_crypto::{Identity, KeyId, parse_identity_file};

/// Everything that is known of the keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) secrets: Vec<Arc<KeySecret>>,
    pub(crate) sealing_keys: Vec<Arc<SealingKey>>,
}

/// A Secret with private keys.
#[derive(Debug)]
pub(crate) struct KeySecret {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) contents: Result<Vec<Identity>, Unreadable>,
    pub(crate) revoked: Revoked,
    /// Made by the controller, and its SealingKey was not made yet.
    pub(crate) pending: bool,
}

/// Why no identity could be read from a key Secret. Holds nothing of its contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it has no item {KEY_SECRET_ITEM}")]
    NoIdentity,
    #[error("its item {KEY_SECRET_ITEM} is not text")]
    NotText,
    #[error("its item {KEY_SECRET_ITEM} is no age identity file: {0}")]
    NoIdentityFile(String),
}

/// Which keys of a key Secret are marked as revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revoked {
    None,
    All,
    These(Vec<KeyId>),
}

impl KeySecret {
    pub(crate) fn read(secret: &Secret) -> Self {
        let annotation = |name: &str| secret.annotations().get(name);
        Self {
            name: secret.name_any(),
            uid: secret.uid().unwrap_or_default(),
            contents: identities(secret),
            revoked: annotation(REVOKED_ANNOTATION)
                .map_or(Revoked::None, |text| Revoked::read(text)),
            pending: annotation(PENDING_ANNOTATION).is_some(),
        }
    }

    pub(crate) fn identities(&self) -> &[Identity] {
        self.contents.as_deref().unwrap_or_default()
    }
}

fn identities(secret: &Secret) -> Result<Vec<Identity>, Unreadable> {
    let item = secret
        .data
        .as_ref()
        .and_then(|data| data.get(KEY_SECRET_ITEM));
    let text = std::str::from_utf8(&item.ok_or(Unreadable::NoIdentity)?.0)
        .map_err(|_| Unreadable::NotText)?;
    parse_identity_file(text).map_err(|error| Unreadable::NoIdentityFile(error.to_string()))
}

impl Revoked {
    /// Key ids, separated by commas; any other text revokes all keys of the Secret: a slip of the
    /// pen must not bring a revoked key back.
    fn read(text: &str) -> Self {
        text.split(',')
            .map(|id| id.trim().parse())
            .collect::<Result<Vec<KeyId>, _>>()
            .map_or(Self::All, Self::These)
    }

    /// The text of the annotation once `id` is revoked too.
    pub(crate) fn with(&self, id: KeyId) -> String {
        match self {
            Self::All => "true".to_owned(),
            Self::None => id.to_string(),
            Self::These(ids) => {
                let ids: Vec<String> = ids.iter().chain([&id]).map(KeyId::to_string).collect();
                ids.join(",")
            }
        }
    }

    pub(crate) fn includes(&self, id: KeyId) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use k8s_openapi::ByteString;
    use waxwing_crypto::Algorithm;

    use super::*;

    fn secret(item: &str, contents: &[u8]) -> Secret {
        Secret {
            data: Some(BTreeMap::from([(
                item.to_owned(),
                ByteString(contents.to_vec()),
            )])),
            ..Secret::default()
        }
    }

    #[test]
    fn identities_are_read_from_an_age_identity_file() {
        let (one, two) = (
            Identity::generate(Algorithm::X25519),
            Identity::generate(Algorithm::MlKem768X25519),
        );
        let file = format!(
            "# made by hand\n{}\n\n{}\n",
            *one.to_secret_string(),
            *two.to_secret_string()
        );
        let read = KeySecret::read(&secret("identity", file.as_bytes()));
        let ids: Vec<KeyId> = read.identities().iter().map(Identity::key_id).collect();
        assert_eq!(ids, [one.key_id(), two.key_id()]);
    }

    #[test]
    fn what_is_unreadable_is_said_without_quoting_it() {
        let cases: [(Secret, &str); 5] = [
            (Secret::default(), "no item identity"),
            (secret("key", b"AGE-SECRET-KEY-1"), "no item identity"),
            (secret("identity", b"\xff\xfe"), "not text"),
            (secret("identity", b"# nothing\n"), "no age identity file"),
            (secret("identity", b"AGE-SECRET-KEY-1CORRUPT"), "line 1"),
        ];
        for (secret, words) in cases {
            let text = KeySecret::read(&secret).contents.unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("CORRUPT"), "{text}");
        }
    }

    #[test]
    fn the_mark_of_revocation_names_keys_or_means_all() {
        let (one, two): (KeyId, KeyId) = (
            "0000000000000001".parse().unwrap(),
            "0000000000000002".parse().unwrap(),
        );
        for (text, includes_one, includes_two) in [
            ("true", true, true),
            ("", true, true),
            ("0000000000000001", true, false),
            ("0000000000000002, 0000000000000001", true, true),
            ("0000000000000002,oops", true, true),
        ] {
            let revoked = Revoked::read(text);
            assert_eq!(
                (revoked.includes(one), revoked.includes(two)),
                (includes_one, includes_two),
                "{text:?}"
            );
            let with_two = Revoked::read(&revoked.with(two));
            assert!(
                with_two.includes(two) && with_two.includes(one) == includes_one,
                "{text:?}"
            );
        }
        assert!(!Revoked::None.includes(one));
    }
}
