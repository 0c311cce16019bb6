//! From `kubectl apply` to the Secret.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::api::{Patch, PatchParams, WatchEvent, WatchParams};
use waxwing_crypto::Recipient;
use waxwing_tests::Space;

use crate::{Result, load};

/// How many objects are applied one after the other.
const SAMPLES: usize = 100;

/// The middle one and the 99th of a hundred latencies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// While the controller has nothing else to do.
pub(crate) async fn at_rest(space: &Space, recipient: &Recipient) -> Result<Latency> {
    sample(space, "rest", recipient).await
}

/// While all the other objects change as fast as the API server takes it.
pub(crate) async fn under_load(
    space: &Space,
    recipient: &Recipient,
    objects: usize,
) -> Result<Latency> {
    let (others, key) = (load::copy(space), recipient.clone());
    let load = tokio::spawn(async move {
        loop {
            if let Err(error) = load::apply(&others, objects, &key).await {
                eprintln!("the load failed: {error}");
            }
        }
    });
    let latency = sample(space, "load", recipient).await;
    load.abort();
    latency
}

async fn sample(space: &Space, prefix: &str, recipient: &Recipient) -> Result<Latency> {
    let mut taken = Vec::with_capacity(SAMPLES);
    for number in 0..SAMPLES {
        taken.push(one(space, &format!("{prefix}-{number}"), recipient).await?);
    }
    taken.sort_unstable();
    Ok(Latency {
        p50: taken[SAMPLES / 2],
        p99: taken[SAMPLES * 99 / 100],
    })
}

async fn one(space: &Space, name: &str, recipient: &Recipient) -> Result<Duration> {
    let sealed = load::sealed(space, name, recipient);
    let only = WatchParams::default().fields(&format!("metadata.name={name}"));
    let secrets = space.secrets();
    let mut events = pin!(secrets.watch(&only, "0").await?);
    let started = Instant::now();
    let patch = Patch::Apply(&sealed);
    let applied = space.sealed_secrets();
    applied
        .patch(name, &PatchParams::apply("bench"), &patch)
        .await?;
    while let Some(event) = events.next().await {
        if let WatchEvent::Added(_) = event? {
            return Ok(started.elapsed());
        }
    }
    Err(format!("the watch of {name} ended before there was a Secret").into())
}
