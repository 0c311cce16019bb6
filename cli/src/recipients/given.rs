//! Whom to seal to, as far as it is given by hand.

use std::path::PathBuf;

use waxwing_crypto::{ParseRecipientError, Recipient, RecipientsFileError, parse_recipients_file};

use crate::diagnostic::{Advice, Failure};
use crate::input::Source;

/// What every identity string begins with, in either case.
const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-";

/// How much of a recipient an error shows, in characters: enough to tell one from another.
const SHOWN_CHARS: usize = 24;

/// Whom to seal to, by their public keys.
#[derive(Debug, clap::Args)]
pub(crate) struct RecipientArgs {
    /// Seal to this public key (age1pq1… or age1…); may be repeated
    #[arg(short, long = "recipient", value_name = "RECIPIENT")]
    recipients: Vec<String>,

    /// Seal to the public keys in FILE, one per line (an age recipients file); may be repeated
    #[arg(short = 'R', long = "recipients-file", value_name = "FILE")]
    recipients_files: Vec<PathBuf>,
}

impl RecipientArgs {
    /// The recipients given by hand, or none where the cluster is to be asked.
    pub(crate) fn given(&self) -> Result<Option<Vec<Recipient>>, Failure> {
        if self.recipients.is_empty() && self.recipients_files.is_empty() {
            return Ok(None);
        }
        let mut failure = Failure::default();
        let mut recipients = Vec::new();
        for text in &self.recipients {
            match parse_recipient("-r", text) {
                Ok(recipient) => recipients.push(recipient),
                Err(error) => failure.add(error),
            }
        }
        for source in self.sources() {
            match read_file(&source) {
                Ok(more) => recipients.extend(more),
                Err(error) => failure.add(error),
            }
        }
        failure.or(Some(recipients))
    }

    /// The recipients files.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        self.recipients_files.iter().cloned().map(Source::from)
    }
}

/// The recipient that was typed after `flag`.
pub(crate) fn parse_recipient(flag: &'static str, text: &str) -> Result<Recipient, RecipientError> {
    text.parse().map_err(|cause| RecipientError::Argument {
        flag,
        shown: shown(text),
        cause,
    })
}

/// The beginning of what was typed, and nothing of a private key typed by mistake.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN_CHARS).collect();
    match start.get(..IDENTITY_PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(IDENTITY_PREFIX) => {
            format!("{IDENTITY_PREFIX}…")
        }
        _ if start.len() < text.len() => format!("{start}…"),
        _ => start,
    }
}

fn read_file(source: &Source) -> Result<Vec<Recipient>, Failure> {
    let text = source.read_text()?;
    let recipients = parse_recipients_file(&text);
    Ok(recipients.map_err(|cause| RecipientError::File {
        name: source.name(),
        cause,
    })?)
}

/// A recipient that cannot be sealed to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecipientError {
    #[error("{flag} {shown}: {cause}")]
    Argument {
        flag: &'static str,
        shown: String,
        cause: ParseRecipientError,
    },
    #[error("{name}: {cause}")]
    File {
        name: String,
        cause: RecipientsFileError,
    },
}

impl Advice for RecipientError {}
