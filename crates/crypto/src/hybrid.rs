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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ::hpke::aead::ChaCha20Poly1305;
    use ::hpke::kdf::HkdfSha256;
    use ::hpke::kem::XWing;
    use ::hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
    use age::{Identity as _, Recipient as _};

    use super::*;

    const FILE_KEY: [u8; FILE_KEY_BYTES] = *b"yellow submarine";
    const SEED: [u8; xwing::SEED_LEN] = [0x42; xwing::SEED_LEN];

    fn file_key() -> FileKey {
        FileKey::new(Box::new(FILE_KEY))
    }

    fn identity() -> DecapsulationKey {
        DecapsulationKey::from_seed(Zeroizing::new(SEED))
    }

    #[test]
    fn what_the_hpke_crate_seals_opens_here() {
        let public = identity().encapsulation_key().to_bytes();
        let public = <XWing as Kem>::PublicKey::from_bytes(&public).unwrap();
        let (enc, body) = ::hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &public,
            INFO,
            &FILE_KEY,
            b"",
        )
        .unwrap();
        let stanza = Stanza {
            tag: "mlkem768x25519".to_owned(),
            args: vec![BASE64_STANDARD_NO_PAD.encode(enc.to_bytes())],
            body,
        };
        let opened = identity().unwrap_stanza(&stanza).unwrap().unwrap();
        assert_eq!(opened.expose_secret(), &FILE_KEY);
    }

    #[test]
    fn what_is_sealed_here_opens_with_the_hpke_crate() {
        let (stanzas, _) = identity()
            .encapsulation_key()
            .wrap_file_key(&file_key())
            .unwrap();
        let enc = decode_ciphertext(&stanzas[0].args[0]).unwrap();
        let opened = ::hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &<XWing as Kem>::PrivateKey::from_bytes(&SEED).unwrap(),
            &<XWing as Kem>::EncappedKey::from_bytes(&enc).unwrap(),
            INFO,
            &stanzas[0].body,
            b"",
        )
        .unwrap();
        assert_eq!(opened, FILE_KEY);
    }

    #[test]
    fn a_stanza_of_another_key_is_not_ours_and_not_an_error() {
        let other = DecapsulationKey::from_seed(Zeroizing::new([1; 32]));
        let (stanzas, _) = other
            .encapsulation_key()
            .wrap_file_key(&file_key())
            .unwrap();
        assert!(identity().unwrap_stanza(&stanzas[0]).is_none());
    }

    #[test]
    fn a_stanza_of_the_wrong_form_is_an_error() {
        let wrong: [fn(&mut Stanza); 4] = [
            |stanza| stanza.args.clear(),
            |stanza| stanza.args.push("more".to_owned()),
            |stanza| stanza.args[0].truncate(40),
            |stanza| stanza.body.push(0),
        ];
        for change in wrong {
            let (mut stanzas, _) = identity()
                .encapsulation_key()
                .wrap_file_key(&file_key())
                .unwrap();
            change(&mut stanzas[0]);
            assert!(matches!(
                identity().unwrap_stanza(&stanzas[0]),
                Some(Err(DecryptError::InvalidHeader))
            ));
        }
    }
}
