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
