//! Backing keys up: each sealing key's identity, encrypted to the recovery recipients.

use sha2::{Digest, Sha256};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_escrow::{
    EscrowError, RecoveryRecipient, RecoveryRecipientError, RecoveryRecipients, encrypt,
};

/// Why the controller cannot back its keys up. It does not start then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RecoveryError {
    #[error("{0}; correct --recovery-recipient")]
    Recipient(#[from] RecoveryRecipientError),
    #[error(
        "nothing can be encrypted to recovery recipient {recipient}: {error}; correct --recovery-recipient, or install what it needs"
    )]
    Trial {
        recipient: String,
        error: EscrowError,
    },
    #[error("the recovery recipients cannot be used together: {0}; correct --recovery-recipient")]
    Together(EscrowError),
}

/// Tells one set of recovery recipients, or one escrow, from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    fn of(text: &str) -> Self {
        let digest = Sha256::digest(text);
        let (first, _) = digest.split_first_chunk().expect("a SHA-256 has 32 bytes");
        Self(u64::from_be_bytes(*first))
    }

    fn read(text: &str) -> Option<Self> {
        (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(Self))?
    }

    #[cfg(test)]
    pub(crate) const fn test(number: u64) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Whether a SealingKey holds its private half in escrow, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InEscrow {
    No,
    /// Someone else put it there, or changed it.
    ForUnknown,
    For(Fingerprint),
}

impl InEscrow {
    /// What `spec.escrow` and the annotation of a SealingKey tell.
    pub(crate) fn read(escrow: Option<&str>, mark: Option<&str>) -> Self {
        let Some(escrow) = escrow else {
            return Self::No;
        };
        let recipients = mark
            .and_then(|mark| mark.split_once('.'))
            .filter(|(_, of_escrow)| Fingerprint::read(of_escrow) == Some(Fingerprint::of(escrow)))
            .and_then(|(recipients, _)| Fingerprint::read(recipients));
        recipients.map_or(Self::ForUnknown, Self::For)
    }
}

/// A key in escrow.
#[derive(Debug)]
pub(crate) struct Escrow {
    /// An armored age file.
    pub(crate) text: String,
    /// The annotation that goes with it.
    pub(crate) mark: String,
}

/// Whom keys are backed up to.
#[derive(Clone)]
pub(crate) struct Recovery {
    recipients: RecoveryRecipients,
    fingerprint: Fingerprint,
}

impl Recovery {
    /// Reads the recipients, and tries them: what cannot be backed up later must not be found out
    /// then. `None`: there is none.
    pub(crate) fn to<'a>(
        recipients: impl Iterator<Item = &'a str>,
        algorithm: Algorithm,
    ) -> Result<Option<Self>, RecoveryError> {
        let each: Vec<RecoveryRecipient> = recipients.map(str::parse).collect::<Result<_, _>>()?;
        if each.is_empty() {
            return Ok(None);
        }
        let trial = Identity::generate(algorithm);
        for one in &each {
            let alone = RecoveryRecipients::new(vec![one.clone()])?;
            encrypt(&trial, &alone).map_err(|error| RecoveryError::Trial {
                recipient: one.to_string(),
                error,
            })?;
        }
        let recovery = Self {
            fingerprint: fingerprint(&each),
            recipients: RecoveryRecipients::new(each)?,
        };
        recovery.seal(&trial).map_err(RecoveryError::Together)?;
        Ok(Some(recovery))
    }

    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Encrypts an identity. Runs the programs of plugins: not for a thread that must not wait.
    pub(crate) fn seal(&self, identity: &Identity) -> Result<Escrow, EscrowError> {
        self.warn_if_weaker_than(identity);
        let text = encrypt(identity, &self.recipients)?;
        let mark = format!("{}.{}", self.fingerprint, Fingerprint::of(&text));
        Ok(Escrow { text, mark })
    }

    fn warn_if_weaker_than(&self, identity: &Identity) {
        let classic = self
            .recipients
            .iter()
            .find(|one| one.is_post_quantum() == Some(false));
        if let (Algorithm::MlKem768X25519, Some(recipient)) = (identity.algorithm(), classic) {
            tracing::warn!(
                %recipient,
                "post-quantum sealing keys are backed up to a classic recovery recipient: who harvests the escrow today may open it with a quantum computer later; use an age1pq1… recipient"
            );
        }
    }
}

/// Of the set: order and repetitions do not count.
fn fingerprint(recipients: &[RecoveryRecipient]) -> Fingerprint {
    let mut texts: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    texts.dedup();
    Fingerprint::of(&texts.join("\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_escrow::{NoCallbacks, RecoveryIdentities, decrypt};

    use super::*;

    fn recipient(algorithm: Algorithm) -> String {
        Identity::generate(algorithm).recipient().to_string()
    }

    fn recovery(recipients: &[&str]) -> Result<Recovery, RecoveryError> {
        Recovery::to(recipients.iter().copied(), Algorithm::X25519).map(Option::unwrap)
    }

    #[test]
    fn an_escrow_gives_the_key_back_and_its_mark_tells_for_whom_it_is() {
        let offline = Identity::generate(Algorithm::MlKem768X25519);
        let recovery = recovery(&[&offline.recipient().to_string()]).unwrap();
        let key = Identity::generate(Algorithm::MlKem768X25519);
        let escrow = recovery.seal(&key).unwrap();

        let mut identities = RecoveryIdentities::default();
        identities
            .add(&offline.to_secret_string(), &NoCallbacks)
            .unwrap();
        let back = decrypt(&escrow.text, &identities).unwrap();
        assert_eq!(back[0].key_id(), key.key_id());
        assert_eq!(
            InEscrow::read(Some(&escrow.text), Some(&escrow.mark)),
            InEscrow::For(recovery.fingerprint())
        );
    }

    #[test]
    fn a_mark_counts_only_for_the_escrow_that_it_was_made_with() {
        let recovery = recovery(&[&recipient(Algorithm::X25519)]).unwrap();
        let [one, other] = [0; 2].map(|_| {
            recovery
                .seal(&Identity::generate(Algorithm::X25519))
                .unwrap()
        });
        for (escrow, mark, expected) in [
            (None, None, InEscrow::No),
            (None, Some(&*one.mark), InEscrow::No),
            (Some(&*one.text), None, InEscrow::ForUnknown),
            (Some(&*one.text), Some("oops"), InEscrow::ForUnknown),
            (Some(&*one.text), Some("+1.+2"), InEscrow::ForUnknown),
            (Some(&*one.text), Some(&*other.mark), InEscrow::ForUnknown),
        ] {
            assert_eq!(InEscrow::read(escrow, mark), expected, "{mark:?}");
        }
    }

    #[test]
    fn a_set_of_recipients_is_told_from_another_whatever_its_order() {
        let [a, b] = [0; 2].map(|_| recipient(Algorithm::X25519));
        let of = |recipients: &[&str]| recovery(recipients).unwrap().fingerprint();
        assert_eq!(of(&[&a, &b]), of(&[&b, &a, &b]));
        assert_ne!(of(&[&a]), of(&[&a, &b]));
    }

    #[test]
    fn a_recipient_that_cannot_be_used_is_named() {
        let (strong, classic) = (
            recipient(Algorithm::MlKem768X25519),
            recipient(Algorithm::X25519),
        );
        let missing = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt";
        for (recipients, named) in [
            (vec![&*strong, "age1nonsense"], "age1nonsense"),
            (vec![&*strong, &*classic], &*classic),
            (vec![missing], missing),
        ] {
            let error = recovery(&recipients).err().unwrap().to_string();
            assert!(error.contains(named), "{error}");
        }
        let identity = Identity::generate(Algorithm::X25519).to_secret_string();
        let error = recovery(&[&identity]).err().unwrap().to_string();
        assert!(!error.contains(&**identity), "an identity is shown");
    }
}
