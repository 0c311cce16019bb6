//! From `kubectl apply` to the Secret.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use tokio::task::JoinSet;
use waxwing_crypto::Recipient;
use waxwing_tests::Space;

use crate::{Result, load};

/// How many objects are applied one after the other.
const SAMPLES: usize = 200;

/// How many others do the same meanwhile, under load. Each waits for its Secret before it goes on: that
/// keeps the API server busy, and measures the controller and not how long the backlog of others is.
const OTHERS: usize = 8;

/// The middle one of all latencies, and the one that 99 of 100 do not exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Latency {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self {
            p50: all[all.len() / 2],
            p99: all[all.len() * 99 / 100],
        }
    }
}

/// From apply to Secret, while the controller has nothing else to do; and, in between, from a plain client's
/// creation of a Secret to the event of its watch.
pub(crate) async fn at_rest(space: &Space, recipient: &Recipient) -> Result<(Latency, Latency)> {
    let (mut taken, mut plainly) = (Vec::new(), Vec::new());
    for number in 0..SAMPLES {
        plainly.push(create_plainly(space, &format!("plain-{number}")).await?);
        taken.push(unseal(space, &format!("rest-{number}"), recipient).await?);
    }
    Ok((Latency::of(taken), Latency::of(plainly)))
}

/// From apply to Secret, while others apply objects as well.
pub(crate) async fn under_load(space: &Space, recipient: &Recipient) -> Result<Latency> {
    let mut others = JoinSet::new();
    for other in 0..OTHERS {
        let (space, recipient) = (load::copy(space), recipient.clone());
        others.spawn(async move {
            for number in 0.. {
                let name = format!("other-{other}-{number}");
                if let Err(error) = unseal(&space, &name, &recipient).await {
                    eprintln!("the load failed: {error}");
                }
            }
        });
    }
    let mut taken = Vec::new();
    for number in 0..SAMPLES {
        taken.push(unseal(space, &format!("load-{number}"), recipient).await?);
    }
    Ok(Latency::of(taken))
}

async fn unseal(space: &Space, name: &str, recipient: &Recipient) -> Result<Duration> {
    let sealed = load::sealed(space, name, recipient);
    let events = watch(space, name).await?;
    let started = Instant::now();
    let patch = Patch::Apply(&sealed);
    let api = space.sealed_secrets();
    api.patch(name, &PatchParams::apply("bench"), &patch)
        .await?;
    until_there(name, events).await?;
    Ok(started.elapsed())
}

async fn create_plainly(space: &Space, name: &str) -> Result<Duration> {
    let secret = load::secret(name);
    let events = watch(space, name).await?;
    let started = Instant::now();
    let api = space.secrets();
    api.create(&PostParams::default(), &secret).await?;
    until_there(name, events).await?;
    Ok(started.elapsed())
}

async fn watch(
    space: &Space,
    name: &str,
) -> Result<impl Stream<Item = kube::Result<WatchEvent<Secret>>> + use<>> {
    let only = WatchParams::default().fields(&format!("metadata.name={name}"));
    Ok(space.secrets().watch(&only, "0").await?)
}

async fn until_there(
    name: &str,
    events: impl Stream<Item = kube::Result<WatchEvent<Secret>>>,
) -> Result {
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        if let WatchEvent::Added(_) = event? {
            return Ok(());
        }
    }
    Err(format!("the watch of {name} ended before there was a Secret").into())
}
