//! Public keys.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use age::EncryptError;
use age_core::format::{FileKey, Stanza};
use x25519_dalek::PublicKey;

use crate::xwing::{EncapsulationKey, is_contributory};
use crate::{Algorithm, KeyId, bech32, hybrid};

/// The human-readable part of an X25519 recipient, `age1…`.
const X25519_HRP: &str = "age";

/// How much of a long recipient string an error shows.
const SHOWN_PREFIX: usize = 24;

/// A public key that values can be sealed to. Its text form is age's: `age1pq1…` or `age1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    key: Key,
    id: KeyId,
}

#[derive(Clone, PartialEq, Eq)]
enum Key {
    MlKem768X25519(Arc<EncapsulationKey>),
    X25519(age::x25519::Recipient),
}

impl Recipient {
    pub(crate) fn hybrid(key: EncapsulationKey) -> Self {
        Self::new(Key::MlKem768X25519(Arc::new(key)))
    }

    pub(crate) fn x25519(key: age::x25519::Recipient) -> Self {
        Self::new(Key::X25519(key))
    }

    fn new(key: Key) -> Self {
        let id = KeyId::of_recipient(&key.to_string());
        Self { key, id }
    }

    /// The recipient type.
    pub const fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::MlKem768X25519(_) => Algorithm::MlKem768X25519,
            Key::X25519(_) => Algorithm::X25519,
        }
    }

    /// The name of the key pair.
    pub const fn key_id(&self) -> KeyId {
        self.id
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        match &self.key {
            Key::MlKem768X25519(key) => key.wrap_file_key(file_key),
            Key::X25519(key) => key.wrap_file_key(file_key),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MlKem768X25519(key) => {
                f.write_str(&bech32::encode(hybrid::RECIPIENT_HRP, &key.to_bytes()))
            }
            Self::X25519(key) => key.fmt(f),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({} {})", self.algorithm(), self.id)
    }
}

/// Why a text is no recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseRecipientError {
    /// No Bech32 string, or one with a typing error.
    #[error("not a recipient, or mistyped; a recipient starts with age1 and is copied whole")]
    NotBech32,
    /// A private key in place of a public one.
    #[error(
        "this is an identity (a private key), not a recipient; print its recipient with `waxwing keygen -y FILE`"
    )]
    Identity,
    /// Another type of age recipient.
    #[error("unknown type of recipient; use age1pq1… or age1…")]
    UnknownType,
    /// Not in lower case: a recipient has one spelling only, because its key id is a hash of it.
    #[error("a recipient is written in lower case; copy it as it was printed")]
    NotLowerCase,
    /// The right form, but no key that anything may be sealed to.
    #[error("not a valid public key; ask for the recipient again")]
    InvalidKey,
}

impl FromStr for Recipient {
    type Err = ParseRecipientError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hrp, bytes) = bech32::decode(text).ok_or(ParseRecipientError::NotBech32)?;
        if hrp.starts_with("age-secret-key-") {
            return Err(ParseRecipientError::Identity);
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ParseRecipientError::NotLowerCase);
        }
        match hrp.as_str() {
            hybrid::RECIPIENT_HRP => EncapsulationKey::from_bytes(&bytes).map(Self::hybrid),
            X25519_HRP => parse_x25519(text, &bytes).map(Self::x25519),
            _ => return Err(ParseRecipientError::UnknownType),
        }
        .ok_or(ParseRecipientError::InvalidKey)
    }
}

fn parse_x25519(text: &str, bytes: &[u8]) -> Option<age::x25519::Recipient> {
    let point: [u8; 32] = bytes.try_into().ok()?;
    // age panics when it wraps a file key for a point of low order.
    is_contributory(&PublicKey::from(point)).then(|| text.parse().ok())?
}

/// The recipients in their order, without repetitions.
pub(crate) fn distinct(recipients: &[Recipient]) -> Result<Vec<&Recipient>, AmbiguousKeyId> {
    let mut distinct: Vec<&Recipient> = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        match distinct.iter().find(|earlier| earlier.id == recipient.id) {
            None => distinct.push(recipient),
            Some(&earlier) if earlier == recipient => {}
            Some(_) => return Err(AmbiguousKeyId(recipient.id)),
        }
    }
    Ok(distinct)
}

/// Two different recipients with the same key id. It does not happen by chance, but it can be made
/// to, with some billions of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two different recipients have the key id {0}; find out where they come from")]
pub struct AmbiguousKeyId(pub KeyId);

/// Post-quantum and classic recipients together: the classic ones would undo what the others are for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "post-quantum and classic recipients cannot be mixed: {} is {}, unlike the others; leave it out or replace it",
    abbreviated(.odd),
    class(.odd.algorithm())
)]
pub struct MixedRecipients {
    /// The recipient that does not fit.
    pub odd: Recipient,
}

impl MixedRecipients {
    /// Refuses recipients of more than one class. The odd one is of the class with fewer members,
    /// or classic if there are as many of each.
    ///
    /// # Errors
    /// Itself, with the odd one.
    pub fn refuse<'a>(recipients: impl IntoIterator<Item = &'a Recipient>) -> Result<(), Self> {
        let (classic, post_quantum): (Vec<&Recipient>, Vec<&Recipient>) = recipients
            .into_iter()
            .partition(|recipient| recipient.algorithm() == Algorithm::X25519);
        let odd = if classic.len() <= post_quantum.len() {
            classic
        } else {
            post_quantum
        };
        match odd.first() {
            Some(&odd) => Err(Self { odd: odd.clone() }),
            None => Ok(()),
        }
    }
}

const fn class(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::MlKem768X25519 => "post-quantum",
        Algorithm::X25519 => "classic",
    }
}

/// The recipient string, cut short where it runs to two thousand characters.
fn abbreviated(recipient: &Recipient) -> String {
    let text = recipient.to_string();
    match recipient.algorithm() {
        Algorithm::MlKem768X25519 => {
            format!("{}… (key id {})", &text[..SHOWN_PREFIX], recipient.key_id())
        }
        Algorithm::X25519 => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Identity;

    fn recipient(algorithm: Algorithm) -> Recipient {
        Identity::generate(algorithm).recipient().clone()
    }

    #[test]
    fn a_recipient_is_read_as_it_was_written() {
        for algorithm in [Algorithm::MlKem768X25519, Algorithm::X25519] {
            let recipient = recipient(algorithm);
            let read: Recipient = recipient.to_string().parse().unwrap();
            assert_eq!(read, recipient);
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.key_id(), recipient.key_id());
        }
    }

    #[test]
    fn recipients_start_as_those_of_age_do() {
        let hybrid = recipient(Algorithm::MlKem768X25519).to_string();
        assert!(hybrid.starts_with("age1pq1"));
        assert_eq!(hybrid.len(), 1959);
        let x25519 = recipient(Algorithm::X25519).to_string();
        assert!(x25519.starts_with("age1"));
        assert_eq!(x25519.len(), 62);
    }

    #[test]
    fn what_is_no_recipient_is_refused_with_its_reason() {
        let good = recipient(Algorithm::X25519).to_string();
        let identity = Identity::generate(Algorithm::X25519).to_secret_string();
        let mut mistyped = good.clone();
        mistyped.pop();
        for (text, error) in [
            (String::new(), ParseRecipientError::NotBech32),
            (
                "ssh-ed25519 AAAA".to_owned(),
                ParseRecipientError::NotBech32,
            ),
            (mistyped, ParseRecipientError::NotBech32),
            (identity.to_string(), ParseRecipientError::Identity),
            (good.to_uppercase(), ParseRecipientError::NotLowerCase),
            (
                bech32::encode("age1yubikey", &[7; 33]).to_string(),
                ParseRecipientError::UnknownType,
            ),
            (
                bech32::encode(X25519_HRP, &[7; 31]).to_string(),
                ParseRecipientError::InvalidKey,
            ),
            (
                bech32::encode(hybrid::RECIPIENT_HRP, &[0xff; 1216]).to_string(),
                ParseRecipientError::InvalidKey,
            ),
        ] {
            assert_eq!(text.parse::<Recipient>().unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn a_point_of_low_order_is_no_recipient() {
        let mut one = [0; 32];
        one[0] = 1;
        for point in [[0; 32], one] {
            let text = bech32::encode(X25519_HRP, &point);
            assert_eq!(
                text.parse::<Recipient>().unwrap_err(),
                ParseRecipientError::InvalidKey
            );
        }
    }

    #[test]
    fn a_repeated_recipient_counts_once_and_two_of_the_same_key_id_are_refused() {
        let [one, two] = [(); 2].map(|()| recipient(Algorithm::X25519));
        let both = [one.clone(), two.clone(), one.clone()];
        assert_eq!(distinct(&both), Ok(vec![&one, &two]));
        let disguised = Recipient { id: one.id, ..two };
        assert_eq!(
            distinct(&[one.clone(), disguised]),
            Err(AmbiguousKeyId(one.id))
        );
    }

    #[test]
    fn the_odd_one_is_of_the_smaller_class_and_classic_when_in_doubt() {
        let [pq, pq2] = [(); 2].map(|()| recipient(Algorithm::MlKem768X25519));
        let [classic, classic2] = [(); 2].map(|()| recipient(Algorithm::X25519));
        for (recipients, odd) in [
            (vec![&pq, &pq2, &classic], Some(&classic)),
            (vec![&classic, &pq, &classic2], Some(&pq)),
            (vec![&pq, &classic], Some(&classic)),
            (vec![&classic, &pq], Some(&classic)),
            (vec![&pq, &pq2], None),
            (vec![&classic, &classic2], None),
            (vec![], None),
        ] {
            let found = MixedRecipients::refuse(recipients).err();
            assert_eq!(found.map(|error| error.odd).as_ref(), odd);
        }
    }

    #[test]
    fn the_error_about_mixed_recipients_names_the_odd_one() {
        let [pq, classic] = [Algorithm::MlKem768X25519, Algorithm::X25519].map(recipient);
        let error = MixedRecipients {
            odd: classic.clone(),
        }
        .to_string();
        assert!(error.contains(&format!("{classic} is classic")), "{error}");
        let error = MixedRecipients { odd: pq.clone() }.to_string();
        assert!(error.contains(&pq.to_string()[..SHOWN_PREFIX]), "{error}");
        assert!(
            error.contains(&format!("(key id {}) is post-quantum", pq.key_id())),
            "{error}"
        );
    }
}
