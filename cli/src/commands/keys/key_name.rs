//! Which key was meant: key ids may be shortened, as git lets one shorten commits.

use waxwing_api::SealingKey;

use super::store::name;
use crate::diagnostic::Advice;

/// How many characters name a key at least: fewer are rather a slip than a name.
const MIN_LEN: usize = 4;

/// The key whose id is `wanted`, or the only one whose id begins with it.
pub(super) fn find<'k>(keys: &'k [SealingKey], wanted: &str) -> Result<&'k SealingKey, NameError> {
    if wanted.len() < MIN_LEN {
        return Err(NameError::TooShort {
            wanted: wanted.to_owned(),
        });
    }
    let matching: Vec<&SealingKey> = keys
        .iter()
        .filter(|key| name(key).starts_with(wanted))
        .collect();
    match matching[..] {
        [key] => Ok(key),
        [] => Err(NameError::Unknown {
            wanted: wanted.to_owned(),
            known: keys.iter().map(|key| name(key).to_owned()).collect(),
        }),
        _ => Err(NameError::Ambiguous {
            wanted: wanted.to_owned(),
            matching: matching.iter().map(|key| name(key).to_owned()).collect(),
        }),
    }
}

/// Why it is not clear which key was meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    #[error("\"{wanted}\": give at least {MIN_LEN} characters of the key id")]
    TooShort { wanted: String },
    #[error("no SealingKey is called, or begins with, \"{wanted}\"")]
    Unknown { wanted: String, known: Vec<String> },
    #[error("\"{wanted}\" is the beginning of several key ids")]
    Ambiguous {
        wanted: String,
        matching: Vec<String>,
    },
}

impl Advice for NameError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::TooShort { .. } => vec!["see them with: waxwing keys list".to_owned()],
            Self::Unknown { known, .. } => {
                vec![format!("the cluster has these: {}", known.join(", "))]
            }
            Self::Ambiguous { matching, .. } => {
                vec![format!("name one of them: {}", matching.join(", "))]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use waxwing_api::{KeyAlgorithm, SealingKeySpec};

    use super::*;

    fn keys() -> Vec<SealingKey> {
        let key = |name| {
            let spec = SealingKeySpec {
                recipient: String::new(),
                algorithm: KeyAlgorithm::X25519,
                state: waxwing_api::KeyState::Active,
                escrow: None,
            };
            SealingKey::new(name, spec)
        };
        ["0123456789abcdef", "0123f00000000000", "fedcba9876543210"]
            .map(key)
            .to_vec()
    }

    #[test]
    fn a_key_is_found_by_its_id_or_by_a_beginning_that_no_other_id_has() {
        for (wanted, expected) in [
            ("0123456789abcdef", Some("0123456789abcdef")),
            ("01234", Some("0123456789abcdef")),
            ("0123f", Some("0123f00000000000")),
            ("fedc", Some("fedcba9876543210")),
            ("0123", None),
            ("fed", None),
            ("", None),
            ("aaaa", None),
            ("cba98", None),
            ("FEDC", None),
        ] {
            let keys = keys();
            assert_eq!(find(&keys, wanted).ok().map(name), expected, "{wanted}");
        }
    }

    #[test]
    fn an_unknown_key_is_answered_with_those_that_there_are() {
        let keys = keys();
        let error = find(&keys, "aaaa").map(drop);
        let advice = error.map_err(|error| error.advice().join("; "));
        assert!(advice.is_err_and(|advice| {
            advice.contains("0123456789abcdef, 0123f00000000000, fedcba9876543210")
        }));
    }

    #[test]
    fn an_ambiguous_key_is_answered_with_those_that_match() {
        let keys = keys();
        let error = find(&keys, "0123").map(drop);
        let advice = error.map_err(|error| error.advice().join("; "));
        assert!(advice.is_err_and(|advice| !advice.contains("fedc") && advice.contains("0123f")));
    }
}
