//! `waxwing keys export`: one private half, encrypted.

use std::path::PathBuf;

use waxwing_escrow::encrypt;

use super::backup::identity_of;
use super::key_name;
use super::recovery::{RECIPIENTS, RecoveryRecipientArgs};
use super::store::KeyStore;
use crate::cluster::ClusterArgs;
use crate::completion;
use crate::diagnostic::Failure;
use crate::output::{Audience, Destination};

const EXAMPLES: &str = "\
Examples:
  Take a key out for offline use; what age prints is an identity file:
    waxwing keys export 3f9a -r age1pq1… -o key.age
    age -d -i recovery.txt key.age | waxwing unseal -i - -f sealed.yaml";

/// Write one key's private half, encrypted to recipients; never in plain
///
/// Needs the right to list the Secrets in the controller's namespace.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The key id, or its beginning
    #[arg(requires = RECIPIENTS, add = completion::key_ids())]
    id: String,

    /// Write to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    recipients: RecoveryRecipientArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let recipients = args.recipients.resolve()?;
    let store = KeyStore::open(&args.cluster)?;
    let keys = store.list_some()?;
    let key = key_name::find(&keys, &args.id)?;
    let private_halves = store.private_halves()?;
    let armored = encrypt(identity_of(key, &private_halves)?, &recipients)?;
    let destination = Destination::or_stdout(args.output);
    Ok(destination.write(armored.as_bytes(), Audience::Public)?)
}
