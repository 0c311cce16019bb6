//! The text of an age v1 header (C2SP age.md): reading it strictly, writing it, authenticating it.
//! What the stanzas mean stands elsewhere.

use std::ops::Range;

use age_core::format::{AgeStanza, FileKey, Stanza, read, write};
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::MalformedError;

/// The longest header, in bytes: all in front of the payload.
pub const MAX_HEADER_LEN: usize = 64 * 1024;

const MAGIC: &[u8] = b"age-encryption.org/";
const VERSION_LINE: &[u8] = b"v1\n";
const STANZA_START: &[u8] = b"-> ";
const MAC_START: &[u8] = b"---";

/// " ", the 43 characters of the MAC, and the end of the line.
const MAC_REST_LEN: usize = 45;

/// A header as read, borrowed from the file.
pub(crate) struct AgeHeader<'a> {
    pub(crate) stanzas: Vec<PlacedStanza<'a>>,
    /// The length of the whole header, in bytes: the payload starts here.
    pub(crate) len: usize,
}

/// A stanza, and where its text stands in the file.
pub(crate) struct PlacedStanza<'a> {
    pub(crate) stanza: AgeStanza<'a>,
    pub(crate) span: Range<usize>,
}

impl<'a> AgeHeader<'a> {
    /// Reads the header at the start of `file`. The older spelling of stanza bodies that the `age`
    /// crate still takes (without the final short line) is refused, as the specification wants.
    pub(crate) fn read(file: &'a [u8]) -> Result<Self, MalformedError> {
        let limited = &file[..file.len().min(MAX_HEADER_LEN)];
        Self::read_limited(limited).map_err(|error| match error {
            MalformedError::Truncated if file.len() > limited.len() => {
                MalformedError::HeaderTooLong
            }
            error => error,
        })
    }

    fn read_limited(file: &'a [u8]) -> Result<Self, MalformedError> {
        let mut rest = read_version(file)?;
        let mut stanzas = Vec::new();
        while rest.starts_with(STANZA_START) {
            let (after, stanza) = read::age_stanza(rest).map_err(|error| match error {
                error if error.is_incomplete() => MalformedError::Truncated,
                _ => MalformedError::BadHeader,
            })?;
            let span = file.len() - rest.len()..file.len() - after.len();
            stanzas.push(PlacedStanza { stanza, span });
            rest = after;
        }
        let payload = read_mac(rest)?;
        if stanzas.is_empty() {
            return Err(MalformedError::BadHeader);
        }
        Ok(Self {
            stanzas,
            len: file.len() - payload.len(),
        })
    }
}

/// What follows the version line.
fn read_version(file: &[u8]) -> Result<&[u8], MalformedError> {
    let version = match file.strip_prefix(MAGIC) {
        Some(version) => version,
        None if MAGIC.starts_with(file) && !file.is_empty() => {
            return Err(MalformedError::Truncated);
        }
        None => return Err(MalformedError::NotAge),
    };
    if let Some(rest) = version.strip_prefix(VERSION_LINE) {
        return Ok(rest);
    }
    let line = version
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    match line {
        _ if line.len() == version.len() => Err(MalformedError::Truncated),
        [b'v', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            Err(MalformedError::NewerVersion)
        }
        _ => Err(MalformedError::BadHeader),
    }
}

/// What follows the line of the MAC.
fn read_mac(rest: &[u8]) -> Result<&[u8], MalformedError> {
    let Some(after) = rest.strip_prefix(MAC_START) else {
        let cut = STANZA_START.starts_with(rest) || MAC_START.starts_with(rest);
        return Err(if cut {
            MalformedError::Truncated
        } else {
            MalformedError::BadHeader
        });
    };
    let Some((line, payload)) = after.split_at_checked(MAC_REST_LEN) else {
        return Err(MalformedError::Truncated);
    };
    let mac = line
        .strip_prefix(b" ")
        .and_then(|line| line.strip_suffix(b"\n"))
        .and_then(|mac| BASE64_STANDARD_NO_PAD.decode(mac).ok());
    mac.map(|_| payload).ok_or(MalformedError::BadHeader)
}

/// Writes a header of stanzas, some of which are taken over as text.
pub(crate) struct HeaderWriter(Vec<u8>);

impl HeaderWriter {
    pub(crate) fn new() -> Self {
        Self([MAGIC, VERSION_LINE].concat())
    }

    /// Adds the text of a stanza as it was read.
    pub(crate) fn stanza_text(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// Adds a stanza.
    pub(crate) fn stanza(&mut self, stanza: &Stanza) {
        let writer = write::age_stanza(&stanza.tag, &stanza.args, &stanza.body);
        cookie_factory::gen_simple(writer, &mut self.0).expect("writing to memory does not fail");
    }

    /// Ends the header with its MAC, keyed by the file key.
    pub(crate) fn finish(mut self, file_key: &FileKey) -> Vec<u8> {
        self.0.extend_from_slice(MAC_START);
        let key = Zeroizing::new(hkdf(&[], b"header", file_key.expose_secret()));
        let mac = Hmac::<Sha256>::new_from_slice(&*key)
            .expect("HMAC takes keys of any length")
            .chain_update(&self.0)
            .finalize()
            .into_bytes();
        self.0.push(b' ');
        self.0
            .extend_from_slice(BASE64_STANDARD_NO_PAD.encode(mac).as_bytes());
        self.0.push(b'\n');
        self.0
    }
}
