//! Recovery recipients and identities: whom a key is backed up to, and who brings it back.

use std::path::PathBuf;

use waxwing_escrow::{
    RecoveryIdentities, RecoveryIdentityError, RecoveryRecipient, RecoveryRecipientError,
    RecoveryRecipients,
};

use super::terminal::AskOnTerminal;
use crate::diagnostic::{Advice, Failure};
use crate::identities::warn_if_exposed;
use crate::input::Source;

/// Whom to encrypt private keys to.
#[derive(Debug, clap::Args)]
pub(super) struct RecoveryRecipientArgs {
    /// Encrypt to this recipient (age1pq1…, age1…, ssh-… or a plugin's); may be repeated
    #[arg(short, long = "recipient", value_name = "RECIPIENT")]
    recipients: Vec<String>,

    /// Encrypt to the recipients in FILE, one per line (an age recipients file); may be repeated
    #[arg(short = 'R', long = "recipients-file", value_name = "FILE")]
    recipients_files: Vec<PathBuf>,
}

/// The group of all recipients, for arguments that make no sense without any.
pub(super) const RECIPIENTS: &str = "RecoveryRecipientArgs";

impl RecoveryRecipientArgs {
    /// All recipients, of one class; none, if none was given.
    pub(super) fn resolve(&self) -> Result<RecoveryRecipients, Failure> {
        let mut failure = Failure::default();
        let mut recipients = Vec::new();
        let mut take = |parsed: Result<RecoveryRecipient, RecoveryError>| match parsed {
            Ok(recipient) => recipients.push(recipient),
            Err(error) => failure.add(error),
        };
        for text in &self.recipients {
            take(text.parse().map_err(RecoveryError::Argument));
        }
        for path in &self.recipients_files {
            let source = Source::from(path.clone());
            let text = source.read_text()?;
            let mut lines = recipient_lines(&text).peekable();
            if lines.peek().is_none() {
                take(Err(RecoveryError::NoRecipient {
                    name: source.name(),
                }));
            }
            for (line, text) in lines {
                take(text.parse().map_err(|cause| RecoveryError::Line {
                    name: source.name(),
                    line,
                    cause,
                }));
            }
        }
        let recipients = failure.or(recipients)?;
        Ok(RecoveryRecipients::new(recipients).map_err(RecoveryError::Argument)?)
    }
}

/// The longest identity file, in bytes: an RSA key is the largest of all.
const MAX_IDENTITY_FILE_LEN: usize = 1024 * 1024;

/// The lines that hold a recipient, with their numbers from 1.
fn recipient_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines().map(str::trim))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The recovery identities in files; a passphrase or a hardware key's PIN is asked for on the
/// terminal.
pub(super) fn identities(sources: &[Source]) -> Result<RecoveryIdentities, Failure> {
    let mut failure = Failure::default();
    let mut identities = RecoveryIdentities::default();
    for source in sources {
        let contents = source.read_bytes(MAX_IDENTITY_FILE_LEN)?;
        warn_if_exposed(source);
        let callbacks = AskOnTerminal {
            about: source.name(),
        };
        if let Err(cause) = identities.add(&*contents, &callbacks) {
            failure.add(RecoveryError::Identity {
                name: source.name(),
                cause,
            });
        }
    }
    failure.or(identities)
}

/// Why a recovery recipient or identity cannot be used.
#[derive(Debug, thiserror::Error)]
enum RecoveryError {
    #[error(transparent)]
    Argument(RecoveryRecipientError),
    #[error("{name}: line {line}: {cause}")]
    Line {
        name: String,
        line: usize,
        cause: RecoveryRecipientError,
    },
    #[error("{name}: no recipient in it; put one recipient on each line")]
    NoRecipient { name: String },
    #[error("{name}: {cause}")]
    Identity {
        name: String,
        cause: RecoveryIdentityError,
    },
}

impl Advice for RecoveryError {
    fn advice(&self) -> Vec<String> {
        use waxwing_crypto::IdentityFileError::Encrypted;
        match self {
            Self::Identity {
                name,
                cause: RecoveryIdentityError::File(Encrypted),
            } => vec![format!(
                "without a copy on the disk: age -d {name} | waxwing keys restore -i - …"
            )],
            _ => Vec::new(),
        }
    }
}
