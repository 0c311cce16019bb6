//! Rewrapping: another key for the same value, without touching the value.

use age::Recipient as _;
use age_core::format::FileKey;

use crate::age_header::{AgeHeader, HeaderWriter, PlacedStanza};
use crate::provenance::{self, sealed_stanza};
use crate::{
    Algorithm, HeaderKey, KeyId, KeyRing, MAX_HEADER_LEN, Recipient, RewrapError, SealedValue,
};

/// What becomes of a recipient stanza.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stays, byte for byte.
    Stay,
    /// It makes room for the stanza of the new key.
    Replace,
    /// It goes: the new key's stanza stands for several.
    Go,
}

impl SealedValue {
    /// The same value for another key: the stanzas of the ring's keys, and one that `to` may have
    /// already, are replaced by one new stanza for `to`, in the place of the first of them. The
    /// payload, the time of sealing, the scope and every other stanza stay as they are, byte for
    /// byte, so that no public key of anyone else is needed.
    ///
    /// # Errors
    /// Fails if the ring has none of the value's keys, if the header was changed, or if `to` is of
    /// another class than the keys that stay.
    pub fn rewrap(&self, ring: &KeyRing, to: &Recipient) -> Result<Self, RewrapError> {
        let file_key = self.unlock(ring)?.file_key;
        let keys = &self.header().keys;
        let fates = fates(keys, |id| ring.contains(id) || *id == to.key_id());
        let mut staying = keys
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| **fate == Fate::Stay);
        if staying.any(|(key, _)| key.algorithm != to.algorithm()) {
            return Err(RewrapError::Mixed { to: to.key_id() });
        }
        let header = self.rewritten_header(&fates, to, &file_key);
        if header.len() > MAX_HEADER_LEN {
            return Err(RewrapError::HeaderTooLong);
        }
        let payload = &self.as_bytes()[self.header().header_len..];
        let rewrapped = Self::from_bytes([&header, payload].concat());
        Ok(rewrapped.expect("a rewrap keeps every rule that the value kept"))
    }

    fn rewritten_header(&self, fates: &[Fate], to: &Recipient, file_key: &FileKey) -> Vec<u8> {
        let old = AgeHeader::read(self.as_bytes()).expect("it was read when the value was parsed");
        let (ours, others) = old.stanzas.split_at(provenance::STANZAS);
        let text = |stanza: &PlacedStanza<'_>| &self.as_bytes()[stanza.span.clone()];
        let key_ids = new_key_ids(&self.header().keys, fates, to.key_id());

        let mut header = HeaderWriter::new();
        header.stanza_text(text(&ours[0]));
        header.stanza(&sealed_stanza(self.header().sealed_at, &key_ids));
        let mut fates = fates.iter();
        for other in others {
            let fate = match Algorithm::of_stanza(other.stanza.tag) {
                Some(_) => *fates.next().expect("the keys were read from these stanzas"),
                None => Fate::Stay,
            };
            match fate {
                Fate::Stay => header.stanza_text(text(other)),
                Fate::Replace => wrap_for(to, file_key, &mut header),
                Fate::Go => {}
            }
        }
        header.finish(file_key)
    }
}

fn fates(keys: &[HeaderKey], leaves: impl Fn(&KeyId) -> bool) -> Vec<Fate> {
    let mut replacement = Fate::Replace;
    keys.iter()
        .map(|key| {
            if leaves(&key.id) {
                std::mem::replace(&mut replacement, Fate::Go)
            } else {
                Fate::Stay
            }
        })
        .collect()
}

fn new_key_ids(keys: &[HeaderKey], fates: &[Fate], to: KeyId) -> Vec<KeyId> {
    keys.iter()
        .zip(fates)
        .filter_map(|(key, fate)| match fate {
            Fate::Stay => Some(key.id),
            Fate::Replace => Some(to),
            Fate::Go => None,
        })
        .collect()
}

fn wrap_for(to: &Recipient, file_key: &FileKey, header: &mut HeaderWriter) {
    let (stanzas, _) = to
        .wrap_file_key(file_key)
        .expect("both recipient types wrap any file key");
    for stanza in &stanzas {
        header.stanza(stanza);
    }
}
