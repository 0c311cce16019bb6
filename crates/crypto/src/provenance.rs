//! The two stanzas of ours at the start of a header: they carry information, and no key.

use std::collections::HashSet;
use std::time::SystemTime;

use age::EncryptError;
use age_core::format::{AgeStanza, FileKey, Stanza};

use crate::age_header::PlacedStanza;
use crate::time::{format_time, parse_time};
use crate::{Algorithm, KeyId, MalformedError, Scope};

/// What the name of every stanza of ours starts with.
const PREFIX: &str = "waxwing.dev/";

/// The stanza that says where the value may be opened.
const SCOPE_TAG: &str = "waxwing.dev/scope";

/// The stanza that says when the value was sealed, and to which keys.
const SEALED_TAG: &str = "waxwing.dev/sealed";

/// How many stanzas of ours a header starts with.
pub(crate) const STANZAS: usize = 2;

/// Where a value belongs, when it was sealed, and to which keys.
pub(crate) struct Provenance {
    pub(crate) scope: Scope,
    pub(crate) sealed_at: SystemTime,
    /// One for each recipient stanza, in their order.
    pub(crate) key_ids: Vec<KeyId>,
}

impl Provenance {
    /// Reads the two stanzas, which must be the first two and the only ones of their names.
    pub(crate) fn read(stanzas: &[PlacedStanza<'_>]) -> Result<Self, MalformedError> {
        let ours: Vec<(usize, &AgeStanza<'_>)> = stanzas
            .iter()
            .map(|placed| &placed.stanza)
            .enumerate()
            .filter(|(_, stanza)| stanza.tag.starts_with(PREFIX))
            .collect();
        if ours
            .iter()
            .any(|(_, stanza)| ![SCOPE_TAG, SEALED_TAG].contains(&stanza.tag))
        {
            return Err(MalformedError::UnknownStanza);
        }
        match ours.as_slice() {
            [] => Err(MalformedError::NotSealed),
            &[(0, scope), (1, sealed)] if scope.tag == SCOPE_TAG && sealed.tag == SEALED_TAG => {
                let (sealed_at, key_ids) = parse_sealed(sealed).ok_or(MalformedError::BadSealed)?;
                Ok(Self {
                    scope: parse_scope(scope).ok_or(MalformedError::BadScope)?,
                    sealed_at,
                    key_ids,
                })
            }
            _ => Err(MalformedError::MisplacedStanza),
        }
    }

    pub(crate) fn scope_stanza(&self) -> Stanza {
        without_body(SCOPE_TAG, self.scope.to_args())
    }

    pub(crate) fn sealed_stanza(&self) -> Stanza {
        sealed_stanza(self.sealed_at, &self.key_ids)
    }
}

/// The stanza that says when a value was sealed, and to which keys.
pub(crate) fn sealed_stanza(sealed_at: SystemTime, key_ids: &[KeyId]) -> Stanza {
    let time = std::iter::once(format_time(sealed_at));
    let args = time.chain(key_ids.iter().map(KeyId::to_string)).collect();
    without_body(SEALED_TAG, args)
}

fn without_body(tag: &str, args: Vec<String>) -> Stanza {
    Stanza {
        tag: tag.to_owned(),
        args,
        body: Vec::new(),
    }
}

fn parse_scope(stanza: &AgeStanza<'_>) -> Option<Scope> {
    if !stanza.body().is_empty() {
        return None;
    }
    Scope::from_args(&stanza.args)
}

/// A repeated key id is refused: it would leave open which of two stanzas the key opens.
fn parse_sealed(stanza: &AgeStanza<'_>) -> Option<(SystemTime, Vec<KeyId>)> {
    if !stanza.body().is_empty() {
        return None;
    }
    let (time, key_ids) = stanza.args.split_first()?;
    let key_ids: Vec<KeyId> = key_ids
        .iter()
        .map(|id| id.parse().ok())
        .collect::<Option<_>>()?;
    let distinct: HashSet<&KeyId> = key_ids.iter().collect();
    if distinct.len() != key_ids.len() {
        return None;
    }
    Some((parse_time(time)?, key_ids))
}

/// The two stanzas as a recipient, which is how they get into the header that age writes. It takes
/// the labels of the other recipients, because age only combines recipients of equal labels.
pub(crate) struct ProvenanceRecipient {
    pub(crate) provenance: Provenance,
    pub(crate) class: Algorithm,
}

impl age::Recipient for ProvenanceRecipient {
    fn wrap_file_key(
        &self,
        _file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanzas = vec![
            self.provenance.scope_stanza(),
            self.provenance.sealed_stanza(),
        ];
        Ok((stanzas, self.class.labels()))
    }
}
