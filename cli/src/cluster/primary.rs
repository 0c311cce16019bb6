//! Which sealing key of a cluster to seal to.

use waxwing_api::{KeyState, SealingKey};
use waxwing_crypto::Recipient;

use super::ClusterError;

/// The primary among the sealing keys of a cluster.
///
/// Only the controller can tell which keys have their private half (DESIGN, "The API"), so its word
/// in `status.primary` counts and nothing is guessed: a value sealed to a key whose private half is
/// missing could never be opened. While two keys say that they are primary, in the midst of a
/// rollover, it is the newer one.
pub(crate) fn primary(keys: &[SealingKey]) -> Option<&SealingKey> {
    keys.iter()
        .filter(|key| {
            key.spec.state == KeyState::Active
                && key.status.as_ref().is_some_and(|status| status.primary)
        })
        .max_by_key(|key| (&key.metadata.creation_timestamp, &key.metadata.name))
}

/// The recipient of the primary among the sealing keys of `namespace`.
pub(super) fn recipient(keys: &[SealingKey], namespace: &str) -> Result<Recipient, ClusterError> {
    match primary(keys) {
        Some(primary) => verified_recipient(primary),
        None if keys.is_empty() => Err(ClusterError::NoKeys {
            namespace: namespace.to_owned(),
        }),
        None => Err(ClusterError::NoPrimary {
            namespace: namespace.to_owned(),
            count: keys.len(),
        }),
    }
}

/// A SealingKey is named by its key id: anything else was tampered with or made by a mistake.
fn verified_recipient(key: &SealingKey) -> Result<Recipient, ClusterError> {
    let name = key.metadata.name.clone().unwrap_or_default();
    match key.spec.recipient.parse::<Recipient>() {
        Ok(recipient) if recipient.key_id().to_string() == name => Ok(recipient),
        _ => Err(ClusterError::InconsistentKey { name }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;
    use waxwing_api::{KeyAlgorithm, SealingKeySpec, SealingKeyStatus};
    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    fn key(created: i64, state: KeyState, primary: bool) -> SealingKey {
        let recipient = Identity::generate(Algorithm::X25519).recipient().clone();
        let spec = SealingKeySpec {
            recipient: recipient.to_string(),
            algorithm: KeyAlgorithm::X25519,
            state,
            escrow: None,
        };
        let mut key = SealingKey::new(&recipient.key_id().to_string(), spec);
        key.metadata.creation_timestamp = Some(Time(Timestamp::from_second(created).unwrap()));
        key.status = Some(SealingKeyStatus {
            primary,
            ..SealingKeyStatus::default()
        });
        key
    }

    fn chosen(keys: &[SealingKey]) -> Option<usize> {
        let recipient = recipient(keys, "waxwing-system").ok()?.to_string();
        keys.iter().position(|key| key.spec.recipient == recipient)
    }

    #[test]
    fn the_controllers_word_decides_which_key_is_primary() {
        use KeyState::{Active, Retired, Revoked};
        type Keys<'a> = &'a [(i64, KeyState, bool)];
        let cases: &[(&str, Keys<'_>, Option<usize>)] = &[
            ("no key", &[], None),
            ("one primary", &[(1, Active, true)], Some(0)),
            (
                "an older key is primary",
                &[(1, Active, true), (2, Active, false)],
                Some(0),
            ),
            (
                "two say so: the newer",
                &[(1, Active, true), (2, Active, true)],
                Some(1),
            ),
            (
                "a retired key still says so",
                &[(1, Active, true), (2, Retired, true)],
                Some(0),
            ),
            (
                "the only primary was just revoked",
                &[(1, Revoked, true)],
                None,
            ),
            ("none is primary yet", &[(1, Active, false)], None),
        ];
        for (name, keys, expected) in cases {
            let keys: Vec<_> = keys
                .iter()
                .map(|&(created, state, primary)| key(created, state, primary))
                .collect();
            assert_eq!(chosen(&keys), *expected, "{name}");
        }
    }

    #[test]
    fn of_two_primaries_of_the_same_second_the_later_name_counts() {
        let keys = [
            key(1, KeyState::Active, true),
            key(1, KeyState::Active, true),
        ];
        let later = usize::from(keys[1].metadata.name > keys[0].metadata.name);
        assert_eq!(chosen(&keys), Some(later));
    }

    #[test]
    fn a_key_that_is_not_named_by_its_id_is_refused() {
        let mut renamed = key(1, KeyState::Active, true);
        renamed.metadata.name = Some("0123456789abcdef".to_owned());
        let error = recipient(&[renamed], "waxwing-system").unwrap_err();
        assert!(matches!(error, ClusterError::InconsistentKey { .. }));
    }
}
