//! Private keys in any text, found by their marks. Fast: no text is decoded or parsed.

use memchr::memmem;

/// The mark of age's own identities, classic and post-quantum, and of those of plugins.
const IDENTITY_MARKS: [&[u8]; 2] = [b"AGE-SECRET-KEY-", b"AGE-PLUGIN-"];

/// The fewest characters of a bech32 checksum and of the data before it: what documents show in place
/// of an identity is shorter.
const MIN_IDENTITY_LEN: usize = 12;

const PEM_BEGIN: &[u8] = b"-----BEGIN ";
const PEM_END: &[u8] = b"-----END ";
const PEM_LABEL_ENDS: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];

/// The longest label of PEM that is looked for, with its dashes, in bytes.
const MAX_LABEL_LEN: usize = 64;

/// How far the end of a private key is looked for, in bytes: the largest RSA keys have some 13,000.
const MAX_PEM_LEN: usize = 32 * 1024;

/// The fewest characters of base64 that a private key has: 32 bytes.
const MIN_BODY_LEN: usize = 43;

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    AgeIdentity,
    PemKey,
}

/// A private key in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leak {
    pub(super) kind: Kind,
    /// The line that it starts on, from 1.
    pub(super) line: usize,
}

/// All private keys in a text, at most one of each kind on a line.
pub(super) fn search(text: &[u8]) -> Vec<Leak> {
    let identities = IDENTITY_MARKS
        .iter()
        .flat_map(|mark| memmem::find_iter(text, *mark).map(|at| (at, at + mark.len())))
        .filter(|&(_, rest)| is_identity(&text[rest..]))
        .map(|(at, _)| (at, Kind::AgeIdentity));
    let keys = memmem::find_iter(text, PEM_BEGIN)
        .filter(|at| is_private_key(&text[at + PEM_BEGIN.len()..]))
        .map(|at| (at, Kind::PemKey));
    let mut found: Vec<(usize, Kind)> = identities.chain(keys).collect();
    found.sort_by_key(|(at, _)| *at);
    let mut leaks = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for (at, kind) in found {
        line += memchr::memchr_iter(b'\n', &text[counted..at]).count();
        counted = at;
        let leak = Leak { kind, line };
        if !leaks.contains(&leak) {
            leaks.push(leak);
        }
    }
    leaks
}

/// Whether what follows a mark is the rest of an identity: a name, `1`, and characters of bech32.
fn is_identity(rest: &[u8]) -> bool {
    let is_word = |byte: &&u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-');
    let word = &rest[..rest.iter().take_while(is_word).count()];
    // The data of bech32 has no 1, so the last one ends the name.
    let data = memchr::memrchr(b'1', word).map(|one| &word[one + 1..]);
    data.is_some_and(|data| {
        data.len() >= MIN_IDENTITY_LEN && !data.iter().any(|byte| b"BIO-".contains(byte))
    })
}

/// Whether what follows `-----BEGIN ` is a private key, and not only the mention of one.
fn is_private_key(rest: &[u8]) -> bool {
    let label = &rest[..rest.len().min(MAX_LABEL_LEN)];
    let Some(label_len) = label_len(label) else {
        return false;
    };
    let body = &rest[label_len..rest.len().min(MAX_PEM_LEN)];
    let body = &body[..memmem::find(body, PEM_END).unwrap_or(body.len())];
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // One line of it may be all that there is, and prose has blanks.
    body.split(|byte| !is_base64(&byte))
        .any(|word| word.len() >= MIN_BODY_LEN)
}

/// The length of a label that ends as those of private keys do.
fn label_len(label: &[u8]) -> Option<usize> {
    let ends = PEM_LABEL_ENDS.iter();
    let lens = ends.filter_map(|end| Some(memmem::find(label, end)? + end.len()));
    let len = lens.min()?;
    let words = &label[..len];
    let is_label = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'-');
    words.iter().all(is_label).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::Kind::{AgeIdentity, PemKey};
    use super::*;

    fn found(text: &str) -> Vec<(usize, Kind)> {
        let leaks = search(text.as_bytes()).into_iter();
        leaks.map(|leak| (leak.line, leak.kind)).collect()
    }

    fn pem(label: &str, line_break: &str) -> String {
        let line = "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        format!("-----BEGIN {label}-----{line_break}{line}{line_break}-----END {label}-----")
    }

    #[test]
    fn identities_of_every_kind_are_found_with_their_lines() {
        let data = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE";
        let text = format!(
            "# public key: age1\nAGE-SECRET-KEY-1{data}\r\n\nkey: \"AGE-SECRET-KEY-PQ-1{data}\"\n\
             AGE-PLUGIN-YUBIKEY-1{data} AGE-SECRET-KEY-1{data}"
        );
        let lines = [2, 4, 5].map(|line| (line, AgeIdentity));
        assert_eq!(found(&text), lines);
    }

    #[test]
    fn private_keys_are_found_in_any_wrapping() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            for line_break in ["\n", "\r\n", "\\n", "\n    "] {
                let text = format!("x\n  key: {}\n", pem(label, line_break));
                assert_eq!(found(&text), [(2, PemKey)], "{text}");
            }
        }
        let cut = pem("PRIVATE KEY", "\n").replace("-----END", "");
        assert_eq!(found(&cut), [(1, PemKey)]);
        let two = format!("{0}\n{0}\n", pem("PRIVATE KEY", "\n"));
        assert_eq!(found(&two), [(1, PemKey), (4, PemKey)]);
    }

    #[test]
    fn mentions_of_keys_and_public_things_are_not_found() {
        for text in [
            String::new(),
            "AGE-SECRET-KEY-1…, AGE-SECRET-KEY-PQ-1..., AGE-PLUGIN-NAME-1QQQ".to_owned(),
            "const MARK: &str = \"AGE-SECRET-KEY-1\"; AGE-SECRET-KEY-".to_owned(),
            "AGE-SECRET-KEY-1BBBBBBBBBBBBBBBBBBBBBBBBBB".to_owned(),
            "-----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY----- are its first lines"
                .to_owned(),
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n".to_owned(),
            "-----BEGIN ".to_owned(),
            pem("CERTIFICATE", "\n"),
            pem("PUBLIC KEY", "\n"),
            format!(
                "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n{}",
                pem("X", "\n")
            ),
        ] {
            assert_eq!(found(&text), [], "{text}");
        }
    }
}
