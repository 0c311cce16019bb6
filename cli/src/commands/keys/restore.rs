//! `waxwing keys restore`: the keys of a backup, private halves included, into a cluster.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use waxwing_api::{KeyState, SealingKey, SealingKeySpec};
use waxwing_crypto::Identity;
use waxwing_escrow::{EscrowError, RecoveryIdentities, decrypt};
use waxwing_manifest::{Document, is_sealing_key, read, read_sealing_key};

use super::recovery;
use super::restore_plan::{BackedUp, Missing, Present, missing};
use super::store::{KeyStore, PrivateHalves, name};
use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure, note, warn};
use crate::input::{Source, refuse_second_stdin};
use crate::output;
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  Into a new cluster, so that it opens everything that the old one opened:
    waxwing keys restore -i recovery.txt keys.yaml

  Into a cluster that keeps its own primary key:
    waxwing keys restore --retired -i recovery.txt keys.yaml";

/// The API server stamps objects by the second, and the newest Active key is the primary.
const STAMP: Duration = Duration::from_secs(1);

/// Bring the keys of a backup into a cluster, private halves included
///
/// The backup's primary becomes the cluster's; the other keys open what was sealed to them. What is
/// there already is never changed, so that the command can be run again. Takes what waxwing keys
/// backup writes, and kubectl get sealingkeys -o yaml too.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The backup
    file: PathBuf,

    /// An age identity file, also as age -p encrypts it, or an SSH key; may be repeated
    #[arg(short, long = "identity", value_name = "FILE", required = true)]
    identities: Vec<PathBuf>,

    /// Restore every key as Retired: the cluster's own primary stays the primary
    #[arg(long)]
    retired: bool,

    /// Lines on standard error for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let file = Source::from(args.file);
    let identities: Vec<Source> = args.identities.into_iter().map(Source::from).collect();
    refuse_second_stdin(identities.iter().cloned().chain([file.clone()]))?;
    let keys = read_backup(&file)?;
    let identities = recovery::identities(&identities)?;

    let mut failure = Failure::default();
    let mut opened = Vec::new();
    for key in keys {
        match open(key, &identities) {
            Ok(key) => opened.push(key),
            Err(error) => failure.add(error),
        }
    }
    if !opened.is_empty() {
        let store = KeyStore::open(&args.cluster)?;
        let restored = restore_all(&store, opened, !args.retired, &mut failure)?;
        if args.output == ReportFormat::Json {
            let json = serde_json::to_string_pretty(&restored).expect("the rows are texts only");
            output::write_stdout(format!("{json}\n").as_bytes())?;
        }
    }
    failure.or(())
}

/// The SealingKeys of a file, whatever else is in it.
fn read_backup(file: &Source) -> Result<Vec<SealingKey>, Failure> {
    let documents = read(&file.name(), &file.read_text()?)?;
    let objects = documents.iter().flat_map(Document::objects);
    let mut failure = Failure::default();
    let mut names = BTreeSet::new();
    let mut keys = Vec::new();
    for object in objects.filter(is_sealing_key) {
        match read_sealing_key(&object) {
            Ok(key) if names.insert(name(&key).to_owned()) => keys.push(key),
            Ok(key) => failure.add(RestoreError::Twice {
                place: object.location().to_string(),
                id: name(&key).to_owned(),
            }),
            Err(errors) => failure.add(errors),
        }
    }
    let keys = failure.or(keys)?;
    if keys.is_empty() {
        return Err(RestoreError::NoKeys { file: file.name() }.into());
    }
    Ok(keys)
}

/// A key of the backup, its private half at hand unless it is revoked.
struct OpenedKey {
    key: SealingKey,
    identity: Option<Identity>,
}

impl OpenedKey {
    fn backed_up(&self) -> BackedUp {
        BackedUp {
            state: self.key.spec.state,
            primary: self.key.status.as_ref().is_some_and(|it| it.primary),
        }
    }
}

fn open(key: SealingKey, identities: &RecoveryIdentities) -> Result<OpenedKey, RestoreError> {
    let id = || name(&key).to_owned();
    if key.spec.state == KeyState::Revoked {
        return Ok(OpenedKey {
            key,
            identity: None,
        });
    }
    let Some(escrow) = &key.spec.escrow else {
        return Err(RestoreError::NoEscrow { id: id() });
    };
    let inside =
        decrypt(escrow, identities).map_err(|cause| RestoreError::Escrow { id: id(), cause })?;
    let own = inside
        .into_iter()
        .find(|identity| identity.recipient().to_string() == key.spec.recipient)
        .ok_or_else(|| RestoreError::OtherKey { id: id() })?;
    Ok(OpenedKey {
        key,
        identity: Some(own),
    })
}

/// Everything else comes before the primary, which must be the newest.
fn restore_all(
    store: &KeyStore<'_>,
    mut keys: Vec<OpenedKey>,
    takes_over: bool,
    failure: &mut Failure,
) -> Result<Vec<Restored>, Failure> {
    let mut restored = Vec::new();
    let sealing_keys = store.list()?;
    let private_halves = store.private_halves()?;
    keys.sort_by_key(|key| key.backed_up().primary);
    let mut has_made_one = false;
    for key in keys {
        let id = name(&key.key).to_owned();
        let present = sealing_keys.iter().find(|present| name(present) == id);
        match look(&key, present, &private_halves) {
            Ok(present) => {
                warn_if_not_revoked_here(&key, present);
                let missing = missing(key.backed_up(), present, takes_over);
                if has_made_one && missing.sealing_key == Some(KeyState::Active) {
                    thread::sleep(STAMP);
                }
                has_made_one |= missing.sealing_key.is_some();
                restored.push(restore(store, key, missing)?);
            }
            Err(error) => failure.add(error),
        }
    }
    Ok(restored)
}

/// What became of a key of the backup.
#[derive(Debug, Serialize)]
struct Restored {
    id: String,
    result: Outcome,
    /// The state of a key that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<KeyState>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    Restored,
    PrivateHalfRestored,
    Present,
}

/// What the cluster has of a key.
fn look(
    key: &OpenedKey,
    present: Option<&SealingKey>,
    private_halves: &PrivateHalves,
) -> Result<Present, RestoreError> {
    let id = name(&key.key);
    if present.is_some_and(|present| present.spec.recipient != key.key.spec.recipient) {
        return Err(RestoreError::OtherSealingKey { id: id.to_owned() });
    }
    let own = key.identity.as_ref().map(Identity::key_id);
    let has_private_half = own.is_some_and(|own| private_halves.get(&own).is_some());
    if own.is_some() && !has_private_half && private_halves.has_secret(id) {
        return Err(RestoreError::OtherSecret { id: id.to_owned() });
    }
    Ok(Present {
        state: present.map(|present| present.spec.state),
        private_half: has_private_half,
    })
}

/// An administrator may have revoked it in the other cluster for a reason that holds here too.
fn warn_if_not_revoked_here(key: &OpenedKey, present: Present) {
    let id = name(&key.key);
    match present.state {
        Some(state) if key.key.spec.state == KeyState::Revoked && state != KeyState::Revoked => {
            warn(
                &format!("SealingKey {id} is Revoked in the backup and {state} here; it stays so"),
                &format!("if it must not open anything here either: waxwing keys revoke {id}"),
            );
        }
        _ => {}
    }
}

/// The public half first: the controller takes a private half alone for a key that someone put in by
/// hand, and would publish it as Retired.
fn restore(store: &KeyStore<'_>, key: OpenedKey, missing: Missing) -> Result<Restored, Failure> {
    let id = name(&key.key).to_owned();
    if let Some(state) = missing.sealing_key {
        store.create(&new_sealing_key(key.key, state))?;
    }
    if let (true, Some(identity)) = (missing.private_half, &key.identity) {
        store.create_private_half(identity)?;
    }
    let (result, words) = match missing.sealing_key {
        _ if missing.is_nothing() => (Outcome::Present, "is there already".to_owned()),
        Some(state) => (Outcome::Restored, format!("was restored, {state}")),
        None => (
            Outcome::PrivateHalfRestored,
            "got its private half back".to_owned(),
        ),
    };
    note(&format!("SealingKey {id} {words}"));
    Ok(Restored {
        id,
        result,
        state: missing.sealing_key,
    })
}

fn new_sealing_key(backed_up: SealingKey, state: KeyState) -> SealingKey {
    let spec = SealingKeySpec {
        state,
        ..backed_up.spec
    };
    let mut key = SealingKey::new(backed_up.metadata.name.as_deref().unwrap_or_default(), spec);
    key.metadata.labels = backed_up.metadata.labels;
    key
}

/// Why a key was not restored. The other keys are.
#[derive(Debug, thiserror::Error)]
enum RestoreError {
    #[error("{file}: holds no SealingKey")]
    NoKeys { file: String },
    #[error("{place}: SealingKey {id} is there twice; remove one of them")]
    Twice { place: String, id: String },
    #[error("SealingKey {id} was not restored: the backup has no escrow of it")]
    NoEscrow { id: String },
    #[error("SealingKey {id} was not restored: its escrow: {cause}")]
    Escrow { id: String, cause: EscrowError },
    #[error(
        "SealingKey {id} was not restored: its escrow holds another key; find out who changed the backup"
    )]
    OtherKey { id: String },
    #[error(
        "SealingKey {id} was not restored: the cluster has one of that name with another recipient"
    )]
    OtherSealingKey { id: String },
    #[error(
        "SealingKey {id} was not restored: the cluster has a Secret of that name that does not hold its private half"
    )]
    OtherSecret { id: String },
}

impl Advice for RestoreError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::NoKeys { .. } => "give what waxwing keys backup wrote",
            Self::NoEscrow { .. } => {
                "take it from another backup, or from etcd's, if something still needs it"
            }
            Self::Escrow {
                cause: EscrowError::NoMatch,
                ..
            } => {
                "give the identity of one of its recovery recipients with -i; what has been restored stays, and the command can be run again"
            }
            Self::OtherSealingKey { .. } => {
                "find out who made it; delete it if it is not needed, and run the command again"
            }
            Self::OtherSecret { .. } => {
                "look at it; if it is not needed, delete it and run the command again"
            }
            Self::Twice { .. } | Self::Escrow { .. } | Self::OtherKey { .. } => return Vec::new(),
        };
        vec![advice.to_owned()]
    }
}
