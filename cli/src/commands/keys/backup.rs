//! `waxwing keys backup`: all that a new cluster needs to open what was sealed to this one.

use std::path::PathBuf;

use waxwing_api::{KeyState, SealingKey};
use waxwing_crypto::{Identity, Recipient};
use waxwing_escrow::{EscrowError, RecoveryRecipients, encrypt};
use waxwing_manifest::write_sealing_keys;

use super::recovery::{RECIPIENTS, RecoveryRecipientArgs};
use super::store::{KeyStore, PrivateHalves, name};
use crate::cluster::{ClusterArgs, primary};
use crate::diagnostic::{Advice, Failure, note};
use crate::output::{Audience, Destination};

const EXAMPLES: &str = "\
Examples:
  Keys that the controller holds in escrow (--recovery-recipient):
    waxwing keys backup -o keys.yaml

  Keys that it does not: their private halves are encrypted here, and need the right to list Secrets
    waxwing keys backup --identity-export -r age1pq1… -o keys.yaml";

/// How every backup begins.
const HEAD: &str = "\
# The sealing keys of a cluster. This file is no secret: each private half is in spec.escrow, and
# only a recovery identity opens it. Into a new cluster they come with
#   waxwing keys restore -i RECOVERY_IDENTITY FILE
";

/// Write all keys, private halves in escrow, as a file that may lie in Git
///
/// A key that is not in escrow is refused, as the backup would be of no use for it; with
/// --identity-export its private half is encrypted to the recipients given, in the backup only.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Write to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Encrypt the private halves of keys that are not in escrow to the recipients given
    #[arg(long, requires = RECIPIENTS)]
    identity_export: bool,

    #[command(flatten)]
    recipients: RecoveryRecipientArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let recipients = args.recipients.resolve()?;
    if !args.identity_export && !recipients.is_empty() {
        return Err(BackupError::RecipientsWithoutExport.into());
    }
    let store = KeyStore::open(&args.cluster)?;
    let mut keys = store.list_some()?;
    mark_primary(&mut keys);
    if args.identity_export {
        export_missing(&mut keys, &store.private_halves()?, &recipients)?;
    }
    refuse_without_escrow(&keys)?;
    let text = format!("{HEAD}{}", write_sealing_keys(&keys));
    let destination = Destination::or_stdout(args.output);
    destination.write(text.as_bytes(), Audience::Public)?;
    if let Destination::File(path) = destination {
        note(&format!("{}: {}", path.display(), count(keys.len())));
    }
    Ok(())
}

fn count(keys: usize) -> String {
    match keys {
        1 => "1 sealing key".to_owned(),
        _ => format!("{keys} sealing keys"),
    }
}

/// One key is primary in the backup, even in the midst of a rollover.
fn mark_primary(keys: &mut [SealingKey]) {
    let primary = primary(keys).map(|key| name(key).to_owned());
    for key in keys {
        let is_primary = primary.as_deref() == Some(name(key));
        key.status.get_or_insert_default().primary = is_primary;
    }
}

/// A revoked key opens nothing: its private half is needed no more.
fn lacks_escrow(key: &SealingKey) -> bool {
    key.spec.escrow.is_none() && key.spec.state != KeyState::Revoked
}

fn export_missing(
    keys: &mut [SealingKey],
    private_halves: &PrivateHalves,
    recipients: &RecoveryRecipients,
) -> Result<(), Failure> {
    let mut failure = Failure::default();
    for key in keys.iter_mut().filter(|key| lacks_escrow(key)) {
        match identity_of(key, private_halves) {
            Ok(identity) => key.spec.escrow = Some(encrypt(identity, recipients)?),
            Err(error) => failure.add(error),
        }
    }
    failure.or(())
}

/// The private half of a key: that of its recipient, not of its name.
pub(super) fn identity_of<'s>(
    key: &SealingKey,
    private_halves: &'s PrivateHalves,
) -> Result<&'s Identity, PrivateHalfMissing> {
    let recipient: Option<Recipient> = key.spec.recipient.parse().ok();
    recipient
        .and_then(|recipient| private_halves.get(&recipient.key_id()))
        .ok_or_else(|| PrivateHalfMissing {
            id: name(key).to_owned(),
        })
}

fn refuse_without_escrow(keys: &[SealingKey]) -> Result<(), Failure> {
    let mut failure = Failure::default();
    for key in keys.iter().filter(|key| lacks_escrow(key)) {
        failure.add(BackupError::NoEscrow {
            id: name(key).to_owned(),
        });
    }
    failure.or(())
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
enum BackupError {
    #[error("SealingKey {id} is not in escrow: the backup would lack its private half")]
    NoEscrow { id: String },
    #[error("recipients are of use with --identity-export only: every other key keeps its escrow")]
    RecipientsWithoutExport,
}

impl Advice for BackupError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NoEscrow { .. } => vec![
                "encrypt it in the backup: --identity-export -r RECOVERY_RECIPIENT".to_owned(),
                "better for good: run waxwing-controller with --recovery-recipient, and every key is in escrow before it is used".to_owned(),
            ],
            Self::RecipientsWithoutExport => vec!["add --identity-export".to_owned()],
        }
    }
}

/// A SealingKey whose key Secret is gone, or holds something else.
#[derive(Debug, thiserror::Error)]
#[error("SealingKey {id}: no key Secret holds its private half")]
pub(super) struct PrivateHalfMissing {
    id: String,
}

impl Advice for PrivateHalfMissing {
    fn advice(&self) -> Vec<String> {
        vec![
            "restore it from an earlier backup, or, if nothing needs it, revoke it: waxwing keys revoke ID".to_owned(),
        ]
    }
}

impl Advice for EscrowError {}
