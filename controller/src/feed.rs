//! From the watch of SealedSecrets into the queue.

use std::collections::HashSet;

use kube::Resource;
use kube::runtime::watcher::{self, Event, watcher};
use waxwing_api::SealedSecret;

use crate::health::Part;
use crate::index::{Expected, Known};
use crate::key_change;
use crate::object_key::ObjectKey;
use crate::queue::Work;
use crate::reconcile::Context;
use crate::renewal;
use crate::scope::Area;
use crate::status;
use crate::unseal::key_ids;
use crate::watch::Watch;

/// How many objects are listed at once: enough to be fast, few enough that a page of the largest
/// objects does not fill the memory.
const PAGE: u32 = 100;

/// Queues every SealedSecret of the area that is not as it should be, for ever.
pub(crate) async fn follow(context: &Context, area: &Area) {
    let mut config = watcher::Config::default().page_size(PAGE);
    config.label_selector = context.scope.label_selector().map(str::to_owned);
    let events = watcher(area.api::<SealedSecret>(context.client.clone()), config);
    let mut watch = Watch::new(
        events,
        Part::SealedSecrets,
        area,
        "sealedsecrets",
        context.health.clone(),
    );
    let mut listed = HashSet::new();
    loop {
        match watch.next().await {
            Event::Init => listed.clear(),
            Event::InitApply(object) => {
                listed.insert(ObjectKey::of(&object));
                observe(context, object);
            }
            Event::InitDone => {
                for key in context.index.retain(area, &std::mem::take(&mut listed)) {
                    context.queue.remove(&key);
                }
            }
            Event::Apply(object) => observe(context, object),
            Event::Delete(object) => {
                let key = ObjectKey::of(&object);
                context.index.forget(&key);
                context.queue.remove(&key);
            }
        }
        context.queue.room().await;
    }
}

/// Remembers the object if its status says that all is well and nothing contradicts; queues it
/// otherwise.
fn observe(context: &Context, mut object: SealedSecret) {
    let key = ObjectKey::of(&object);
    let meta = object.meta();
    let generation = meta.generation.unwrap_or_default();
    if meta.deletion_timestamp.is_some()
        || context
            .index
            .has(&key, meta.uid.as_deref().unwrap_or_default(), generation)
    {
        return;
    }
    let keys = context.keys.current();
    match status::settled(&object, &keys, context.secrets.version(&key).as_deref()) {
        Some(settled) if settled.stale_is_current => {
            if settled.stale && !renewal::is_current(&object, &keys) {
                context.renewals.add(key.clone());
            }
            let known = Known::settled(&object, settled);
            key_change::remember(context, &key, &known, &keys);
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
        }
    }
}
