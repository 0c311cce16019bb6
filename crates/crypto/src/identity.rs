//! Private keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use age::DecryptError;
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret;
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::xwing::{self, DecapsulationKey};
use crate::{Algorithm, KeyId, Recipient, bech32, hybrid};

/// The human-readable part of an X25519 identity, `AGE-SECRET-KEY-1…`, in lower case.
const X25519_HRP: &str = "age-secret-key-";

/// A private key, wiped from memory when its last clone is dropped. Its text form is age's:
/// `AGE-SECRET-KEY-PQ-1…` or `AGE-SECRET-KEY-1…`.
#[derive(Clone)]
pub struct Identity {
    secret: Secret,
    recipient: Recipient,
}

#[derive(Clone)]
enum Secret {
    MlKem768X25519(Arc<DecapsulationKey>),
    X25519(age::x25519::Identity),
}

impl Identity {
    /// A new key pair, from the random numbers of the operating system.
    pub fn generate(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::MlKem768X25519 => {
                let mut seed = Zeroizing::new([0; xwing::SEED_LEN]);
                OsRng.fill_bytes(&mut *seed);
                Self::hybrid(seed)
            }
            Algorithm::X25519 => Self::x25519(age::x25519::Identity::generate()),
        }
    }

    fn hybrid(seed: Zeroizing<[u8; xwing::SEED_LEN]>) -> Self {
        let key = DecapsulationKey::from_seed(seed);
        Self {
            recipient: Recipient::hybrid(key.encapsulation_key()),
            secret: Secret::MlKem768X25519(Arc::new(key)),
        }
    }

    fn x25519(key: age::x25519::Identity) -> Self {
        Self {
            recipient: Recipient::x25519(key.to_public()),
            secret: Secret::X25519(key),
        }
    }

    /// The recipient type.
    pub const fn algorithm(&self) -> Algorithm {
        self.recipient.algorithm()
    }

    /// The public half.
    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The name of the key pair.
    pub const fn key_id(&self) -> KeyId {
        self.recipient.key_id()
    }

    /// The text form, which opens everything that was sealed to the key: handle it as such.
    pub fn to_secret_string(&self) -> Zeroizing<String> {
        match &self.secret {
            Secret::MlKem768X25519(key) => {
                let mut text = bech32::encode(hybrid::IDENTITY_HRP, &**key.seed());
                text.make_ascii_uppercase();
                text
            }
            Secret::X25519(key) => Zeroizing::new(key.to_string().expose_secret().to_owned()),
        }
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        match &self.secret {
            Secret::MlKem768X25519(key) => key.unwrap_stanza(stanza),
            Secret::X25519(key) => key.unwrap_stanza(stanza),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why a text is no identity. Never holds any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdentityError {
    /// No Bech32 string, or one with a typing error.
    #[error(
        "not an identity, or mistyped; an identity starts with AGE-SECRET-KEY- and is copied whole"
    )]
    NotBech32,
    /// A public key in place of a private one.
    #[error(
        "this is a recipient (a public key), not an identity; give the file that holds the private key"
    )]
    Recipient,
    /// Another type of age identity.
    #[error("unknown type of identity; use AGE-SECRET-KEY-PQ-1… or AGE-SECRET-KEY-1…")]
    UnknownType,
    /// Not in upper case.
    #[error("an identity is written in upper case; copy it as it was printed")]
    NotUpperCase,
    /// The right form, but not 32 bytes long.
    #[error("not a valid private key; copy the identity again, from a backup if need be")]
    InvalidKey,
}

impl FromStr for Identity {
    type Err = ParseIdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hrp, bytes) = bech32::decode(text).ok_or(ParseIdentityError::NotBech32)?;
        if hrp.starts_with("age1") || hrp == "age" {
            return Err(ParseIdentityError::Recipient);
        }
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(ParseIdentityError::NotUpperCase);
        }
        match hrp.as_str() {
            hybrid::IDENTITY_HRP => <[u8; xwing::SEED_LEN]>::try_from(bytes.as_slice())
                .ok()
                .map(|seed| Self::hybrid(Zeroizing::new(seed))),
            X25519_HRP => text.parse().ok().map(Self::x25519),
            _ => return Err(ParseIdentityError::UnknownType),
        }
        .ok_or(ParseIdentityError::InvalidKey)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ALGORITHMS: [Algorithm; 2] = [Algorithm::MlKem768X25519, Algorithm::X25519];

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        for algorithm in ALGORITHMS {
            let identity = Identity::generate(algorithm);
            let read: Identity = identity.to_secret_string().parse().unwrap();
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.recipient(), identity.recipient());
            assert_eq!(read.to_secret_string(), identity.to_secret_string());
        }
    }

    #[test]
    fn identities_start_as_those_of_age_do() {
        let hybrid = Identity::generate(Algorithm::MlKem768X25519);
        assert!(hybrid.to_secret_string().starts_with("AGE-SECRET-KEY-PQ-1"));
        let x25519 = Identity::generate(Algorithm::X25519);
        assert!(x25519.to_secret_string().starts_with("AGE-SECRET-KEY-1"));
    }

    #[test]
    fn debug_output_shows_no_key() {
        let identity = Identity::generate(Algorithm::X25519);
        assert_eq!(format!("{identity:?}"), "[redacted]");
        assert!(!format!("{:?}", crate::KeyRing::from_iter([identity])).contains("SECRET"));
    }

    #[test]
    fn what_is_no_identity_is_refused_with_its_reason() {
        let identity = Identity::generate(Algorithm::X25519);
        let text = identity.to_secret_string();
        let mut mistyped = text.to_string();
        mistyped.pop();
        for (text, error) in [
            (String::new(), ParseIdentityError::NotBech32),
            ("hunter2".to_owned(), ParseIdentityError::NotBech32),
            (mistyped, ParseIdentityError::NotBech32),
            (
                identity.recipient().to_string(),
                ParseIdentityError::Recipient,
            ),
            (text.to_lowercase(), ParseIdentityError::NotUpperCase),
            (
                bech32::encode("age-plugin-yubikey-", &[7; 20]).to_uppercase(),
                ParseIdentityError::UnknownType,
            ),
            (
                bech32::encode(X25519_HRP, &[7; 31]).to_uppercase(),
                ParseIdentityError::InvalidKey,
            ),
            (
                bech32::encode(hybrid::IDENTITY_HRP, &[7; 33]).to_uppercase(),
                ParseIdentityError::InvalidKey,
            ),
        ] {
            assert_eq!(text.parse::<Identity>().unwrap_err(), error, "{text}");
        }
    }
}
