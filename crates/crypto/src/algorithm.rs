//! The recipient types.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// The type of a key pair: how a file key is wrapped for its recipient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Post-quantum: ML-KEM-768 combined with X25519. What is committed to Git can be harvested now
    /// and attacked later, so this is the default.
    #[default]
    MlKem768X25519,
    /// Classic and compact.
    X25519,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::MlKem768X25519, Self::X25519];

    /// The word for it in flags and in `spec.algorithm`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MlKem768X25519 => "mlkem768x25519",
            Self::X25519 => "x25519",
        }
    }

    /// The type of its recipient stanza in an age header.
    pub const fn stanza_tag(self) -> &'static str {
        match self {
            Self::MlKem768X25519 => "mlkem768x25519",
            Self::X25519 => "X25519",
        }
    }

    /// The labels of its recipients: age refuses to combine recipients whose labels differ, so that a
    /// classic recipient cannot undo what a post-quantum one is for.
    pub(crate) fn labels(self) -> HashSet<String> {
        match self {
            Self::MlKem768X25519 => HashSet::from(["postquantum".to_owned()]),
            Self::X25519 => HashSet::new(),
        }
    }

    pub(crate) fn of_stanza(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.stanza_tag() == tag)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no recipient type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown algorithm; use mlkem768x25519 or x25519")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|a| a.as_str() == word)
            .ok_or(UnknownAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_read_as_it_is_written() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert_eq!(
                Algorithm::of_stanza(algorithm.stanza_tag()),
                Some(algorithm)
            );
        }
    }

    #[test]
    fn words_are_exact() {
        for word in ["", "X25519", "MLKEM768X25519", "ssh-ed25519", "x25519 "] {
            assert_eq!(word.parse::<Algorithm>(), Err(UnknownAlgorithm));
        }
    }

    #[test]
    fn values_are_sealed_post_quantum_unless_asked_otherwise() {
        assert_eq!(Algorithm::default(), Algorithm::MlKem768X25519);
    }
}
