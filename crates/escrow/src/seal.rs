//! Encrypting identities to recovery recipients, and back.

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{Decryptor, Encryptor};
use waxwing_crypto::{Identity, parse_identity_file};
use zeroize::Zeroizing;

use crate::{RecoveryIdentities, RecoveryRecipients};

/// The longest escrow that is read, in bytes: many keys, each to many recipients.
const MAX_ESCROW_LEN: u64 = 16 * 1024 * 1024;

/// Why an escrow could not be made or opened. The message never holds a part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EscrowError {
    /// There is no recovery recipient.
    #[error("there is no recovery recipient to encrypt to")]
    NoRecipient,
    /// The recipients are of different classes: only a plugin can bring that about this late.
    #[error(
        "the recovery recipients mix post-quantum and classic ones: use recipients of one class only"
    )]
    Mixed,
    /// A plugin is not there or failed.
    #[error("cannot encrypt to the recovery recipients: {0}")]
    Encrypt(String),
    /// The text is no armored age file.
    #[error("not an armored age file: it should begin with -----BEGIN AGE ENCRYPTED FILE-----")]
    Malformed,
    /// None of the identities opens it.
    #[error(
        "none of the given identities opens it: give the identity of one of its recovery recipients"
    )]
    NoMatch,
    /// It opened, and what is in it is not a sealing key.
    #[error("it opens, but holds no sealing key")]
    NoKey,
}

/// Encrypts `identity` to `recipients`: an armored age file whose plaintext is an age identity file.
///
/// # Errors
/// If there is no recipient, or a plugin cannot be run.
pub fn encrypt(
    identity: &Identity,
    recipients: &RecoveryRecipients,
) -> Result<String, EscrowError> {
    encrypt_keys(std::slice::from_ref(identity), recipients)
}

/// As [`encrypt`], with all of `identities` in one file.
///
/// # Errors
/// As [`encrypt`].
pub fn encrypt_keys(
    identities: &[Identity],
    recipients: &RecoveryRecipients,
) -> Result<String, EscrowError> {
    if recipients.is_empty() {
        return Err(EscrowError::NoRecipient);
    }
    let recipients: Vec<_> = recipients
        .iter()
        .map(crate::RecoveryRecipient::to_age)
        .collect::<Result<_, _>>()
        .map_err(encrypt_error)?;
    let encryptor =
        Encryptor::with_recipients(recipients.iter().map(AsRef::as_ref)).map_err(encrypt_error)?;
    write(encryptor, &identity_file(identities))
        .map_err(|error| EscrowError::Encrypt(error.to_string()))
}

fn write(encryptor: Encryptor, plaintext: &str) -> std::io::Result<String> {
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(plaintext.as_bytes())?;
    let armored = writer.finish()?.finish()?;
    String::from_utf8(armored).map_err(std::io::Error::other)
}

fn identity_file(identities: &[Identity]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512 * identities.len()));
    for identity in identities {
        text.push_str(&format!("# Waxwing sealing key {}\n", identity.key_id()));
        text.push_str(&identity.to_secret_string());
        text.push('\n');
    }
    text
}

fn encrypt_error(error: age::EncryptError) -> EscrowError {
    match error {
        age::EncryptError::IncompatibleRecipients { .. } => EscrowError::Mixed,
        other => EscrowError::Encrypt(other.to_string()),
    }
}

/// Opens an armored escrow with any of `identities`: the sealing keys in it.
///
/// # Errors
/// If it is no armored age file, none of the identities opens it, or there is no key in it.
pub fn decrypt(
    armored: &str,
    identities: &RecoveryIdentities,
) -> Result<Vec<Identity>, EscrowError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(armored.as_bytes()))
        .map_err(|_| EscrowError::Malformed)?;
    let reader = decryptor
        .decrypt(identities.iter())
        .map_err(|error| match error {
            age::DecryptError::InvalidHeader | age::DecryptError::InvalidMac => {
                EscrowError::Malformed
            }
            _ => EscrowError::NoMatch,
        })?;
    let mut plaintext = Zeroizing::new(String::with_capacity(armored.len()));
    reader
        .take(MAX_ESCROW_LEN)
        .read_to_string(&mut plaintext)
        .map_err(|_| EscrowError::Malformed)?;
    parse_identity_file(&plaintext).map_err(|_| EscrowError::NoKey)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use age::NoCallbacks;
    use waxwing_crypto::Algorithm;

    use super::*;

    fn recovery(algorithm: Algorithm) -> (RecoveryRecipients, RecoveryIdentities) {
        let identity = Identity::generate(algorithm);
        let recipient = identity.recipient().to_string().parse().unwrap();
        let mut identities = RecoveryIdentities::default();
        identities
            .add(&identity.to_secret_string(), &NoCallbacks)
            .unwrap();
        (
            RecoveryRecipients::new(vec![recipient]).unwrap(),
            identities,
        )
    }

    #[test]
    fn a_key_in_escrow_comes_back_with_the_recovery_identity() {
        for algorithm in [Algorithm::MlKem768X25519, Algorithm::X25519] {
            let (recipients, identities) = recovery(algorithm);
            let key = Identity::generate(algorithm);
            let armored = encrypt(&key, &recipients).unwrap();
            assert!(armored.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
            let back = decrypt(&armored, &identities).unwrap();
            assert_eq!(back[0].to_secret_string(), key.to_secret_string());
        }
    }

    #[test]
    fn another_identity_does_not_open_it() {
        let (recipients, _) = recovery(Algorithm::X25519);
        let (_, stranger) = recovery(Algorithm::X25519);
        let armored = encrypt(&Identity::generate(Algorithm::X25519), &recipients).unwrap();
        assert!(matches!(
            decrypt(&armored, &stranger),
            Err(EscrowError::NoMatch)
        ));
    }

    #[test]
    fn a_damaged_or_foreign_file_is_refused() {
        let (recipients, identities) = recovery(Algorithm::X25519);
        let armored = encrypt(&Identity::generate(Algorithm::X25519), &recipients).unwrap();
        let cut = &armored[..armored.len() / 2];
        for text in ["", "hello", cut] {
            assert!(
                matches!(decrypt(text, &identities), Err(EscrowError::Malformed)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_holds_no_sealing_key_is_refused() {
        let (recipients, identities) = recovery(Algorithm::X25519);
        let armored = encrypt_keys(&[], &recipients).unwrap();
        assert!(matches!(
            decrypt(&armored, &identities),
            Err(EscrowError::NoKey)
        ));
    }

    #[test]
    fn without_a_recipient_nothing_is_encrypted() {
        let none = RecoveryRecipients::new(vec![]).unwrap();
        let error = encrypt(&Identity::generate(Algorithm::X25519), &none).unwrap_err();
        assert!(matches!(error, EscrowError::NoRecipient));
    }
}
