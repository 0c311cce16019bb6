//! Recovery recipients: whom a sealing key is backed up to.

use std::fmt;
use std::str::FromStr;

use age::{NoCallbacks, plugin, ssh};
use waxwing_crypto::{Algorithm, Recipient};

/// One recipient of an escrow.
#[derive(Clone)]
pub struct RecoveryRecipient {
    text: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Native(Recipient),
    Ssh(ssh::Recipient),
    Plugin(plugin::Recipient),
}

/// Why a recovery recipient, or a set of them, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryRecipientError {
    /// The text is no recipient of a known type.
    #[error(
        "recovery recipient {0:?} is no age recipient (age1…, age1pq1…), SSH public key or plugin recipient (age1NAME1…)"
    )]
    Unknown(String),
    /// A private key in place of a public one. Not shown.
    #[error(
        "a recovery recipient is an identity (a private key): give its recipient, which `waxwing keygen -y FILE` prints"
    )]
    Identity,
    /// The set mixes post-quantum and classic recipients: the classic one would undo the others.
    #[error(
        "recovery recipient {odd} is {odd_class}, but {first} is {first_class}: use recipients of one class only"
    )]
    Mixed {
        /// The recipient that differs.
        odd: String,
        /// Its class.
        odd_class: &'static str,
        /// The recipient that it was compared with.
        first: String,
        /// That one's class.
        first_class: &'static str,
    },
}

impl FromStr for RecoveryRecipient {
    type Err = RecoveryRecipientError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let kind = if let Ok(recipient) = text.parse() {
            Kind::Native(recipient)
        } else if let Ok(recipient) = text.parse() {
            Kind::Ssh(recipient)
        } else if let (false, Ok(recipient)) = (text.starts_with("age1pq1"), text.parse()) {
            Kind::Plugin(recipient)
        } else if looks_like_an_identity(text) {
            return Err(RecoveryRecipientError::Identity);
        } else {
            return Err(RecoveryRecipientError::Unknown(text.to_owned()));
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }
}

/// Typed by mistake, it must not be shown: not even mistyped, or as a part of a longer text.
fn looks_like_an_identity(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["AGE-SECRET-", "AGE-PLUGIN-", "PRIVATE KEY"]
        .iter()
        .any(|mark| text.contains(mark))
}

impl fmt::Display for RecoveryRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl RecoveryRecipient {
    /// Whether what is encrypted to it withstands a quantum computer; unknown for a plugin.
    #[must_use]
    pub fn is_post_quantum(&self) -> Option<bool> {
        match &self.kind {
            Kind::Native(recipient) => Some(recipient.algorithm() == Algorithm::MlKem768X25519),
            Kind::Ssh(_) => Some(false),
            Kind::Plugin(_) => None,
        }
    }

    pub(crate) fn to_age(&self) -> Result<Box<dyn age::Recipient>, age::EncryptError> {
        Ok(match &self.kind {
            Kind::Native(recipient) => Box::new(recipient.clone()),
            Kind::Ssh(recipient) => Box::new(recipient.clone()),
            Kind::Plugin(recipient) => Box::new(plugin::RecipientPluginV1::new(
                recipient.plugin(),
                std::slice::from_ref(recipient),
                &[],
                NoCallbacks,
            )?),
        })
    }
}

/// A set of recovery recipients of one class; any one of them can recover.
#[derive(Clone)]
pub struct RecoveryRecipients(Vec<RecoveryRecipient>);

impl RecoveryRecipients {
    /// Takes a set of recipients.
    ///
    /// # Errors
    /// If it mixes post-quantum and classic recipients (C2SP age.md, labels); the class of a plugin's
    /// recipient shows only when it is used.
    pub fn new(recipients: Vec<RecoveryRecipient>) -> Result<Self, RecoveryRecipientError> {
        let mut classes = recipients
            .iter()
            .filter_map(|one| Some((one, one.is_post_quantum()?)));
        if let Some((first, class)) = classes.next()
            && let Some((odd, odd_class)) = classes.find(|(_, other)| *other != class)
        {
            return Err(RecoveryRecipientError::Mixed {
                odd: odd.to_string(),
                odd_class: class_name(odd_class),
                first: first.to_string(),
                first_class: class_name(class),
            });
        }
        Ok(Self(recipients))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each recipient, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &RecoveryRecipient> {
        self.0.iter()
    }
}

fn class_name(post_quantum: bool) -> &'static str {
    if post_quantum {
        "post-quantum"
    } else {
        "classic"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    fn native(algorithm: Algorithm) -> RecoveryRecipient {
        Identity::generate(algorithm)
            .recipient()
            .to_string()
            .parse()
            .unwrap()
    }

    const SSH: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
    // The example recipient of age-plugin-yubikey's documentation.
    const PLUGIN: &str = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt";

    #[test]
    fn every_kind_that_age_knows_is_taken() {
        assert_eq!(
            native(Algorithm::MlKem768X25519).is_post_quantum(),
            Some(true)
        );
        assert_eq!(native(Algorithm::X25519).is_post_quantum(), Some(false));
        assert_eq!(
            SSH.parse::<RecoveryRecipient>().unwrap().is_post_quantum(),
            Some(false)
        );
        assert_eq!(
            PLUGIN
                .parse::<RecoveryRecipient>()
                .unwrap()
                .is_post_quantum(),
            None
        );
    }

    #[test]
    fn what_is_no_recipient_is_refused_and_named() {
        for text in [
            "",
            "age1",
            "age1pq1qqqq",
            "AGE-RECIPIENT",
            "ssh-dss AAAA",
            "someone@example.com",
        ] {
            let error = text.parse::<RecoveryRecipient>().err().unwrap();
            assert_eq!(
                error,
                RecoveryRecipientError::Unknown(text.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn an_identity_given_by_mistake_is_not_shown() {
        let identity = Identity::generate(Algorithm::X25519).to_secret_string();
        for text in [
            identity.to_string(),
            identity.to_lowercase(),
            format!("{}x", *identity),
            format!("key={}", *identity),
            "AGE-PLUGIN-YUBIKEY-1CANARY".to_owned(),
            "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary".to_owned(),
        ] {
            let error = text.parse::<RecoveryRecipient>().err().unwrap();
            assert_eq!(error, RecoveryRecipientError::Identity);
        }
    }

    #[test]
    fn a_mixed_set_is_refused_and_the_odd_one_named() {
        let strong = native(Algorithm::MlKem768X25519);
        let plugin: RecoveryRecipient = PLUGIN.parse().unwrap();
        for classic in [native(Algorithm::X25519), SSH.parse().unwrap()] {
            let set = vec![
                plugin.clone(),
                strong.clone(),
                strong.clone(),
                classic.clone(),
            ];
            let error = RecoveryRecipients::new(set).err().unwrap();
            assert!(
                error.to_string().contains(&format!("{classic} is classic")),
                "{error}"
            );
        }
        assert!(RecoveryRecipients::new(vec![strong, plugin]).is_ok());
    }
}
