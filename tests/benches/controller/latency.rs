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

/// While the controller has nothing else to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtRest {
    /// From sending the apply to the Secret.
    pub(crate) from_apply: Latency,
    /// From the API server's answer to the apply to the Secret.
    pub(crate) from_answer: Latency,
    /// In between: from a plain client's creation of a Secret to the event of its watch.
    pub(crate) plainly: Latency,
}

pub(crate) async fn at_rest(space: &Space, recipient: &Recipient) -> Result<AtRest> {
    let (mut from_apply, mut from_answer, mut plainly) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..SAMPLES {
        plainly.push(create_plainly(space, &format!("plain-{number}")).await?);
        let taken = unseal(space, &format!("rest-{number}"), recipient).await?;
        from_apply.push(taken.from_apply);
        from_answer.push(taken.from_answer);
    }
    Ok(AtRest {
        from_apply: Latency::of(from_apply),
        from_answer: Latency::of(from_answer),
        plainly: Latency::of(plainly),
    })
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
        let unsealed = unseal(space, &format!("load-{number}"), recipient).await?;
        taken.push(unsealed.from_apply);
    }
    Ok(Latency::of(taken))
}

struct Unsealed {
    from_apply: Duration,
    from_answer: Duration,
}

async fn unseal(space: &Space, name: &str, recipient: &Recipient) -> Result<Unsealed> {
    let sealed = load::sealed(space, name, recipient);
    let events = watch(space, name).await?;
    let started = Instant::now();
    let patch = Patch::Apply(&sealed);
    let api = space.sealed_secrets();
    api.patch(name, &PatchParams::apply("bench"), &patch)
        .await?;
    let answered = Instant::now();
    until_there(name, events).await?;
    Ok(Unsealed {
        from_apply: started.elapsed(),
        from_answer: answered.elapsed(),
    })
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
