//! One SealedSecret: look, decide, apply. What is to be told of it is left to `telling`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use kube::{Client, Resource};
use tracing::Instrument;
use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::KeyId;

use crate::api_error::{self, Tried};
use crate::apply::apply;
use crate::audit::Audit;
use crate::cluster_wide::{ClusterWide, spread};
use crate::contest::Contests;
use crate::events::Events;
use crate::health::Health;
use crate::index::{Index, Known, State};
use crate::key_change::remember_and_renew;
use crate::keys::{KeyStore, Keys};
use crate::metrics::Metrics;
use crate::news::Standing;
use crate::object_key::ObjectKey;
use crate::objects::{StatusPatch, fetch};
use crate::ownership::Target;
use crate::queue::{Outcome, Queue, Work};
use crate::renewer::Renewals;
use crate::scope::Scope;
use crate::secrets::Secrets;
use crate::status::{self, Settled, Staleness, Verdict};
use crate::telling::{Telling, Unwritten, write_status};
use crate::traces::spans;
use crate::unseal::{Failure, unseal};
use crate::writer::NotWritten;

/// The longest that one SealedSecret may take, whatever the API server does.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What every reconciliation shares.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) scope: Scope,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) cluster_wide: Arc<ClusterWide>,
    pub(crate) index: Arc<Index>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) contests: Arc<Contests>,
    pub(crate) renewals: Arc<Renewals>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: Events,
    pub(crate) audit: Audit,
    pub(crate) health: Arc<Health>,
}

/// What comes after a reconciliation.
pub(crate) enum Step {
    Finished(Outcome),
    Tell(Box<Telling>),
}

pub(crate) async fn reconcile(context: &Context, key: &ObjectKey, work: Work) -> Step {
    if !is_due(context, key, &work) {
        return Step::Finished(Outcome::NotDue);
    }
    work_off(context, key, work)
        .instrument(spans::reconcile(key))
        .await
}

async fn work_off(context: &Context, key: &ObjectKey, work: Work) -> Step {
    let sealed = match look(context, key, work).await {
        Ok(Some(sealed)) => sealed,
        Ok(None) => {
            context.forget(key);
            spans::ended("Gone");
            return Step::Finished(Outcome::Done);
        }
        Err(why) => {
            tracing::warn!(
                namespace = &*key.namespace,
                name = &*key.name,
                "SealedSecret not read: {why}"
            );
            spans::failed(Reason::ApiError.as_str());
            return Step::Finished(Outcome::Retry);
        }
    };
    spans::of_generation(sealed.metadata.generation);
    let keys = context.keys.current();
    match status::settled(&sealed, &keys, context.secret_version(key).as_deref()) {
        Some(settled) => Step::Finished(keep(context, key, &sealed, &keys, settled).await),
        None if key.is_cluster_wide() => {
            Step::Tell(Box::new(spread(context, key, &sealed, &keys).await))
        }
        None => renew(context, key, &sealed, &keys).await,
    }
}

/// Whether anything is to be done, as far as can be told without a request.
fn is_due(context: &Context, key: &ObjectKey, work: &Work) -> bool {
    if work.forced {
        return true;
    }
    let known = context.index.get(key);
    if work.object.is_none() && !key.is_cluster_wide() && is_contested(known.as_ref()) {
        // When it is looked at again, its back-off says.
        return false;
    }
    let drifted = known
        .as_ref()
        .is_none_or(|known| known.secret_version != context.secret_version(key));
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

fn is_contested(known: Option<&Known>) -> bool {
    known.is_some_and(|known| known.state == State::Failed(Reason::Contested))
}

/// The object itself; `None` if it is gone, or going.
async fn look(
    context: &Context,
    key: &ObjectKey,
    work: Work,
) -> Result<Option<SealedSecret>, String> {
    match work.object {
        Some(object) => Ok(Some(*object)),
        None => fetch(context, key)
            .await
            .map_err(|error| api_error::explain(&error, Tried::new("get", "sealedsecrets"))),
    }
}

/// The Secret is as it should be: only the condition Stale may have to change.
async fn keep(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    keys: &Arc<Keys>,
    settled: Settled,
) -> Outcome {
    let status = status::with_stale(sealed, keys, Timestamp::now());
    let patch = status::patch(sealed, &status).map(|patch| StatusPatch::of(sealed, patch));
    match write_status(context, key, patch).await {
        Ok(()) => {}
        // What it says of the Secret is right, and that is what counts.
        Err(Unwritten::NoRoom) => tracing::warn!(
            namespace = &*key.namespace,
            name = &*key.name,
            "status not brought up to date: the object leaves no room for it"
        ),
        Err(unwritten) => return unwritten.outcome(),
    }
    if key.is_cluster_wide() {
        context.cluster_wide.leave_all(sealed, &context.secrets);
    }
    let known = Known::settled(sealed, settled);
    remember_and_renew(context, key, &known, keys);
    spans::ended("Unchanged");
    Outcome::Done
}

/// Unseals and writes the Secret.
async fn renew(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    keys: &Arc<Keys>,
) -> Step {
    let seen_version = context.secrets.version(key);
    let unsealing = unseal(sealed, keys).await;
    let written = match unsealing.result {
        Ok(desired) => match apply(context, key, sealed, &Target::of(sealed), &desired).await {
            Ok(version) => Ok(version),
            Err(NotWritten::Failed(failure)) => Err(vec![failure]),
            // The object goes with it.
            Err(NotWritten::NamespaceGoes) => {
                spans::ended("Gone");
                return Step::Finished(Outcome::Done);
            }
        },
        Err(failures) => Err(failures),
    };
    let (failures, left_version) = match written {
        Ok(version) => (Vec::new(), Some(version)),
        Err(failures) => (failures, None),
    };
    record(context, key, sealed, &unsealing.key_ids, &failures);
    let previous_version = || sealed.secret_version().map(str::to_owned);
    let verdict = Verdict {
        failures: &failures,
        key_ids: &unsealing.key_ids,
        oldest: unsealing.oldest,
        secret_version: left_version.clone().or_else(previous_version),
        staleness: Staleness::of(sealed, &unsealing.key_ids, keys),
        success: "The Secret is what this object says.".to_owned(),
    };
    let status = status::summarise(sealed, &verdict, Timestamp::now());
    let secret_version = left_version.map(String::into_boxed_str).or(seen_version);
    let known = Known::new(
        sealed,
        &failures,
        secret_version,
        unsealing.key_ids,
        unsealing.oldest,
        keys,
    );
    Step::Tell(Box::new(Telling::of(
        sealed,
        status::patch(sealed, &status),
        failures,
        Standing::before(context.index.get(key).as_ref(), sealed),
        known,
        keys.clone(),
    )))
}

/// Tells the audit trail of every unsealing, and of a refusal once for each generation and reason.
pub(crate) fn record(
    context: &Context,
    key: &ObjectKey,
    sealed: &SealedSecret,
    key_ids: &[KeyId],
    failures: &[Failure],
) {
    if failures.is_empty() {
        context.audit.unsealed(key, sealed, key_ids);
        return;
    }
    let is_known = context.index.get(key).is_some_and(|known| {
        Some(&*known.uid) == sealed.metadata.uid.as_deref()
            && Some(known.generation) == sealed.metadata.generation
            && known.state == State::of(failures)
    });
    if !is_known {
        context.audit.refused(key, sealed, key_ids, failures);
    }
}

impl Context {
    /// The object is gone.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.index.forget(key);
        // Otherwise the watch of Secrets tells what becomes of its Secret.
        if !self.scope.repairs_drift() {
            self.secrets.forget(key);
        }
    }

    /// The version of the object's Secret, or what stands for those of all its Secrets; `None`: there is none.
    pub(crate) fn secret_version(&self, key: &ObjectKey) -> Option<Box<str>> {
        if key.is_cluster_wide() {
            self.cluster_wide.version(&key.name, &self.secrets)
        } else {
            self.secrets.version(key)
        }
    }
}

impl Known {
    pub(crate) fn new(
        sealed: &SealedSecret,
        failures: &[Failure],
        secret_version: Option<Box<str>>,
        key_ids: Vec<KeyId>,
        oldest: Option<SystemTime>,
        keys: &Keys,
    ) -> Self {
        Self {
            uid: sealed.metadata.uid.as_deref().unwrap_or_default().into(),
            generation: sealed.metadata.generation.unwrap_or_default(),
            state: State::of(failures),
            secret_version,
            stale: keys.is_stale(&key_ids).unwrap_or_default(),
            key_ids: key_ids.into(),
            oldest,
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
            oldest: settled.oldest,
        }
    }
}
