//! `waxwing textconv`: a file in which every sealed value is words, for `git diff`.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use waxwing_crypto::SealedValue;

use crate::diagnostic::Failure;
use crate::input::Source;
use crate::item_report::in_words;
use crate::output;

/// How the base64 of every age file begins: "age-encryption.org/".
const START: &[u8] = b"YWdlLWVuY3J5cHRpb24ub3Jn";

/// How many bytes of a payload's digest are shown: enough to see that it changed.
const SHOWN_BYTES: usize = 4;

const EXAMPLES: &str = "\
Examples:
  waxwing textconv db.yaml
  waxwing init --git && git log -p db.yaml";

/// Print a file with every sealed value in words, as git diff wants it
///
/// In place of a sealed value stands when, for which place and to which keys it was sealed, and a
/// digest of its ciphertext, which changes when the value is sealed anew and stays when it is
/// resealed. Everything else stays byte for byte, in whatever kind of file; nothing is ever refused,
/// and no key is needed. `waxwing init --git` makes git use it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file, or - for standard input
    file: PathBuf,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let bytes = Source::from(args.file).read_bytes(usize::MAX)?;
    Ok(output::write_stdout(&readable(&bytes))?)
}

fn readable(mut rest: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(rest.len());
    while let Some(at) = rest.windows(START.len()).position(|window| window == START) {
        let len = rest[at..].iter().take_while(|byte| is_base64(**byte));
        let (before, found) = rest.split_at(at);
        let (base64, after) = found.split_at(len.count());
        text.extend_from_slice(before);
        match words(base64) {
            Some(words) => text.extend_from_slice(words.as_bytes()),
            None => text.extend_from_slice(base64),
        }
        rest = after;
    }
    text.extend_from_slice(rest);
    text
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

fn words(base64: &[u8]) -> Option<String> {
    let value = SealedValue::parse(std::str::from_utf8(base64).ok()?).ok()?;
    let digest = Sha256::digest(value.payload());
    let shown: String = digest
        .iter()
        .take(SHOWN_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(format!("{}, ciphertext {shown}", in_words(&value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::{Duration, SystemTime};

    use waxwing_crypto::{Algorithm, Identity, KeyRing, Scope};

    use super::*;

    fn seal(identity: &Identity) -> SealedValue {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_500_000);
        let recipient = identity.recipient().clone();
        SealedValue::seal(b"value", &Scope::Cluster, &[recipient], time).unwrap()
    }

    fn read(text: &str) -> String {
        String::from_utf8(readable(text.as_bytes())).unwrap()
    }

    #[test]
    fn the_words_change_when_a_value_is_sealed_anew_and_keep_their_digest_when_it_is_resealed() {
        let [old, new] = std::array::from_fn(|_| Identity::generate(Algorithm::X25519));
        let value = seal(&old);
        let mut ring = KeyRing::default();
        ring.insert(old);
        let resealed = value.rewrap(&ring, new.recipient()).unwrap();
        let anew = seal(&new);
        let [value, resealed, anew] = [value, resealed, anew].map(|value| read(&value.to_base64()));
        let head = "sealed 2026-11-24T06:00:00Z, cluster, key ";
        assert!(value.starts_with(head), "{value}");
        let digest = |words: &str| words.rsplit_once(", ciphertext ").unwrap().1.to_owned();
        assert_ne!(value, resealed);
        assert_eq!(digest(&value), digest(&resealed));
        assert_ne!(digest(&resealed), digest(&anew));
    }

    #[test]
    fn everything_but_sealed_values_stays_byte_for_byte() {
        let value = seal(&Identity::generate(Algorithm::X25519)).to_base64();
        let words = read(&value);
        for (around, is_read) in [
            ("a: {}\r\n# c\n", true),
            ("<<<<<<< HEAD\n  a: \"{}\"\n=======\n", true),
            ("{\"a\":\"{}\",\"b\":\"{}\"}", true),
            ("a: {}=\n", false),
            ("a: \u{feff}plain\n", true),
        ] {
            let text = around.replace("{}", &value);
            let expected = if is_read {
                around.replace("{}", &words)
            } else {
                text.clone()
            };
            assert_eq!(read(&text), expected, "{around:?}");
        }
        let binary = [&[0, 255, 13, 10], START, &[0]].concat();
        assert_eq!(readable(&binary), binary);
    }
}
