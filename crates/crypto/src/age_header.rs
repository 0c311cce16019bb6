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

/// The bytes of an HMAC-SHA256.
const MAC_LEN: usize = 32;

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
    match split_line(version)? {
        (b"v1", rest) => Ok(rest),
        ([b'v', digits @ ..], _) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
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
    let (line, payload) = split_line(after)?;
    line.strip_prefix(b" ")
        .and_then(|mac| BASE64_STANDARD_NO_PAD.decode(mac).ok())
        .filter(|mac| mac.len() == MAC_LEN)
        .map(|_| payload)
        .ok_or(MalformedError::BadHeader)
}

/// The first line, without its end, and what follows it.
fn split_line(text: &[u8]) -> Result<(&[u8], &[u8]), MalformedError> {
    let end = text.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or(MalformedError::Truncated)?;
    Ok((&text[..end], &text[end + 1..]))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const STANZA: &str = "-> X25519 abc\nbGFzdA\n";
    const MAC: &str = "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

    fn header(stanzas: &str) -> String {
        format!("age-encryption.org/v1\n{stanzas}{MAC}")
    }

    #[test]
    fn stanzas_are_read_with_the_place_of_their_text() {
        let file = header(&format!("-> empty\n\n{STANZA}")) + "payload";
        let header = AgeHeader::read(file.as_bytes()).unwrap();
        let tags: Vec<&str> = header.stanzas.iter().map(|s| s.stanza.tag).collect();
        assert_eq!(tags, ["empty", "X25519"]);
        assert_eq!(&file[header.stanzas[1].span.clone()], STANZA);
        assert_eq!(header.stanzas[1].stanza.body(), b"last");
        assert_eq!(&file[header.len..], "payload");
    }

    #[test]
    fn a_damaged_header_is_refused_with_its_reason() {
        use MalformedError::{BadHeader, NewerVersion, NotAge, Truncated};
        let full_line = "A".repeat(64);
        for (file, error) in [
            (String::new(), NotAge),
            ("hunter2".to_owned(), NotAge),
            ("age-encryption.org".to_owned(), Truncated),
            ("age-encryption.org/v".to_owned(), Truncated),
            ("age-encryption.org/v1".to_owned(), Truncated),
            ("age-encryption.org/v2\n".to_owned(), NewerVersion),
            ("age-encryption.org/v10\nanything".to_owned(), NewerVersion),
            ("age-encryption.org/v1\r\n".to_owned(), BadHeader),
            ("age-encryption.org/1\n".to_owned(), BadHeader),
            (header(""), BadHeader),
            (header("X25519 abc\n\n"), BadHeader),
            (header("->X25519 abc\n\n"), BadHeader),
            (header("-> X25519  abc\n\n"), BadHeader),
            (header("-> X25519 abc \n\n"), BadHeader),
            (header("-> X25519 \u{e9}\n\n"), BadHeader),
            (header("-> X25519 abc\r\n\n"), BadHeader),
            (header("-> X25519 abc\n"), BadHeader),
            (header("-> X25519 abc\nbGFzdA==\n"), BadHeader),
            (header("-> X25519 abc\nbGFzdB\n"), BadHeader),
            (header("-> X25519 abc\nbGFz\nbGFz\n"), BadHeader),
            (header(&format!("-> X25519 abc\n{full_line}\n")), BadHeader),
            (header(STANZA).replace("--- ", "---"), BadHeader),
            (header(STANZA).replace("--- ", "---  "), BadHeader),
            (header(STANZA).replace("AAA\n", "AAB\n"), BadHeader),
            (header(STANZA).replace("AAA\n", "A==\n"), BadHeader),
        ] {
            let read = AgeHeader::read(file.as_bytes());
            assert_eq!(read.err(), Some(error), "{file:?}");
        }
    }

    #[test]
    fn a_header_cut_short_anywhere_is_told_from_a_damaged_one() {
        let whole = header(STANZA);
        for len in 1..whole.len() {
            let read = AgeHeader::read(&whole.as_bytes()[..len]);
            assert_eq!(read.err(), Some(MalformedError::Truncated), "{len}");
        }
    }

    #[test]
    fn a_header_may_be_as_long_as_the_limit_and_no_longer() {
        let room = MAX_HEADER_LEN - header("-> \n\n").len();
        let longest = header(&format!("-> {}\n\n", "x".repeat(room)));
        assert_eq!(longest.len(), MAX_HEADER_LEN);
        assert!(AgeHeader::read(longest.as_bytes()).is_ok());
        let longer = header(&format!("-> {}\n\n", "x".repeat(room + 1)));
        assert_eq!(
            AgeHeader::read(longer.as_bytes()).err(),
            Some(MalformedError::HeaderTooLong)
        );
    }

    proptest! {
        #[test]
        fn no_input_makes_reading_a_header_panic(file in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = AgeHeader::read(&file);
            let _ = AgeHeader::read(&[MAGIC, VERSION_LINE, STANZA_START, &file].concat());
        }
    }
}
