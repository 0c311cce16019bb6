//! What a sealed value tells without any key.

use std::time::SystemTime;

use age_core::format::AgeStanza;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::age_header::{AgeHeader, PlacedStanza};
use crate::provenance::Provenance;
use crate::{Algorithm, KeyId, MalformedError, Scope, hybrid};

/// The most keys that one value can be sealed to.
pub const MAX_RECIPIENTS: usize = 32;

/// The longest value, in bytes.
pub const MAX_VALUE_LEN: usize = 1024 * 1024;

/// The payload of an age file: a nonce, then chunks of the plaintext, each with its tag.
const NONCE_LEN: usize = 16;
const CHUNK_LEN: usize = 64 * 1024;
const TAG_LEN: usize = 16;

/// The longest payload, in bytes.
pub(crate) const MAX_PAYLOAD_LEN: usize =
    NONCE_LEN + MAX_VALUE_LEN + MAX_VALUE_LEN.div_ceil(CHUNK_LEN) * TAG_LEN;

/// age's stanza type of passphrases. A header that has one may have no other recipient.
const PASSPHRASE_TAG: &str = "scrypt";

const X25519_SHARE_LEN: usize = 32;

/// What a sealed value tells without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Where the value may be opened.
    pub scope: Scope,
    /// When the value was sealed: UTC, whole seconds. A rewrap does not change it.
    pub sealed_at: SystemTime,
    /// The keys that the value is sealed to, in the order of their stanzas: 1 to
    /// [`MAX_RECIPIENTS`], all different.
    pub keys: Vec<HeaderKey>,
    /// The length of the header, in bytes.
    pub header_len: usize,
    /// The length of the value that the payload holds, in bytes.
    pub plaintext_len: usize,
}

/// A key that a value is sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderKey {
    /// The name of the key pair.
    pub id: KeyId,
    /// The recipient type.
    pub algorithm: Algorithm,
}

impl Header {
    /// The ids of the keys, in the order of their stanzas.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.iter().map(|key| key.id)
    }

    /// Whether the value is sealed to that key.
    pub fn is_sealed_to(&self, id: &KeyId) -> bool {
        self.keys.iter().any(|key| key.id == *id)
    }

    /// Reads the header of a sealed value and checks every rule that can be checked without a key.
    pub(crate) fn read(file: &[u8]) -> Result<Self, MalformedError> {
        let AgeHeader { stanzas, len } = AgeHeader::read(file)?;
        let provenance = Provenance::read(&stanzas)?;
        Ok(Self {
            keys: read_keys(&stanzas, &provenance.key_ids)?,
            scope: provenance.scope,
            sealed_at: provenance.sealed_at,
            header_len: len,
            plaintext_len: plaintext_len(file.len() - len)?,
        })
    }
}

/// The stanzas that carry the file key for a recipient of a known type, in order.
pub(crate) fn recipient_stanzas<'s, 'a>(
    stanzas: &'s [PlacedStanza<'a>],
) -> impl Iterator<Item = (Algorithm, &'s PlacedStanza<'a>)> {
    stanzas
        .iter()
        .filter_map(|placed| Some((Algorithm::of_stanza(placed.stanza.tag)?, placed)))
}

fn read_keys(
    stanzas: &[PlacedStanza<'_>],
    key_ids: &[KeyId],
) -> Result<Vec<HeaderKey>, MalformedError> {
    if stanzas
        .iter()
        .any(|placed| placed.stanza.tag == PASSPHRASE_TAG)
    {
        return Err(MalformedError::BadHeader);
    }
    match recipient_stanzas(stanzas).count() {
        0 => return Err(MalformedError::NoRecipients),
        count if count > MAX_RECIPIENTS => return Err(MalformedError::TooManyRecipients),
        count if count != key_ids.len() => {
            return Err(MalformedError::KeyCount {
                key_ids: key_ids.len(),
                stanzas: count,
            });
        }
        _ => {}
    }
    let keys = recipient_stanzas(stanzas)
        .zip(key_ids)
        .map(|((algorithm, placed), &id)| {
            if is_well_formed(algorithm, &placed.stanza) {
                Ok(HeaderKey { id, algorithm })
            } else {
                Err(MalformedError::BadRecipientStanza(id))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    if keys.iter().any(|key| key.algorithm != keys[0].algorithm) {
        return Err(MalformedError::MixedRecipients);
    }
    Ok(keys)
}

/// Whether a recipient stanza has the one argument and the body that its type prescribes.
fn is_well_formed(algorithm: Algorithm, stanza: &AgeStanza<'_>) -> bool {
    let &[share] = stanza.args.as_slice() else {
        return false;
    };
    let share_is_good = match algorithm {
        Algorithm::MlKem768X25519 => hybrid::decode_ciphertext(share).is_some(),
        Algorithm::X25519 => BASE64_STANDARD_NO_PAD
            .decode(share)
            .is_ok_and(|share| share.len() == X25519_SHARE_LEN),
    };
    // Both types wrap the file key in the same AEAD.
    share_is_good && stanza.body().len() == hybrid::BODY_LEN
}

/// The length of the plaintext in a payload of that length.
fn plaintext_len(payload_len: usize) -> Result<usize, MalformedError> {
    if payload_len > MAX_PAYLOAD_LEN {
        return Err(MalformedError::TooLong);
    }
    let chunks_len = payload_len
        .checked_sub(NONCE_LEN)
        .ok_or(MalformedError::BadPayload)?;
    let chunks = chunks_len.div_ceil(CHUNK_LEN + TAG_LEN);
    let last_len = chunks_len - chunks.saturating_sub(1) * (CHUNK_LEN + TAG_LEN);
    // Only an empty plaintext has an empty chunk.
    if last_len < TAG_LEN || (last_len == TAG_LEN && chunks > 1) {
        return Err(MalformedError::BadPayload);
    }
    Ok(chunks_len - chunks * TAG_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_CHUNK: usize = CHUNK_LEN + TAG_LEN;

    #[test]
    fn the_length_of_the_plaintext_follows_from_the_length_of_the_payload() {
        for (chunks_len, plaintext) in [
            (TAG_LEN, 0),
            (TAG_LEN + 1, 1),
            (FULL_CHUNK, CHUNK_LEN),
            (FULL_CHUNK + TAG_LEN + 1, CHUNK_LEN + 1),
            (16 * FULL_CHUNK, MAX_VALUE_LEN),
        ] {
            assert_eq!(plaintext_len(NONCE_LEN + chunks_len), Ok(plaintext));
        }
    }

    #[test]
    fn a_payload_that_no_plaintext_has_is_refused() {
        for payload_len in [
            0,
            NONCE_LEN - 1,
            NONCE_LEN,
            NONCE_LEN + TAG_LEN - 1,
            NONCE_LEN + FULL_CHUNK + 1,
            NONCE_LEN + FULL_CHUNK + TAG_LEN,
        ] {
            assert_eq!(plaintext_len(payload_len), Err(MalformedError::BadPayload));
        }
        for payload_len in [MAX_PAYLOAD_LEN + 1, usize::MAX] {
            assert_eq!(plaintext_len(payload_len), Err(MalformedError::TooLong));
        }
    }
}
