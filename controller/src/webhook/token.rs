//! The unguessable path of the webhook.
//!
//! An API server does not say who it is, and whoever reaches the Pod's network could ask in its place. So the
//! path is a secret that only those learn who may read the webhook's Secret or its configuration.

use rand::RngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// In bytes.
const LENGTH: usize = 32;

/// 256 random bits in lower-case hex: each part of a path of a Service has to be a DNS subdomain.
#[derive(PartialEq, Eq)]
pub(super) struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        OsRng.fill_bytes(&mut *bytes);
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Self(Zeroizing::new(digits.collect()))
    }

    /// `None`: it is none that was generated here.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_token = text.len() == 2 * LENGTH && text.bytes().all(is_digit);
        is_token.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a URL that it stands for.
    pub(super) fn path(&self) -> String {
        format!("/{}", *self.0)
    }

    /// Whether that path of a URL is the one; takes as long for every path of its length.
    pub(super) fn opens(&self, path: &str) -> bool {
        let given = path.strip_prefix('/').unwrap_or_default();
        given.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_its_own_path_opens() {
        let token = Token::generate();
        assert!(token.opens(&token.path()));
        let other = Token::generate().path();
        let path = token.path();
        let (shorter, longer) = (&path[..path.len() - 1], format!("{path}0"));
        let nearly = format!("{shorter}{}", if path.ends_with('0') { '1' } else { '0' });
        for wrong in ["", "/", &other, shorter, &longer, &nearly, &path[1..]] {
            assert!(!token.opens(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let token = Token::generate();
        assert!(Token::read(token.as_str().as_bytes()).unwrap() == token);
        for wrong in [
            "",
            "guessable",
            &"0".repeat(63),
            &"0".repeat(65),
            &"F".repeat(64),
        ] {
            assert!(Token::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
