//! What the API server is given to do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{AsyncBufReadExt, StreamExt};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Resource,
    api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams, Request, WatchParams},
};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};
use waxwing_api::SealedSecret;
use waxwing_crypto::Recipient;
use waxwing_tests::{Space, sealing, wait};

use crate::{PATIENCE, Result};

pub(crate) const ITEMS: [&str; 3] = ["username", "password", "url"];

const VALUE: &str = "correct horse battery staple";

/// The annotation of the bookmark that ends what was there before a watch.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// How many requests are under way at the same time: as many as the controller has by default.
const AT_ONCE: usize = 16;

pub(crate) fn sealed(space: &Space, name: &str, recipient: &Recipient) -> SealedSecret {
    let items = ITEMS.map(|item| (item, VALUE));
    sealing::sealed_secret(&space.namespace, name, &items, recipient).expect("the names are valid")
}

/// The same, as a plain Secret.
pub(crate) fn secret(name: &str) -> Secret {
    let items = ITEMS.map(|item| (item.to_owned(), ByteString(VALUE.into())));
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(items.into()),
        ..Secret::default()
    }
}

/// Applies so many SealedSecrets.
pub(crate) async fn apply(space: &Space, objects: usize, recipient: &Recipient) -> Result {
    let recipient = Arc::new(recipient.clone());
    for_each(objects, |number| {
        let (space, recipient) = (copy(space), Arc::clone(&recipient));
        async move {
            let name = name(number);
            let sealed = sealed(&space, &name, &recipient);
            let patch = Patch::Apply(&sealed);
            let api = space.sealed_secrets();
            api.patch(&name, &PatchParams::apply("bench"), &patch)
                .await
                .map(drop)
        }
    })
    .await
}

/// Creates a Secret and patches a status for each object: the least that any controller has to ask of the
/// API server. Returns how long it took.
pub(crate) async fn write_plainly(space: &Space, objects: usize) -> Result<Duration> {
    let started = Instant::now();
    for_each(objects, |number| {
        let space = copy(space);
        async move {
            let secret = secret(&name(number));
            space
                .secrets()
                .create(&PostParams::default(), &secret)
                .await?;
            let status = json!({ "status": { "observedGeneration": 1 } });
            let api = space.sealed_secrets();
            api.patch_status(
                &name(number),
                &PatchParams::default(),
                &Patch::Merge(status),
            )
            .await
            .map(drop)
        }
    })
    .await?;
    Ok(started.elapsed())
}

/// Reads what there is of SealedSecrets, as the beginning of a watch, and looks at nothing: what most clients
/// wait for that have to know them all. Returns how long it took.
pub(crate) async fn read_plainly(space: &Space) -> Result<Duration> {
    let all = Request::new(SealedSecret::url_path(&(), None));
    let request = all.watch(&WatchParams::default().initial_events(), "0")?;
    let started = Instant::now();
    let mut lines = space.client.request_stream(request).await?.lines();
    while let Some(line) = lines.next().await {
        if line?.contains(INITIAL_EVENTS_END) {
            return Ok(started.elapsed());
        }
    }
    Err("the watch ended before all was told".into())
}

/// Asks for one Secret and how many more there are: cheap, so that it does not disturb the measurement.
pub(crate) async fn wait_for_secrets(space: &Space, objects: usize) -> Result {
    let secrets: Api<Secret> = space.secrets();
    wait::until_within(PATIENCE, "all Secrets", async || {
        let list = secrets
            .list(&ListParams::default().limit(1))
            .await
            .map_err(|error| error.to_string())?;
        let more = list.metadata.remaining_item_count.unwrap_or_default();
        let found = list.items.len() + usize::try_from(more).unwrap_or_default();
        if found >= objects {
            Ok(())
        } else {
            Err(format!("{found} of {objects}"))
        }
    })
    .await?;
    Ok(())
}

/// The newest version of any Secret or SealedSecret of the namespace.
pub(crate) async fn newest_version(space: &Space) -> Result<u64> {
    let all = ListParams::default();
    let secrets = space.secrets().list_metadata(&all).await?;
    let sealed = space.sealed_secrets().list_metadata(&all).await?;
    let versions = secrets.iter().map(|object| &object.metadata);
    let versions = versions.chain(sealed.iter().map(|object| &object.metadata));
    let newest = versions
        .filter_map(|meta| meta.resource_version.as_ref()?.parse().ok())
        .max();
    Ok(newest.unwrap_or_default())
}

pub(crate) fn name(number: usize) -> String {
    format!("object-{number}")
}

pub(crate) fn copy(space: &Space) -> Space {
    Space {
        client: space.client.clone(),
        namespace: space.namespace.clone(),
    }
}

async fn for_each<F>(objects: usize, act: impl Fn(usize) -> F) -> Result
where
    F: Future<Output = std::result::Result<(), kube::Error>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut acts = JoinSet::new();
    for number in 0..objects {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let act = act(number);
        acts.spawn(async move {
            let _permit = permit;
            act.await
        });
    }
    while let Some(result) = acts.join_next().await {
        result??;
    }
    Ok(())
}
