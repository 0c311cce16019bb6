//! Key Secrets and SealingKeys as the API server has them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use waxwing_api::SealingKey;
use waxwing_api::key_secret::{KeySecretError, identities};
use waxwing_api::names::{PENDING_ANNOTATION, REVOKED_ANNOTATION};
use waxwing_crypto::{Identity, KeyId};

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
    pub(crate) contents: Result<Vec<Identity>, KeySecretError>,
    pub(crate) revoked: Revoked,
    /// Made by the controller, and its SealingKey was not made yet.
    pub(crate) pending: bool,
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

    use super::*;

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
