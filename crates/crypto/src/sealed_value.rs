//! Sealed values: sealing, parsing, opening.

use std::cell::OnceCell;
use std::fmt;
use std::io::{self, Read, Write};
use std::iter;
use std::time::SystemTime;

use age::stream::StreamReader;
use age::{DecryptError, Decryptor, Encryptor};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::header::MAX_PAYLOAD_LEN;
use crate::header_first::HeaderFirst;
use crate::provenance::{Provenance, ProvenanceRecipient};
use crate::{
    Algorithm, Header, Identity, KeyId, KeyRing, MAX_HEADER_LEN, MAX_RECIPIENTS, MAX_VALUE_LEN,
    MalformedError, MixedRecipients, OpenError, Place, Recipient, Scope, SealError, TamperedPart,
    recipient, time,
};

/// The most characters of base64 that a sealed value can have.
const MAX_BASE64_LEN: usize = (MAX_HEADER_LEN + MAX_PAYLOAD_LEN).div_ceil(3) * 4;

/// One secret value, sealed: an age file whose header keeps the rules of docs/format.md.
#[derive(Clone)]
pub struct SealedValue {
    file: Vec<u8>,
    header: Header,
}

impl SealedValue {
    /// Seals `plaintext` (at most [`MAX_VALUE_LEN`] bytes) to each of the recipients (at most
    /// [`MAX_RECIPIENTS`], all post-quantum or all classic; one given twice counts once).
    /// The time is kept in whole seconds.
    ///
    /// # Errors
    /// Fails if a limit is exceeded, the recipients are mixed or missing, or the scope or the time
    /// cannot be written.
    pub fn seal(
        plaintext: &[u8],
        scope: &Scope,
        recipients: &[Recipient],
        sealed_at: SystemTime,
    ) -> Result<Self, SealError> {
        if plaintext.len() > MAX_VALUE_LEN {
            return Err(SealError::TooLong);
        }
        if !time::is_writable(sealed_at) {
            return Err(SealError::TimeOutOfRange);
        }
        scope.check()?;
        let recipients = recipient::distinct(recipients)?;
        let class = check_recipients(&recipients)?;
        let provenance = ProvenanceRecipient {
            provenance: Provenance {
                scope: scope.clone(),
                sealed_at,
                key_ids: recipients
                    .iter()
                    .map(|recipient| recipient.key_id())
                    .collect(),
            },
            class,
        };
        let file = encrypt(plaintext, &provenance, &recipients);
        Ok(Self::from_bytes(file).expect("what was checked above makes a well-formed header"))
    }

    /// Reads a sealed value as it stands in a manifest: base64 (RFC 4648), padded, on one line.
    ///
    /// # Errors
    /// Fails unless every rule of docs/format.md is kept that can be checked without a key.
    pub fn parse(base64: &str) -> Result<Self, MalformedError> {
        if base64.len() > MAX_BASE64_LEN {
            return Err(MalformedError::TooLong);
        }
        let file = BASE64_STANDARD
            .decode(base64)
            .map_err(|_| MalformedError::NotBase64)?;
        Self::from_bytes(file)
    }

    /// Reads a sealed value as the age file that it is.
    ///
    /// # Errors
    /// As [`SealedValue::parse`].
    pub fn from_bytes(file: Vec<u8>) -> Result<Self, MalformedError> {
        let header = Header::read(&file)?;
        Ok(Self { file, header })
    }

    /// The age file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.file
    }

    /// What stands behind the header of the age file: the value itself, encrypted. Sealing a value again
    /// changes it; a rewrap keeps it byte for byte.
    pub fn payload(&self) -> &[u8] {
        &self.file[self.header.header_len..]
    }

    /// The value as it stands in a manifest.
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.file)
    }

    /// What the value tells without any key. Only opening it shows whether that is authentic.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The plaintext, if a key of the ring opens the value and it belongs at `place`. The header is
    /// authenticated first, then the scope is compared, and only then is the payload decrypted.
    ///
    /// # Errors
    /// Fails if the ring has none of its keys, if it belongs elsewhere, or if it was changed.
    pub fn open(&self, ring: &KeyRing, place: &Place<'_>) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let unlocked = self.unlock(ring)?;
        if !self.header.scope.permits(place) {
            return Err(OpenError::ScopeMismatch {
                scope: self.header.scope.clone(),
            });
        }
        self.read_payload(unlocked)
    }

    /// Checks that a key of the ring opens the value and that no part of it was changed, wherever it
    /// may belong. The plaintext is wiped at once.
    ///
    /// # Errors
    /// As [`SealedValue::open`], but for the place.
    pub fn authenticate(&self, ring: &KeyRing) -> Result<(), OpenError> {
        self.read_payload(self.unlock(ring)?).map(drop)
    }

    fn read_payload(&self, unlocked: Unlocked<'_>) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        read_whole(unlocked.payload, self.header.plaintext_len)
            .map_err(|_| OpenError::Tampered(TamperedPart::Payload))
    }

    /// Unwraps the file key with the first of the value's keys that the ring has, and authenticates
    /// the header with it.
    pub(crate) fn unlock(&self, ring: &KeyRing) -> Result<Unlocked<'_>, OpenError> {
        let key = self
            .header
            .key_ids()
            .enumerate()
            .find_map(|(index, id)| Some(ChosenStanza::new(index, ring.get(&id)?)))
            .ok_or_else(|| OpenError::UnknownKey {
                key_ids: self.header.key_ids().collect(),
            })?;
        let file = HeaderFirst::new(&self.file, self.header.header_len);
        let payload = Decryptor::new_buffered(file)
            .and_then(|file| file.decrypt(iter::once(&key as &dyn age::Identity)))
            .map_err(|error| OpenError::Tampered(tampered_part(&error, key.identity.key_id())))?;
        Ok(Unlocked {
            file_key: key
                .file_key
                .into_inner()
                .expect("age decrypts only with a file key that the identity gave"),
            payload,
        })
    }
}

/// Compares the files; the headers are read from them.
impl PartialEq for SealedValue {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl Eq for SealedValue {}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealedValue").field(&self.header).finish()
    }
}

/// A value whose header is authentic.
pub(crate) struct Unlocked<'a> {
    pub(crate) file_key: FileKey,
    payload: StreamReader<HeaderFirst<'a>>,
}

/// The one stanza that an identity is to open, so that it does not try those of other keys.
struct ChosenStanza<'a> {
    /// Its place among the recipient stanzas, from 0.
    index: usize,
    identity: &'a Identity,
    /// The file key that came out of it.
    file_key: OnceCell<FileKey>,
}

impl<'a> ChosenStanza<'a> {
    const fn new(index: usize, identity: &'a Identity) -> Self {
        Self {
            index,
            identity,
            file_key: OnceCell::new(),
        }
    }
}

impl age::Identity for ChosenStanza<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.identity.unwrap_stanza(stanza).map(|unwrapped| {
            unwrapped.inspect(|file_key| {
                self.file_key.get_or_init(|| copy(file_key));
            })
        })
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        stanzas
            .iter()
            .filter(|stanza| Algorithm::of_stanza(&stanza.tag).is_some())
            .nth(self.index)
            .and_then(|stanza| self.unwrap_stanza(stanza))
    }
}

fn copy(file_key: &FileKey) -> FileKey {
    FileKey::init_with_mut(|copy| copy.copy_from_slice(file_key.expose_secret()))
}

fn tampered_part(error: &DecryptError, key_id: KeyId) -> TamperedPart {
    match error {
        DecryptError::InvalidMac => TamperedPart::Header,
        DecryptError::Io(_) => TamperedPart::Payload,
        _ => TamperedPart::Stanza(key_id),
    }
}

/// Checks the number of the recipients and that they are of one class, which is returned.
fn check_recipients(recipients: &[&Recipient]) -> Result<Algorithm, SealError> {
    if recipients.len() > MAX_RECIPIENTS {
        return Err(SealError::TooManyRecipients(recipients.len()));
    }
    let first = recipients.first().ok_or(SealError::NoRecipients)?;
    MixedRecipients::refuse(recipients.iter().copied())?;
    Ok(first.algorithm())
}

/// age's writer keeps the last chunk of the plaintext, up to 64 KiB, in a buffer that it does not
/// wipe: a program that must leave none behind uses a zeroizing allocator.
fn encrypt(
    plaintext: &[u8],
    provenance: &ProvenanceRecipient,
    recipients: &[&Recipient],
) -> Vec<u8> {
    let recipients = recipients
        .iter()
        .map(|&recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(iter::once(provenance as _).chain(recipients))
        .expect("recipients of one class have equal labels");
    let mut file = Vec::new();
    encryptor
        .wrap_output(&mut file)
        .and_then(|mut payload| {
            payload.write_all(plaintext)?;
            payload.finish()
        })
        .expect("writing to memory does not fail");
    file
}

/// Reads exactly `len` bytes up to the end of the stream, into a buffer that is never moved: growing
/// it would leave pieces of the plaintext behind.
fn read_whole(mut stream: impl Read, len: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut plaintext = Zeroizing::new(vec![0; len]);
    stream.read_exact(&mut plaintext)?;
    match stream.read(&mut [0])? {
        0 => Ok(plaintext),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
