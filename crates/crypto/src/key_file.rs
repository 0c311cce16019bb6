//! Files of keys as age writes and reads them: one key on a line, `#` starts a comment line.

use crate::{Identity, ParseIdentityError, ParseRecipientError, Recipient};

/// The first bytes of what `age --passphrase` makes of an identity file.
const ENCRYPTED: [&str; 2] = ["age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----"];

/// Why a text is no identity file. Never holds any of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFileError {
    /// A line that is no identity. Lines are counted from 1.
    #[error("line {line}: {error}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        error: ParseIdentityError,
    },
    /// The file is encrypted itself.
    #[error("the identity file is encrypted; decrypt it first with `age --decrypt`")]
    Encrypted,
    /// Only comments, or nothing at all.
    #[error("no identity in it; make one with `waxwing keygen`")]
    Empty,
}

/// Why a text is no recipients file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientsFileError {
    /// A line that is no recipient. Lines are counted from 1.
    #[error("line {line}: {error}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        error: ParseRecipientError,
    },
    /// Only comments, or nothing at all.
    #[error("no recipient in it; put one recipient on each line")]
    Empty,
}

/// The identities of an age identity file, in order; at least one.
///
/// # Errors
/// Fails on the first line that is neither an identity, a comment nor blank.
pub fn parse_identity_file(text: &str) -> Result<Vec<Identity>, IdentityFileError> {
    if ENCRYPTED.iter().any(|start| text.starts_with(start)) {
        return Err(IdentityFileError::Encrypted);
    }
    let identities = key_lines(text)
        .map(|(line, key)| {
            key.parse()
                .map_err(|error| IdentityFileError::Line { line, error })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if identities.is_empty() {
        return Err(IdentityFileError::Empty);
    }
    Ok(identities)
}

/// The recipients of an age recipients file, in order; at least one.
///
/// # Errors
/// Fails on the first line that is neither a recipient, a comment nor blank.
pub fn parse_recipients_file(text: &str) -> Result<Vec<Recipient>, RecipientsFileError> {
    let recipients = key_lines(text)
        .map(|(line, key)| {
            key.parse()
                .map_err(|error| RecipientsFileError::Line { line, error })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if recipients.is_empty() {
        return Err(RecipientsFileError::Empty);
    }
    Ok(recipients)
}

/// The lines that hold a key, with their numbers from 1.
fn key_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Algorithm;

    #[test]
    fn comments_blank_lines_and_line_endings_do_not_matter() {
        let [one, two] = [Algorithm::MlKem768X25519, Algorithm::X25519].map(Identity::generate);
        let [key_one, key_two] = [&one, &two].map(Identity::to_secret_string);
        let file = format!(
            "# created: 2026-11-24T06:00:00Z\r\n{}\r\n\n# second\n  {}  ",
            *key_one, *key_two
        );
        let ids: Vec<_> = parse_identity_file(&file)
            .unwrap()
            .iter()
            .map(Identity::key_id)
            .collect();
        assert_eq!(ids, [one.key_id(), two.key_id()]);

        let file = format!("# team\n{}\n\n{}\n", one.recipient(), two.recipient());
        assert_eq!(
            parse_recipients_file(&file).unwrap(),
            [one.recipient().clone(), two.recipient().clone()]
        );
    }

    #[test]
    fn a_bad_line_is_reported_by_its_number_and_not_by_its_content() {
        let file = "# comment\n\nAGE-SECRET-KEY-1HUNTER2\n";
        let error = parse_identity_file(file).unwrap_err();
        assert_eq!(
            error,
            IdentityFileError::Line {
                line: 3,
                error: ParseIdentityError::NotBech32
            }
        );
        assert!(!error.to_string().contains("HUNTER2"));

        let error = parse_recipients_file("age1typo").unwrap_err();
        assert_eq!(
            error,
            RecipientsFileError::Line {
                line: 1,
                error: ParseRecipientError::NotBech32
            }
        );
    }

    #[test]
    fn a_file_without_keys_is_refused() {
        for file in ["", "\n\n", "# only a comment\n"] {
            assert_eq!(
                parse_identity_file(file).unwrap_err(),
                IdentityFileError::Empty
            );
            assert_eq!(
                parse_recipients_file(file).unwrap_err(),
                RecipientsFileError::Empty
            );
        }
    }

    #[test]
    fn an_encrypted_identity_file_is_told_from_a_damaged_one() {
        for start in ENCRYPTED {
            let error = parse_identity_file(&format!("{start}\n…")).unwrap_err();
            assert_eq!(error, IdentityFileError::Encrypted);
        }
    }
}
