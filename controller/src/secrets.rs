//! What is remembered of the Secrets that Waxwing writes: that they are there, and in which version.
//!
//! Only metadata is watched, and only of Secrets with the label: no plaintext is ever in a cache.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::watch;
use waxwing_api::names::MANAGED_LABEL;

use crate::health::Part;
use crate::index::Index;
use crate::mirror::{Mirror, map_event};
use crate::object_key::ObjectKey;
use crate::queue::{Queue, Work};
use crate::reconcile::Context;
use crate::scope::Area;
use crate::watch::Watch;

/// The resource versions of all labelled Secrets.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    versions: Mutex<BTreeMap<Area, Mirror<ObjectKey, Box<str>>>>,
    listed: watch::Sender<BTreeSet<Area>>,
}

impl Secrets {
    /// The resource version of the Secret, if it is there and has the label.
    pub(crate) fn version(&self, key: &ObjectKey) -> Option<Box<str>> {
        let versions = self.lock();
        // Areas do not overlap.
        let (_, mirror) = versions
            .iter()
            .find(|(area, _)| area.contains(&key.namespace))?;
        mirror.get(key).cloned()
    }

    /// Returns once all Secrets of the area were listed.
    pub(crate) async fn complete(&self, area: &Area) {
        let mut listed = self.listed.subscribe();
        // An error means that the sender is gone, and it is part of this.
        let _ = listed.wait_for(|listed| listed.contains(area)).await;
    }

    fn take(&self, area: &Area, event: Event<(ObjectKey, Box<str>)>) {
        let complete = self.lock().entry(area.clone()).or_default().take(event);
        if complete {
            self.listed
                .send_if_modified(|listed| listed.insert(area.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Area, Mirror<ObjectKey, Box<str>>>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the secrets of an area up to date for ever, and queues each SealedSecret whose Secret is not
/// as the controller left it.
pub(crate) async fn follow(context: Context, area: Area) {
    let Context {
        secrets,
        index,
        queue,
        ..
    } = &context;
    let config = watcher::Config::default().labels(MANAGED_LABEL);
    let events = watcher(
        area.api::<PartialObjectMeta<Secret>>(context.client.clone()),
        config,
    );
    let health = context.health.clone();
    let mut watch = Watch::new(events, Part::Secrets, &area, "secrets", health);
    loop {
        let event = map_event(watch.next().await, |secret| read(&secret));
        let touched = match &event {
            Event::Apply((key, _)) | Event::Delete((key, _)) => vec![key.clone()],
            Event::InitDone => index.keys_in(&area),
            Event::Init | Event::InitApply(_) => Vec::new(),
        };
        secrets.take(&area, event);
        for key in touched {
            queue_if_drifted(&key, secrets, index, queue);
        }
    }
}

fn read(secret: &PartialObjectMeta<Secret>) -> (ObjectKey, Box<str>) {
    let version = secret
        .metadata
        .resource_version
        .as_deref()
        .unwrap_or_default()
        .into();
    (ObjectKey::of(secret), version)
}

fn queue_if_drifted(key: &ObjectKey, secrets: &Secrets, index: &Index, queue: &Queue) {
    // While a worker has the object, only that worker knows which version it leaves behind: the
    // queue asks again when it has finished.
    let drifted = || {
        index
            .get(key)
            .is_some_and(|known| known.secret_version != secrets.version(key))
    };
    if queue.is_running(key) || drifted() {
        queue.add(key.clone(), Work::secret_changed());
    }
}
