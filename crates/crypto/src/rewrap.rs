//! Other keys for the same value, without touching the value.

use age::Recipient as _;
use age_core::format::FileKey;

use crate::age_header::{AgeHeader, HeaderWriter, PlacedStanza};
use crate::provenance::{self, sealed_stanza};
use crate::recipient::distinct;
use crate::{
    Algorithm, HeaderKey, KeyId, KeyRing, MAX_HEADER_LEN, MAX_RECIPIENTS, Recipient, RewrapError,
    SealedValue,
};

/// What becomes of a recipient stanza.
#[derive(Clone, Copy)]
enum Fate<'a> {
    /// It stays, byte for byte.
    Stay,
    /// It makes room for the stanza of that key.
    Replace(&'a Recipient),
    Go,
}

/// What becomes of the keys of a value.
struct Rewrite<'a> {
    /// For each key that it has.
    fates: Vec<Fate<'a>>,
    /// The keys that come behind those.
    added: Vec<&'a Recipient>,
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
        let mut next = Fate::Replace(to);
        let leaves = |key: &HeaderKey| ring.contains(&key.id) || key.id == to.key_id();
        let fate = |key| {
            if leaves(key) {
                std::mem::replace(&mut next, Fate::Go)
            } else {
                Fate::Stay
            }
        };
        let fates = self.header().keys.iter().map(fate).collect();
        self.rewritten(
            ring,
            &Rewrite {
                fates,
                added: Vec::new(),
            },
        )
    }

    /// The same value for more or other keys: it is granted to each of `add` that does not have it,
    /// and taken from each of `remove`. All else stays as it is, byte for byte. Who had a key that is
    /// taken away may have kept the value.
    ///
    /// # Errors
    /// Fails if the ring has none of the value's keys, if the header was changed, if a key to be
    /// taken away is not among those of the value, if none would be left, or if the classes of those
    /// that are left differ.
    pub fn change_recipients(
        &self,
        ring: &KeyRing,
        add: &[Recipient],
        remove: &[KeyId],
    ) -> Result<Self, RewrapError> {
        let keys = &self.header().keys;
        if let Some(&stranger) = remove.iter().find(|id| !self.header().is_sealed_to(id)) {
            return Err(RewrapError::NotSealedTo(stranger));
        }
        let fate = |key: &HeaderKey| {
            if remove.contains(&key.id) {
                Fate::Go
            } else {
                Fate::Stay
            }
        };
        let stays = |id: KeyId| self.header().is_sealed_to(&id) && !remove.contains(&id);
        let mut added = distinct(add)?;
        added.retain(|recipient| !stays(recipient.key_id()));
        self.rewritten(
            ring,
            &Rewrite {
                fates: keys.iter().map(fate).collect(),
                added,
            },
        )
    }

    /// Whether this value could have been made from `other` by [`SealedValue::rewrap`]: scope, time of
    /// sealing and payload are the same, and so is every stanza but those of the keys that went and of
    /// the one that came. No key is needed; whether the header is authentic shows only when the
    /// value is opened.
    pub fn is_rewrap_of(&self, other: &Self) -> bool {
        self.header().scope == other.header().scope
            && self.header().sealed_at == other.header().sealed_at
            && self.payload() == other.payload()
            && self.unkeyed_stanzas() == other.unkeyed_stanzas()
            && self
                .keyed_stanzas()
                .into_iter()
                .filter(|stanza| !other.keyed_stanzas().contains(stanza))
                .count()
                <= 1
    }

    /// The stanzas behind ours that are for no known key, as text.
    fn unkeyed_stanzas(&self) -> Vec<&[u8]> {
        let others = self.other_stanzas();
        others
            .into_iter()
            .filter(|(algorithm, _)| algorithm.is_none())
            .map(|(_, text)| text)
            .collect()
    }

    /// Each key with its stanza as text.
    fn keyed_stanzas(&self) -> Vec<(KeyId, &[u8])> {
        let others = self.other_stanzas();
        let texts = others
            .into_iter()
            .filter(|(algorithm, _)| algorithm.is_some())
            .map(|(_, text)| text);
        self.header().key_ids().zip(texts).collect()
    }

    /// The text of the stanza of the scope.
    fn scope_stanza(&self) -> &[u8] {
        &self.as_bytes()[self.age_header().stanzas[0].span.clone()]
    }

    /// The text of every stanza behind ours, with its type where that is known.
    fn other_stanzas(&self) -> Vec<(Option<Algorithm>, &[u8])> {
        self.age_header().stanzas[provenance::STANZAS..]
            .iter()
            .map(|PlacedStanza { stanza, span }| {
                let text = &self.as_bytes()[span.clone()];
                (Algorithm::of_stanza(stanza.tag), text)
            })
            .collect()
    }

    fn age_header(&self) -> AgeHeader<'_> {
        AgeHeader::read(self.as_bytes()).expect("it was read when the value was parsed")
    }

    fn rewritten(&self, ring: &KeyRing, rewrite: &Rewrite<'_>) -> Result<Self, RewrapError> {
        let file_key = self.unlock(ring)?.file_key;
        rewrite.check(&self.header().keys)?;
        let header = self.rewritten_header(rewrite, &file_key);
        if header.len() > MAX_HEADER_LEN {
            return Err(RewrapError::HeaderTooLong);
        }
        let rewritten = Self::from_bytes([&header, self.payload()].concat());
        Ok(rewritten.expect("what was checked above keeps every rule that the value kept"))
    }

    fn rewritten_header(&self, rewrite: &Rewrite<'_>, file_key: &FileKey) -> Vec<u8> {
        let others = self.other_stanzas();
        let key_ids = rewrite.key_ids(&self.header().keys);
        let mut header = HeaderWriter::new();
        header.stanza_text(self.scope_stanza());
        header.stanza(&sealed_stanza(self.header().sealed_at, &key_ids));
        let mut fates = rewrite.fates.iter();
        for (algorithm, text) in others {
            let fate = match algorithm {
                Some(_) => *fates.next().expect("the keys were read from these stanzas"),
                None => Fate::Stay,
            };
            match fate {
                Fate::Stay => header.stanza_text(text),
                Fate::Replace(to) => wrap_for(to, file_key, &mut header),
                Fate::Go => {}
            }
        }
        for recipient in &rewrite.added {
            wrap_for(recipient, file_key, &mut header);
        }
        header.finish(file_key)
    }
}

impl Rewrite<'_> {
    /// Checks the number of the keys that there will be, and that they are of one class.
    fn check(&self, keys: &[HeaderKey]) -> Result<(), RewrapError> {
        let count = self.key_ids(keys).len();
        if count == 0 {
            return Err(RewrapError::NoRecipients);
        }
        if count > MAX_RECIPIENTS {
            return Err(RewrapError::TooManyRecipients(count));
        }
        let staying = keys
            .iter()
            .zip(&self.fates)
            .filter(|(_, fate)| matches!(fate, Fate::Stay));
        let mut class = staying.map(|(key, _)| key.algorithm).next();
        for recipient in self.new_recipients() {
            if class.is_some_and(|class| class != recipient.algorithm()) {
                return Err(RewrapError::Mixed {
                    to: recipient.key_id(),
                });
            }
            class = Some(recipient.algorithm());
        }
        Ok(())
    }

    fn new_recipients(&self) -> impl Iterator<Item = &Recipient> {
        let replacing = self.fates.iter().filter_map(|fate| match fate {
            Fate::Replace(to) => Some(*to),
            Fate::Stay | Fate::Go => None,
        });
        replacing.chain(self.added.iter().copied())
    }

    fn key_ids(&self, keys: &[HeaderKey]) -> Vec<KeyId> {
        let kept = keys
            .iter()
            .zip(&self.fates)
            .filter_map(|(key, fate)| match fate {
                Fate::Stay => Some(key.id),
                Fate::Replace(to) => Some(to.key_id()),
                Fate::Go => None,
            });
        kept.chain(self.added.iter().map(|recipient| recipient.key_id()))
            .collect()
    }
}

fn wrap_for(to: &Recipient, file_key: &FileKey, header: &mut HeaderWriter) {
    let (stanzas, _) = to
        .wrap_file_key(file_key)
        .expect("both recipient types wrap any file key");
    for stanza in &stanzas {
        header.stanza(stanza);
    }
}
