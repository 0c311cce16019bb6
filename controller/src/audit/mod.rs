//! The audit trail: what was done with which object and which key, one JSON line each.
//!
//! `line` is the schema, `trail` hands lines to a thread of their own, `file` is what they are written to.
//! A line holds names, numbers and closed sets of words: no text that a value could be part of.

mod file;
mod line;
mod trail;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kube::Resource;
use waxwing_api::{ClusterSealedSecret, SealedSecret, SealingKey};
use waxwing_crypto::KeyId;

pub(crate) use line::Event;
use line::{Cause, Line, Object};
pub(crate) use trail::Losses;
use trail::{Sink, Trail};

use crate::object_key::ObjectKey;
use crate::unseal::Failure;

/// Where the trail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Stdout,
    File {
        path: PathBuf,
        /// The size that a file does not grow beyond, in bytes.
        max_size: u64,
        /// How many older files are kept beside the present one.
        keep: u32,
    },
}

/// Writes the trail, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    trail: Option<Trail>,
    replica: Arc<str>,
}

impl Audit {
    /// Fails if the file cannot be opened.
    pub(crate) fn start(
        destination: Option<&Destination>,
        replica: &str,
        losses: Losses,
    ) -> io::Result<Self> {
        let sink = destination.map(Sink::open).transpose()?;
        Ok(Self {
            trail: sink.map(|sink| Trail::start(sink, losses)).transpose()?,
            replica: replica.into(),
        })
    }

    /// The Secret of that object is what it says.
    pub(crate) fn unsealed(&self, key: &ObjectKey, sealed: &SealedSecret, key_ids: &[KeyId]) {
        self.write(Event::Unsealed, || {
            (sealed_secret(key, sealed), key_ids, &[])
        });
    }

    /// That object was refused.
    pub(crate) fn refused(
        &self,
        key: &ObjectKey,
        sealed: &SealedSecret,
        key_ids: &[KeyId],
        failures: &[Failure],
    ) {
        self.write(Event::Refused, || {
            (sealed_secret(key, sealed), key_ids, failures)
        });
    }

    /// Something was done with a sealing key.
    pub(crate) fn key(&self, event: Event, namespace: &str, id: KeyId) {
        self.write(event, || {
            let key = Object {
                kind: SealingKey::kind(&()).into_owned(),
                namespace: Some(namespace.to_owned()),
                name: id.to_string(),
                uid: None,
                generation: None,
            };
            (Some(key), &[], &[])
        });
    }

    /// This replica began or ceased to act.
    pub(crate) fn replica(&self, event: Event) {
        self.write(event, || (None, &[], &[]));
    }

    /// Waits until what was recorded so far is written, for as long as the end of a process may take.
    pub(crate) async fn flush(&self) {
        if let Some(trail) = &self.trail {
            trail.flush().await;
        }
    }

    fn write<'a>(
        &self,
        event: Event,
        about: impl FnOnce() -> (Option<Object>, &'a [KeyId], &'a [Failure]),
    ) {
        let Some(trail) = &self.trail else { return };
        let (object, key_ids, failures) = about();
        let line = Line {
            schema: line::SCHEMA,
            time: Timestamp::now(),
            replica: &self.replica,
            event,
            result: line::result(failures),
            object,
            key_ids: key_ids.iter().map(KeyId::to_string).collect(),
            failures: failures.iter().map(Cause::of).collect(),
        };
        trail.write(line.to_bytes());
    }
}

/// The one of a namespace, or the cluster-wide one.
fn sealed_secret(key: &ObjectKey, sealed: &SealedSecret) -> Option<Object> {
    let (kind, namespace) = if key.is_cluster_wide() {
        (ClusterSealedSecret::kind(&()), None)
    } else {
        (SealedSecret::kind(&()), Some(key.namespace.to_string()))
    };
    Some(Object {
        kind: kind.into_owned(),
        namespace,
        name: key.name.to_string(),
        uid: sealed.metadata.uid.clone(),
        generation: sealed.metadata.generation,
    })
}
