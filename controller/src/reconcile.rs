//! One SealedSecret: look, decide, apply, tell.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::core::{PartialObjectMeta, Request};
use kube::runtime::events::EventType;
use kube::{Api, Client, Resource};
use serde_json::Value;
use waxwing_api::names::FIELD_MANAGER;
use waxwing_api::{Reason, SealedSecret, SealedSecretStatus};
use waxwing_crypto::KeyId;

use crate::api_error::{self, Tried};
use crate::events::Events;
use crate::health::Health;
use crate::index::{Index, Known, State};
use crate::keys::{KeyStore, Keys};
use crate::metrics::Metrics;
use crate::object_key::ObjectKey;
use crate::plan::{Plan, plan};
use crate::queue::{Outcome, Queue, Work};
use crate::renewer::Renewals;
use crate::secrets::Secrets;
use crate::status::{self, Settled, Staleness, Verdict};
use crate::unseal::{Desired, Failure, unseal};
use crate::writer::{WriteError, Writer};

/// How often a write is tried anew at once, when someone else writes at the same time.
const ATTEMPTS: usize = 3;

/// The longest that one SealedSecret may take, whatever the API server does.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What every reconciliation shares.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) index: Arc<Index>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) renewals: Arc<Renewals>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: Events,
    pub(crate) health: Arc<Health>,
}

pub(crate) async fn reconcile(context: &Context, key: &ObjectKey, work: Work) -> Outcome {
    if !is_due(context, key, &work) {
        return Outcome::NotDue;
    }
    let sealed = match look(context, key, work).await {
        Ok(Some(sealed)) => sealed,
        Ok(None) => {
            context.index.forget(key);
            return Outcome::Done;
        }
        Err(why) => {
            tracing::warn!(
                namespace = &*key.namespace,
                name = &*key.name,
                "SealedSecret not read: {why}"
            );
            return Outcome::Retry;
        }
    };
    let keys = context.keys.current();
    match status::settled(&sealed, &keys, context.secrets.version(key).as_deref()) {
        Some(settled) => keep(context, key, &sealed, &keys, settled).await,
        None => renew(context, key, &sealed, &keys).await,
    }
}

/// Whether anything is to be done, as far as can be told without a request.
fn is_due(context: &Context, key: &ObjectKey, work: &Work) -> bool {
    if work.forced {
        return true;
    }
    let known = context.index.get(key);
    let drifted = known
        .as_ref()
        .is_none_or(|known| known.secret_version != context.secrets.version(key));
    let changed = work.object.as_ref().is_some_and(|object| {
        let meta = object.meta();
        let (uid, generation) = (
            meta.uid.as_deref().unwrap_or_default(),
            meta.generation.unwrap_or_default(),
        );
        !context.index.has(key, uid, generation)
    });
    drifted || changed
}

/// The object itself; `None` if it is gone, or going.
async fn look(
    context: &Context,
    key: &ObjectKey,
    work: Work,
) -> Result<Option<SealedSecret>, String> {
    let object = match work.object {
        Some(object) => Some(*object),
        None => Api::<SealedSecret>::namespaced(context.client.clone(), &key.namespace)
            .get_opt(&key.name)
            .await
            .map_err(|error| api_error::explain(&error, Tried::new("get", "sealedsecrets")))?,
    };
    Ok(object.filter(|object| object.metadata.deletion_timestamp.is_none()))
}

/// The Secret is as it should be: only the condition Stale may have to change.
async fn keep(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    keys: &Keys,
    settled: Settled,
) -> Outcome {
    let status = status::with_stale(sealed, keys, Timestamp::now());
    match write_status(context, key, sealed, &status).await {
        Ok(()) => {
            remember(context, key, Known::settled(sealed, settled));
            Outcome::Done
        }
        Err(outcome) => outcome,
    }
}

/// Unseals, writes the Secret, and tells.
async fn renew(context: &Context, key: &ObjectKey, sealed: &SealedSecret, keys: &Keys) -> Outcome {
    let seen_version = context.secrets.version(key);
    let unsealing = unseal(sealed, keys);
    let written = match unsealing.result {
        Ok(desired) => write(context, key, sealed, &desired)
            .await
            .map_err(|failure| vec![failure]),
        Err(failures) => Err(failures),
    };
    let (failures, left_version) = match written {
        Ok(version) => (Vec::new(), Some(version)),
        Err(failures) => (failures, None),
    };
    let previous_version = || {
        sealed
            .status
            .as_ref()
            .and_then(|status| status.secret_resource_version.clone())
    };
    let verdict = Verdict {
        failures: &failures,
        key_ids: &unsealing.key_ids,
        oldest: unsealing.oldest,
        secret_version: left_version.clone().or_else(previous_version),
        staleness: Staleness::of(sealed, &unsealing.key_ids, keys),
    };
    let status = status::summarise(sealed, &verdict, Timestamp::now());
    let told = write_status(context, key, sealed, &status).await;
    if let Err(outcome) = told {
        return outcome;
    }
    tell(context, key, sealed, &failures);
    let secret_version = left_version.map(String::into_boxed_str).or(seen_version);
    let known = Known::new(sealed, &failures, secret_version, unsealing.key_ids, keys);
    remember(context, key, known);
    if failures.iter().all(Failure::is_final) {
        Outcome::Done
    } else {
        Outcome::Retry
    }
}

/// What is Ready and stale gets a renewal by and by.
fn remember(context: &Context, key: &ObjectKey, known: Known) {
    if known.stale && known.state == State::Ready {
        context.renewals.add(key.clone());
    }
    context.index.remember(key.clone(), known);
}

/// Brings the Secret into the desired form, and returns its version then.
async fn write(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    desired: &Desired,
) -> Result<String, Failure> {
    let writer = Writer::new(context.client.clone(), key);
    let mut existing = match context.secrets.version(key) {
        Some(_) => writer.look().await?,
        None => None,
    };
    for _ in 0..ATTEMPTS {
        let apply = match plan(desired, sealed, existing.as_ref()) {
            Plan::Leave { version } => return Ok(version),
            Plan::Refuse(failure) => return Err(failure),
            Plan::Apply(apply) => apply,
        };
        match writer.apply(&apply).await {
            Ok(version) => return Ok(version),
            Err(WriteError::Conflict) => existing = writer.look().await?,
            Err(WriteError::Failed(failure)) => return Err(failure),
        }
    }
    Err(Failure::of_object(
        Reason::ApiError,
        "someone else keeps changing the Secret; tried again by and by",
    ))
}

/// Writes the status if it changes. `Err`: it was not written, and that is how the work ends.
async fn write_status(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    status: &SealedSecretStatus,
) -> Result<(), Outcome> {
    let Some(patch) = status::patch(sealed, status) else {
        return Ok(());
    };
    match patch_status(&context.client, key, patch).await {
        Ok(()) => Ok(()),
        // The object is gone, or another one of its name is there: the watch tells.
        Err(kube::Error::Api(answer)) if matches!(answer.code, 404 | 409) => Err(Outcome::Done),
        Err(error) => {
            let why = api_error::explain(&error, Tried::new("patch", "sealedsecrets/status"));
            tracing::warn!(
                namespace = &*key.namespace,
                name = &*key.name,
                "status not written: {why}"
            );
            Err(Outcome::Retry)
        }
    }
}

/// Like `Api::patch_status`, but with only the metadata in the answer: the rest is known, and large.
pub(crate) async fn patch_status(
    client: &Client,
    key: &ObjectKey,
    patch: Value,
) -> Result<(), kube::Error> {
    let url = SealedSecret::url_path(&(), Some(&key.namespace));
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(patch);
    let subresource = format!("{}/status", key.name);
    let request = Request::new(url)
        .patch_metadata(&subresource, &parameters, &patch)
        .map_err(kube::Error::BuildRequest)?;
    client
        .request::<PartialObjectMeta<SealedSecret>>(request)
        .await
        .map(drop)
}

/// Metrics always, log and event only when something changed.
fn tell(context: &Context, key: &ObjectKey, sealed: &SealedSecret, failures: &[Failure]) {
    let state = state_of(failures);
    match state {
        State::Ready => context.metrics.unsealed(),
        State::Failed(reason) => context.metrics.failed(reason),
    }
    let before = context.index.get(key).map(|known| known.state);
    let (namespace, name, generation) = (&*key.namespace, &*key.name, sealed.metadata.generation);
    match state {
        State::Ready => {
            tracing::info!(namespace, name, generation, "unsealed");
            if matches!(before, Some(State::Failed(_))) {
                let note = "The Secret is what this object says.".to_owned();
                context
                    .events
                    .tell(sealed.object_ref(&()), EventType::Normal, "Unsealed", note);
            }
        }
        State::Failed(reason) if before != Some(state) => {
            let why = status::list(failures);
            tracing::warn!(namespace, name, generation, %reason, "not unsealed: {why}");
            context.events.tell(
                sealed.object_ref(&()),
                EventType::Warning,
                reason.as_str(),
                why,
            );
        }
        State::Failed(reason) => {
            tracing::debug!(namespace, name, generation, %reason, "still not unsealed");
        }
    }
}

fn state_of(failures: &[Failure]) -> State {
    status::first_reason(failures).map_or(State::Ready, |failure| State::Failed(failure.reason))
}

impl Known {
    fn new(
        sealed: &SealedSecret,
        failures: &[Failure],
        secret_version: Option<Box<str>>,
        key_ids: Vec<KeyId>,
        keys: &Keys,
    ) -> Self {
        Self {
            uid: sealed.metadata.uid.as_deref().unwrap_or_default().into(),
            generation: sealed.metadata.generation.unwrap_or_default(),
            state: state_of(failures),
            secret_version,
            stale: keys.is_stale(&key_ids).unwrap_or_default(),
            key_ids: key_ids.into(),
        }
    }

    /// As the object's own status says.
    pub(crate) fn settled(sealed: &SealedSecret, settled: Settled) -> Self {
        Self {
            uid: sealed.metadata.uid.as_deref().unwrap_or_default().into(),
            generation: sealed.metadata.generation.unwrap_or_default(),
            state: State::Ready,
            secret_version: Some(settled.secret_version.into()),
            stale: settled.stale,
            key_ids: settled.key_ids.into(),
        }
    }
}
