//! What is remembered of the Secrets that Waxwing writes: that they are there, and in which version.
//!
//! Only metadata is watched, and only of Secrets with the label: no plaintext is ever in a cache.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{Config, Event, watcher};
use tokio::sync::watch;
use waxwing_api::names::MANAGED_LABEL;

use crate::health::Part;
use crate::mirror::{Mirror, map_event};
use crate::object_key::ObjectKey;
use crate::ownership;
use crate::queue::Work;
use crate::reconcile::Context;
use crate::scope::Area;
use crate::watch::Watch;

/// What is remembered of one Secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    version: Box<str>,
    /// It belongs to a ClusterSealedSecret.
    cluster_wide: bool,
}

impl Seen {
    pub(crate) fn new(version: &str, cluster_wide: bool) -> Self {
        Self {
            version: version.into(),
            cluster_wide,
        }
    }
}

type Mirrors = BTreeMap<Area, Mirror<ObjectKey, Seen>>;

/// All labelled Secrets.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    mirrors: Mutex<Mirrors>,
    listed: watch::Sender<BTreeSet<Area>>,
}

impl Secrets {
    /// The resource version of the Secret, if it is there and has the label.
    pub(crate) fn version(&self, key: &ObjectKey) -> Option<Box<str>> {
        self.look(key, |seen| seen.version.clone())
    }

    /// Whether the Secret is there and belongs to a ClusterSealedSecret.
    pub(crate) fn is_cluster_wide(&self, key: &ObjectKey) -> bool {
        self.look(key, |seen| seen.cluster_wide).unwrap_or_default()
    }

    /// The controller has written the Secret. The watch tells of it a moment later; if it has told of
    /// another change already, that one is newer.
    pub(crate) fn leave(&self, key: &ObjectKey, before: Option<&str>, left: Seen) {
        if let Some(mirror) = mirror_of(&mut self.lock(), key) {
            let is_as_before = |seen: Option<&Seen>| seen.map(|seen| &*seen.version) == before;
            mirror.put_if(key.clone(), is_as_before, left);
        }
    }

    /// Secrets of the area are not watched: nothing is known of them but what the controller leaves.
    pub(crate) fn leave_unwatched(&self, area: &Area) {
        self.take(area, Event::Init);
        self.take(area, Event::InitDone);
    }

    /// The Secret is not watched: it is taken to be as its object says that it was left.
    pub(crate) fn assume(&self, key: &ObjectKey, left: &str) {
        let before = self.version(key);
        self.leave(key, before.as_deref(), Seen::new(left, false));
    }

    /// The Secret is not watched, and nobody asks for it any more.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        if let Some(mirror) = mirror_of(&mut self.lock(), key) {
            mirror.remove(key);
        }
    }

    fn look<T>(&self, key: &ObjectKey, read: impl FnOnce(&Seen) -> T) -> Option<T> {
        mirror_of(&mut self.lock(), key)?.get(key).map(read)
    }

    /// Returns once all Secrets of the area were listed.
    pub(crate) async fn complete(&self, area: &Area) {
        let mut listed = self.listed.subscribe();
        // An error means that the sender is gone, and it is part of this.
        let _ = listed.wait_for(|listed| listed.contains(area)).await;
    }

    fn take(&self, area: &Area, event: Event<(ObjectKey, Seen)>) {
        let complete = self.lock().entry(area.clone()).or_default().take(event);
        if complete {
            self.listed
                .send_if_modified(|listed| listed.insert(area.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mirrors> {
        self.mirrors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That of the area which the key is in: areas do not overlap.
fn mirror_of<'a>(
    mirrors: &'a mut Mirrors,
    key: &ObjectKey,
) -> Option<&'a mut Mirror<ObjectKey, Seen>> {
    let mut areas = mirrors.iter_mut();
    let (_, mirror) = areas.find(|(area, _)| area.contains(&key.namespace))?;
    Some(mirror)
}

/// Keeps the secrets of an area up to date for ever, and queues each SealedSecret whose Secret is not
/// as the controller left it.
pub(crate) async fn follow(context: Context, area: Area) {
    let api = area.api::<PartialObjectMeta<Secret>>(context.client.clone());
    let begin = move |config: Config| watcher(api.clone(), config.labels(MANAGED_LABEL));
    let health = context.health.clone();
    let mut watch = Watch::new(begin, Part::Secrets, &area, "secrets", health);
    loop {
        let event = map_event(watch.next().await, |secret| read(&secret));
        let touched = match &event {
            Event::Apply((key, _)) | Event::Delete((key, _)) => vec![key.clone()],
            Event::InitDone => context.index.select(|_| true),
            Event::Init | Event::InitApply(_) => Vec::new(),
        };
        context.secrets.take(&area, event);
        for key in touched {
            queue_if_drifted(&key, &context);
            if let Some(key) = context.cluster_wide.of_secret(&key) {
                queue_if_drifted(&key, &context);
            }
        }
    }
}

fn read(secret: &PartialObjectMeta<Secret>) -> (ObjectKey, Seen) {
    let version = secret.metadata.resource_version.as_deref();
    let seen = Seen {
        version: version.unwrap_or_default().into(),
        cluster_wide: ownership::is_cluster_wide(&secret.metadata),
    };
    (ObjectKey::of(secret), seen)
}

/// Queues the object if its Secret, or one of its Secrets, is not as the controller left it.
pub(crate) fn queue_if_drifted(key: &ObjectKey, context: &Context) {
    // While a worker has the object, only that worker knows which version it leaves behind: the
    // queue asks again when it has finished.
    let drifted = || {
        context
            .index
            .get(key)
            .is_some_and(|known| known.secret_version != context.secret_version(key))
    };
    if context.queue.is_running(key) || drifted() {
        context.queue.add(key.clone(), Work::secret_changed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_not_watched_is_in_the_version_in_which_it_was_left() {
        let secrets = Secrets::default();
        let key = ObjectKey::new("prod", "db");
        secrets.assume(&key, "1");
        assert_eq!(
            secrets.version(&key),
            None,
            "it is watched, and not listed yet"
        );

        secrets.leave_unwatched(&Area::Everywhere);
        assert_eq!(secrets.version(&key), None);
        for version in ["1", "2"] {
            secrets.assume(&key, version);
            assert_eq!(secrets.version(&key).as_deref(), Some(version));
        }
        secrets.leave(&key, Some("2"), Seen::new("3", false));
        assert_eq!(secrets.version(&key).as_deref(), Some("3"));
        secrets.forget(&key);
        assert_eq!(secrets.version(&key), None);
    }
}
