//! Keeps the renewals of stale SealedSecrets up to date: whenever there is time, a few at once.
//!
//! A rollover makes every SealedSecret stale at the same moment. What that takes waits here, apart from
//! the queue, so that it never stands in the way of unsealing.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tracing::Instrument;
use waxwing_api::Reason;

use crate::api_error::{self, Class, Tried};
use crate::backoff::Backoff;
use crate::object_key::ObjectKey;
use crate::objects::{StatusPatch, fetch, patch_status};
use crate::reconcile::{Context, DEADLINE};
use crate::renewal::renewal;
use crate::status;
use crate::traces::spans;

/// How many renewals are worked on at the same time.
pub(crate) const RENEWERS: usize = 2;

/// How long a renewal waits when there is something to unseal.
const GIVE_WAY: Duration = Duration::from_millis(100);

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(60),
};

/// The SealedSecrets whose renewal may have to change, each once.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    waiting: Mutex<Waiting>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<ObjectKey>,
    all: HashSet<ObjectKey>,
}

impl Renewals {
    pub(crate) fn add(&self, key: ObjectKey) {
        let mut waiting = self.lock();
        if waiting.all.insert(key.clone()) {
            waiting.order.push_back(key);
        }
        drop(waiting);
        self.added.notify_one();
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Waiting::default();
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().order.len()
    }

    async fn next(&self) -> ObjectKey {
        loop {
            if let Some((key, more)) = self.take() {
                if more {
                    self.added.notify_one();
                }
                return key;
            }
            self.added.notified().await;
        }
    }

    fn take(&self) -> Option<(ObjectKey, bool)> {
        let mut waiting = self.lock();
        let key = waiting.order.pop_front()?;
        waiting.all.remove(&key);
        Some((key, !waiting.order.is_empty()))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one renewal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewed {
    /// A renewal was written, or taken away.
    Written,
    /// Nothing had to change.
    Unchanged,
    /// It was not written, and is tried again.
    Failed,
}

impl Renewed {
    pub(crate) const ALL: [Self; 3] = [Self::Written, Self::Unchanged, Self::Failed];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

/// One renewer: works for ever.
pub(crate) async fn work_off(context: Context) {
    let mut failures = 0;
    loop {
        let key = context.renewals.next().await;
        if context.queue.depth() > 0 {
            tokio::time::sleep(GIVE_WAY).await;
        }
        let renewed = tokio::time::timeout(
            DEADLINE,
            renew(&context, &key).instrument(spans::renew(&key)),
        )
        .await
        .unwrap_or(Renewed::Failed);
        context.metrics.renewed(renewed);
        if renewed == Renewed::Failed {
            failures += 1;
            tokio::time::sleep(BACKOFF.after(failures)).await;
            context.renewals.add(key);
        } else {
            failures = 0;
        }
    }
}

/// Looks at the object afresh, and writes its condition Stale and its renewal if they change. One that
/// is not as it should be is the business of the queue, and comes back here after that.
async fn renew(context: &Context, key: &ObjectKey) -> Renewed {
    let renewed = renew_unless_unsettled(context, key).await;
    match renewed {
        Renewed::Failed => spans::failed(Reason::ApiError.as_str()),
        Renewed::Written => spans::ended("Written"),
        Renewed::Unchanged => spans::ended("Unchanged"),
    }
    renewed
}

async fn renew_unless_unsettled(context: &Context, key: &ObjectKey) -> Renewed {
    let sealed = match fetch(context, key).await {
        Ok(Some(sealed)) => sealed,
        Ok(None) => return Renewed::Unchanged,
        Err(error) => return failed(key, &error, Tried::new("get", "sealedsecrets")),
    };
    spans::of_generation(sealed.metadata.generation);
    let keys = context.keys.current();
    let version = context.secret_version(key);
    let Some(settled) = status::settled(&sealed, &keys, version.as_deref()) else {
        return Renewed::Unchanged;
    };
    let mut status = status::with_stale(&sealed, &keys, Timestamp::now());
    if settled.stale {
        status.renewal = renewal(&sealed, &keys);
    }
    let written = match status::patch(&sealed, &status) {
        None => Renewed::Unchanged,
        Some(mut patch) => {
            // What was computed from one spec must never stand beside another one.
            patch["metadata"]["resourceVersion"] = sealed.metadata.resource_version.clone().into();
            let patch = StatusPatch::of(&sealed, patch);
            match patch_status(&context.client, key, patch).await {
                Ok(()) => Renewed::Written,
                Err(error) => {
                    return failed(key, &error, Tried::new("patch", "sealedsecrets/status"));
                }
            }
        }
    };
    context.index.mark_stale(key, &sealed, settled.stale);
    if !Arc::ptr_eq(&keys, &context.keys.current()) {
        context.renewals.add(key.clone());
    }
    written
}

fn failed(key: &ObjectKey, error: &kube::Error, tried: Tried) -> Renewed {
    let (namespace, name) = (&*key.namespace, &*key.name);
    let why = api_error::explain(error, tried);
    match api_error::classify(error) {
        Class::Conflict => Renewed::Failed,
        // It would be refused again.
        Class::Invalid | Class::TooLarge => {
            tracing::warn!(namespace, name, "not renewed: {why}");
            Renewed::Unchanged
        }
        Class::Forbidden | Class::Unavailable => {
            tracing::warn!(namespace, name, "not renewed yet: {why}");
            Renewed::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            namespace: "prod".into(),
            name: name.into(),
        }
    }

    #[tokio::test]
    async fn each_object_waits_once_and_comes_in_turn() {
        let renewals = Renewals::default();
        for name in ["a", "b", "a"] {
            renewals.add(key(name));
        }
        assert_eq!(renewals.len(), 2);
        assert_eq!(renewals.next().await, key("a"));
        renewals.add(key("a"));
        assert_eq!(renewals.next().await, key("b"));
        assert_eq!(renewals.next().await, key("a"));
        assert_eq!(renewals.len(), 0);
    }
}
