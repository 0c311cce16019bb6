//! From the watches of SealedSecrets and ClusterSealedSecrets into the queue.

use std::collections::HashSet;

use futures::TryStreamExt;
use kube::runtime::watcher::Event;
use kube::{Api, Resource};
use tracing::Span;
use waxwing_api::{ClusterSealedSecret, SealedSecret};

use crate::health::Part;
use crate::index::{Expected, Known};
use crate::key_change;
use crate::list_watch::list_watch;
use crate::mirror::map_event;
use crate::object_key::ObjectKey;
use crate::queue::Work;
use crate::reconcile::Context;
use crate::renewal;
use crate::scope::{Area, Listing};
use crate::status;
use crate::unseal::key_ids;
use crate::watch::Watch;

/// Queues every object of the listing that is not as it should be, for ever. `takeover` ends when all of them
/// are known.
pub(crate) async fn follow(context: &Context, listing: &Listing, takeover: Span) {
    let mut takeover = Some(takeover);
    let mut watch = watch(context, listing);
    let mut listed = HashSet::new();
    loop {
        match watch.next().await {
            Event::Init => {
                context.index.relist(listing);
                listed.clear();
            }
            Event::InitApply(object) => {
                listed.insert(ObjectKey::of(&object));
                if observe(context, object) {
                    context.queue.room().await;
                }
            }
            Event::InitDone => {
                takeover.take();
                // What is remembered in cluster_wide alone does nothing.
                for key in context.index.retain(listing, &std::mem::take(&mut listed)) {
                    context.forget(&key);
                    context.queue.remove(&key);
                }
            }
            Event::Apply(object) => {
                if observe(context, object) {
                    context.queue.room().await;
                }
            }
            Event::Delete(object) => {
                let key = ObjectKey::of(&object);
                context.forget(&key);
                context.queue.remove(&key);
                if key.is_cluster_wide() {
                    context.cluster_wide.forget(&key.name);
                }
            }
        }
    }
}

fn watch(context: &Context, listing: &Listing) -> Watch<SealedSecret> {
    let scope = context.scope.clone();
    let client = context.client.clone();
    let health = context.health.clone();
    match listing {
        Listing::SealedSecrets(area) => {
            let api = area.api::<SealedSecret>(client);
            let begin = move || list_watch(api.clone(), scope.label_selector());
            Watch::of(begin, Part::SealedSecrets, area, "sealedsecrets", health)
        }
        Listing::ClusterSealedSecrets => {
            let part = Part::ClusterSealedSecrets;
            let cluster_wide = context.cluster_wide.clone();
            let api = Api::<ClusterSealedSecret>::all(client);
            let begin = move || {
                let cluster_wide = cluster_wide.clone();
                list_watch(api.clone(), scope.label_selector())
                    .map_ok(move |event| map_event(event, |object| cluster_wide.take_in(object)))
            };
            Watch::of(
                begin,
                part,
                &Area::Everywhere,
                "clustersealedsecrets",
                health,
            )
        }
    }
}

/// Remembers the object if its status says that all is well and nothing contradicts; queues it
/// otherwise. True: it was queued.
fn observe(context: &Context, mut object: SealedSecret) -> bool {
    let key = ObjectKey::of(&object);
    let meta = object.meta();
    let generation = meta.generation.unwrap_or_default();
    if meta.deletion_timestamp.is_some()
        || context
            .index
            .has(&key, meta.uid.as_deref().unwrap_or_default(), generation)
    {
        return false;
    }
    if !context.scope.repairs_drift()
        && let Some(left) = object.secret_version()
    {
        context.secrets.assume(&key, left);
    }
    let keys = context.keys.current();
    match status::settled(&object, &keys, context.secret_version(&key).as_deref()) {
        Some(settled) if settled.stale_is_current => {
            if settled.stale && !renewal::is_current(&object, &keys) {
                context.renewals.add(key.clone());
            }
            if key.is_cluster_wide() {
                context.cluster_wide.leave_all(&object, &context.secrets);
            }
            let known = Known::settled(&object, settled);
            key_change::remember(context, &key, &known, &keys);
            false
        }
        _ => {
            let expected = Expected {
                uid: object.metadata.uid.as_deref().unwrap_or_default().into(),
                generation,
                key_ids: key_ids(&object).into(),
            };
            context.index.expect(key.clone(), expected);
            object.metadata.managed_fields = None;
            context.queue.add(key, Work::changed(object));
            true
        }
    }
}
