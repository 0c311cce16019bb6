//! What is told of a SealedSecret: its status, metrics, the log and events.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::events::EventType;
use serde_json::Value;
use tracing::{Instrument, Span};
use waxwing_api::{Reason, SealedSecret};

use crate::api_error::{self, Class, Tried};
use crate::index::{Known, NO_GENERATION, State};
use crate::key_change::remember_and_renew;
use crate::keys::Keys;
use crate::news::{News, Standing};
use crate::object_key::ObjectKey;
use crate::objects::{StatusPatch, patch_status, reference};
use crate::queue::Outcome;
use crate::reconcile::Context;
use crate::status;
use crate::traces::spans;
use crate::unseal::Failure;

/// What is still to be told of an object that was worked off. Holds no sealed value and no
/// plaintext: many of them may wait.
#[derive(Debug)]
pub(crate) struct Telling {
    generation: Option<i64>,
    resource_version: Option<Box<str>>,
    /// `None`: the status is as it should be.
    patch: Option<StatusPatch>,
    failures: Vec<Failure>,
    before: Option<Standing>,
    known: Known,
    /// The keys that it was worked off with.
    keys: Arc<Keys>,
    /// How long the work took so far.
    pub(crate) worked: Duration,
    /// That of the reconciliation, which this is the end of.
    span: Span,
}

impl Telling {
    pub(crate) fn of(
        sealed: &SealedSecret,
        patch: Option<Value>,
        failures: Vec<Failure>,
        before: Option<Standing>,
        known: Known,
        keys: Arc<Keys>,
    ) -> Self {
        Self {
            generation: sealed.metadata.generation,
            resource_version: sealed.metadata.resource_version.as_deref().map(Into::into),
            patch: patch.map(|patch| StatusPatch::of(sealed, patch)),
            failures,
            before,
            known,
            keys,
            worked: Duration::ZERO,
            span: Span::current(),
        }
    }

    /// There is no room for the status. There may be after any change of the object: less annotations make
    /// no new generation.
    fn lacks_room(&mut self) {
        self.known.generation = NO_GENERATION;
        self.failures.push(Failure::of_object(
            Reason::TooLarge,
            "the object leaves no room for its own status in the 1.5 MiB that the API server stores of one; split its items over several",
        ));
        self.known.state = State::of(&self.failures);
    }
}

/// Why a status was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwritten {
    /// The object is gone, or another one of its name is there: the watch tells.
    Gone,
    /// The object would become larger than the API server stores. Trying again does not help.
    NoRoom,
    Failed,
}

impl Unwritten {
    /// How the work on the object ends.
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Gone | Self::NoRoom => Outcome::Done,
            Self::Failed => Outcome::Retry,
        }
    }
}

/// Writes the status, and then reports and remembers.
pub(crate) async fn tell(context: &Context, key: &ObjectKey, telling: Telling) -> Outcome {
    let span = telling.span.clone();
    finish(context, key, telling).instrument(span).await
}

async fn finish(context: &Context, key: &ObjectKey, mut telling: Telling) -> Outcome {
    match write_status(context, key, telling.patch.take()).await {
        Ok(()) => {}
        Err(Unwritten::NoRoom) => telling.lacks_room(),
        Err(unwritten) => return unwritten.outcome(),
    }
    report(context, key, &telling);
    remember_and_renew(context, key, &telling.known, &telling.keys);
    if telling.failures.iter().all(Failure::is_final) {
        Outcome::Done
    } else {
        Outcome::Retry
    }
}

/// Writes the status if it changes.
pub(crate) async fn write_status(
    context: &Context,
    key: &ObjectKey,
    patch: Option<StatusPatch>,
) -> Result<(), Unwritten> {
    let Some(patch) = patch else { return Ok(()) };
    match patch_status(&context.client, key, patch).await {
        Ok(()) => Ok(()),
        Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => {
            spans::ended("Gone");
            Err(Unwritten::Gone)
        }
        Err(error) if api_error::classify(&error) == Class::TooLarge => Err(Unwritten::NoRoom),
        Err(error) => {
            let why = api_error::explain(&error, Tried::new("patch", "sealedsecrets/status"));
            tracing::warn!(
                namespace = &*key.namespace,
                name = &*key.name,
                "status not written: {why}"
            );
            spans::failed(Reason::ApiError.as_str());
            Err(Unwritten::Failed)
        }
    }
}

/// Metrics and trace always, log and event only when something changed.
fn report(context: &Context, key: &ObjectKey, telling: &Telling) {
    let Telling {
        generation,
        failures,
        known,
        ..
    } = telling;
    let state = known.state;
    match state {
        State::Ready => {
            context.metrics.unsealed();
            spans::ended(state.as_str());
        }
        State::Failed(reason) => {
            context.metrics.failed(reason);
            spans::failed(reason.as_str());
        }
    }
    let news = Standing::of(known).news_after(telling.before);
    let about = || reference(key, &known.uid, telling.resource_version.as_deref());
    let (namespace, name) = (&*key.namespace, &*key.name);
    match state {
        State::Ready => {
            tracing::info!(namespace, name, generation, "unsealed");
            if news == News::Recovered {
                let note = "The Secret is what this object says.".to_owned();
                context
                    .events
                    .tell(about(), EventType::Normal, "Unsealed", note);
            }
        }
        State::Failed(reason) if news == News::Refused => {
            let why = status::list(failures);
            tracing::warn!(namespace, name, generation, %reason, "not unsealed: {why}");
            context
                .events
                .tell(about(), EventType::Warning, reason.as_str(), why);
        }
        State::Failed(reason) => {
            tracing::debug!(namespace, name, generation, %reason, "still not unsealed");
        }
    }
}
