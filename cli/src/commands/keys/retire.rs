//! `waxwing keys retire`: a key that opens values and is never primary again.

use waxwing_api::KeyState;

use super::change::{Change, FormatArgs};
use super::key_name;
use super::store::{KeyStore, name};
use super::succession::WaitArgs;
use crate::cluster::{ClusterArgs, primary};
use crate::completion;
use crate::diagnostic::{Advice, Failure, note};

/// Retire a key: it opens what was sealed to it, and is never primary again
///
/// If it is the primary, waits until another key is, and prints that one's id and recipient.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The key id, or its beginning
    #[arg(add = completion::key_ids())]
    id: String,

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
    let key = key_name::find(&keys, &args.id)?;
    let id = name(key);
    let mut change = Change::of(id, KeyState::Retired);
    match key.spec.state {
        KeyState::Revoked => return Err(AlreadyRevoked { id: id.to_owned() }.into()),
        KeyState::Retired => {
            note(&format!("SealingKey {id} is retired already"));
            return args.format.print(&change);
        }
        KeyState::Active => store.set_state(id, KeyState::Retired)?,
    }
    note(&format!("SealingKey {id} is retired"));
    if primary(&keys).map(name) == Some(id) {
        change = change.with_primary(&args.wait.await_successor(&store, id)?);
    }
    args.format.print(&change)
}

/// A revoked key would have to be raised.
#[derive(Debug, thiserror::Error)]
#[error("SealingKey {id} is revoked, and stays so: it opens nothing any more")]
struct AlreadyRevoked {
    id: String,
}

impl Advice for AlreadyRevoked {}
