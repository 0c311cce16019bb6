//! age's native post-quantum recipient type, `mlkem768x25519` (C2SP age.md): the file key goes
//! through HPKE with the X-Wing KEM.

use std::collections::HashSet;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::xwing::{self, DecapsulationKey, EncapsulationKey};
use crate::{Algorithm, hpke};

/// The human-readable part of a recipient, `age1pq1…`.
pub(crate) const RECIPIENT_HRP: &str = "age1pq";

/// The human-readable part of an identity, `AGE-SECRET-KEY-PQ-1…`, in lower case.
pub(crate) const IDENTITY_HRP: &str = "age-secret-key-pq-";

/// The bytes of an encrypted file key, the body of a stanza.
pub(crate) const BODY_LEN: usize = FILE_KEY_BYTES + hpke::TAG_LEN;

const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";

impl age::Recipient for EncapsulationKey {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut seed = Zeroizing::new([0; xwing::ENCAPSULATION_SEED_LEN]);
        OsRng.fill_bytes(&mut *seed);
        let (secret, ciphertext) = self.encapsulate(&seed);
        let stanza = Stanza {
            tag: Algorithm::MlKem768X25519.stanza_tag().to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(ciphertext)],
            body: hpke::Context::new(&secret, INFO).seal(file_key.expose_secret()),
        };
        Ok((vec![stanza], Algorithm::MlKem768X25519.labels()))
    }
}

impl age::Identity for DecapsulationKey {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != Algorithm::MlKem768X25519.stanza_tag() {
            return None;
        }
        let invalid = Some(Err(DecryptError::InvalidHeader));
        let [ciphertext] = stanza.args.as_slice() else {
            return invalid;
        };
        // The length of the body is checked first, so that no crafted ciphertext can be made to
        // open under many keys at once.
        let (Some(ciphertext), BODY_LEN) = (decode_ciphertext(ciphertext), stanza.body.len())
        else {
            return invalid;
        };
        let Some(secret) = self.decapsulate(&ciphertext) else {
            return invalid;
        };
        let plaintext = hpke::Context::new(&secret, INFO).open(&stanza.body)?;
        Some(Ok(FileKey::init_with_mut(|key| {
            key.copy_from_slice(&plaintext);
        })))
    }
}

/// Reads the one argument of a stanza: canonical base64 without padding.
pub(crate) fn decode_ciphertext(argument: &str) -> Option<[u8; xwing::CIPHERTEXT_LEN]> {
    let bytes = BASE64_STANDARD_NO_PAD.decode(argument).ok()?;
    bytes.try_into().ok()
}
