//! `waxwing keys rotate`: a new primary now.

use std::time::SystemTime;

use waxwing_api::names::ROLLOVER_REQUESTED_ANNOTATION;
use waxwing_crypto::format_time;

use super::change::{Change, FormatArgs};
use super::store::{KeyStore, name};
use super::succession::WaitArgs;
use crate::cluster::{ClusterArgs, ClusterError, primary};
use crate::diagnostic::Failure;

const EXAMPLES: &str = "\
Examples:
  Make a new primary key, and keep its public half for sealing without the cluster:
    waxwing keys rotate > recipients.txt";

/// Have a new primary key made now; the older ones keep opening what was sealed to them
///
/// Prints the new key's id and its recipient: an age recipients file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = KeyStore::open(&args.cluster)?;
    let keys = store.list_some()?;
    let former = primary(&keys).ok_or_else(|| ClusterError::NoPrimary {
        namespace: store.namespace().to_owned(),
        count: keys.len(),
    })?;
    let now = format_time(SystemTime::now());
    store.annotate(name(former), ROLLOVER_REQUESTED_ANNOTATION, &now)?;
    let successor = args.wait.await_successor(&store, name(former))?;
    args.format
        .print(&Change::default().with_primary(&successor))
}
