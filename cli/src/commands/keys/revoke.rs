//! `waxwing keys revoke`: a key that opens nothing any more, for ever.

use waxwing_api::{KeyState, SealingKey};

use super::change::{Change, FormatArgs};
use super::key_name;
use super::store::{KeyStore, name};
use super::succession::WaitArgs;
use super::terminal::ask;
use crate::cluster::{ClusterArgs, primary};
use crate::completion;
use crate::diagnostic::{Advice, Failure, note};

const EXAMPLES: &str = "\
Examples:
  A compromised key, after what was sealed to it is resealed and its values were changed:
    waxwing keys revoke 3f9a0c2be81d7745

See docs/operations.md for what to do, in order, about a compromised key.";

/// Revoke a key for ever: it opens nothing any more
///
/// SealedSecrets that hold values sealed to it say KeyRevoked; the Secrets that exist stay as they
/// are. If it is the primary, a new one is made first: waits for it, and prints its id and recipient.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The key id, or its beginning
    #[arg(add = completion::key_ids())]
    id: String,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

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
    let mut change = Change::of(id, KeyState::Revoked);
    if key.spec.state == KeyState::Revoked {
        note(&format!("SealingKey {id} is revoked already"));
        return args.format.print(&change);
    }
    let is_primary = primary(&keys).map(name) == Some(id);
    note(&format!("at {}:", store.target()));
    note(&consequences(key, is_primary));
    if !args.yes {
        ask_for_consent(id)?;
    }
    store.set_state(id, KeyState::Revoked)?;
    note(&format!("SealingKey {id} is revoked"));
    if is_primary {
        change = change.with_primary(&args.wait.await_successor(&store, id)?);
    }
    args.format.print(&change)
}

/// What a revocation does, before it is done.
fn consequences(key: &SealingKey, is_primary: bool) -> String {
    let status = key.status.as_ref();
    let dependents = match status.and_then(|status| status.dependents) {
        Some(0) => "no SealedSecret depends on it".to_owned(),
        Some(1) => "1 SealedSecret loses its key and will say KeyRevoked until it is sealed anew, while its Secret stays as it is".to_owned(),
        Some(count) => format!("{count} SealedSecrets lose their key and will say KeyRevoked until they are sealed anew, while their Secrets stay as they are"),
        None => "it is not known how many SealedSecrets depend on it, as the controller has not counted them yet".to_owned(),
    };
    let primary = if is_primary {
        ", the primary key; a new one takes over first"
    } else {
        ""
    };
    format!(
        "SealingKey {} ({}{primary}): {dependents}",
        name(key),
        key.spec.state
    )
}

fn ask_for_consent(id: &str) -> Result<(), ConsentError> {
    match ask("Revoke it for ever? Type yes") {
        Some(answer) if answer.eq_ignore_ascii_case("yes") => Ok(()),
        Some(_) => Err(ConsentError::Declined { id: id.to_owned() }),
        None => Err(ConsentError::NobodyToAsk { id: id.to_owned() }),
    }
}

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
enum ConsentError {
    #[error("SealingKey {id} was not revoked: there is no terminal to ask on")]
    NobodyToAsk { id: String },
    #[error("SealingKey {id} was not revoked")]
    Declined { id: String },
}

impl Advice for ConsentError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NobodyToAsk { .. } => vec!["give --yes".to_owned()],
            Self::Declined { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use waxwing_api::{KeyAlgorithm, SealingKeySpec, SealingKeyStatus};

    use super::*;

    #[test]
    fn what_is_lost_is_said_before_it_is() {
        let cases = [
            (Some(0), "no SealedSecret"),
            (Some(1), "1 SealedSecret loses its key"),
            (Some(7), "7 SealedSecrets lose their key"),
            (None, "not known how many"),
        ];
        for (dependents, told) in cases {
            let spec = SealingKeySpec {
                recipient: String::new(),
                algorithm: KeyAlgorithm::X25519,
                state: KeyState::Active,
                escrow: None,
            };
            let mut key = SealingKey::new("0123456789abcdef", spec);
            key.status = Some(SealingKeyStatus {
                dependents,
                ..SealingKeyStatus::default()
            });
            let text = consequences(&key, false);
            assert!(text.contains(told) && !text.contains("primary"), "{text}");
            assert!(consequences(&key, true).contains("a new one takes over first"));
        }
    }
}
