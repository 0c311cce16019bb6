//! What the leading replica does, all at the same time: feed the queue, work it off, look after
//! the keys, and see to the SealedSecrets that a change of the keys touches.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tracing::Span;

use crate::feed;
use crate::health::Part;
use crate::key_change;
use crate::keys::custodian::Custodian;
use crate::queue::{Job, Outcome};
use crate::reconcile::{Context, DEADLINE, Step, reconcile};
use crate::renewer::{self, RENEWERS};
use crate::scope::{Area, Listing};
use crate::telling::tell;
use crate::traces::spans;
use crate::webhook::Keeper;

/// How long work in progress may go on after the wish to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The leader's tasks. Dropping them ends them.
pub(crate) struct Leading {
    context: Context,
    workers: JoinSet<()>,
    background: JoinSet<()>,
}

impl Leading {
    pub(crate) fn start(
        context: &Context,
        custodian: Custodian,
        webhook: Option<Keeper>,
        concurrency: NonZeroUsize,
    ) -> Self {
        context.queue.reset();
        context.renewals.clear();
        context.index.clear();
        context.metrics.set_leader(true);
        let health = &context.health;
        health.set_not_loaded(Part::SealedSecrets, &context.scope);
        if context.scope.is_cluster_wide() {
            health.set_not_loaded(Part::ClusterSealedSecrets, &context.scope);
        }
        let takeover = spans::takeover();
        let mut background = JoinSet::new();
        background.spawn(custodian.run());
        if let Some(keeper) = webhook {
            background.spawn(keeper.run());
        }
        background.spawn(key_change::follow(context.clone()));
        for listing in context.scope.listings() {
            background.spawn(feed_when_ready(context.clone(), listing, takeover.clone()));
        }
        for _ in 0..RENEWERS {
            background.spawn(renewer::work_off(context.clone()));
        }
        let mut workers = JoinSet::new();
        for _ in 0..concurrency.get() {
            workers.spawn(work_off(context.clone()));
        }
        Self {
            context: context.clone(),
            workers,
            background,
        }
    }

    /// Stops at once: another replica may be about to act.
    pub(crate) async fn abort(mut self) {
        self.background.shutdown().await;
        self.workers.shutdown().await;
        self.stand_down();
    }

    /// Takes on nothing new, and finishes what is in hand, unless the Lease is `lost` meanwhile.
    pub(crate) async fn finish(mut self, lost: impl Future<Output = ()>) {
        self.background.shutdown().await;
        self.context.queue.close();
        let finished = async { while self.workers.join_next().await.is_some() {} };
        let is_finished = tokio::select! {
            () = finished => true,
            () = lost => false,
            () = tokio::time::sleep(GRACE) => false,
        };
        if !is_finished {
            tracing::warn!("stopping before all work in hand was finished");
        }
        self.workers.shutdown().await;
        self.stand_down();
    }

    fn stand_down(&self) {
        self.context.index.clear();
        self.context.metrics.set_leader(false);
        for part in [
            Part::SealedSecrets,
            Part::ClusterSealedSecrets,
            Part::WebhookConfiguration,
        ] {
            self.context.health.set_aside(part);
        }
    }
}

async fn work_off(context: Context) {
    while let Some((key, job)) = context.queue.next().await {
        let started = Instant::now();
        let mut worked = Duration::ZERO;
        let step = async {
            match job {
                Job::Reconcile(work) => reconcile(&context, &key, work).await,
                Job::Tell(telling) => {
                    worked = telling.worked;
                    Step::Finished(tell(&context, &key, *telling).await)
                }
            }
        };
        let step = tokio::time::timeout(DEADLINE, step)
            .await
            .unwrap_or_else(|_| {
                tracing::warn!(
                    namespace = &*key.namespace,
                    name = &*key.name,
                    "took too long; tried again by and by"
                );
                Step::Finished(Outcome::Retry)
            });
        worked += started.elapsed();
        match step {
            Step::Tell(mut telling) => {
                telling.worked = worked;
                context.queue.tell_later(key, telling);
            }
            Step::Finished(outcome) => {
                context.metrics.worked(worked);
                let is_there = context.queue.finish(&key, outcome);
                if !is_there {
                    context.forget(&key);
                }
            }
        }
    }
}

/// Without the keys nothing can be unsealed, and without the versions of the Secrets it cannot be told
/// what needs no work.
async fn feed_when_ready(context: Context, listing: Listing, takeover: Span) {
    context.keys.complete().await;
    match &listing {
        Listing::SealedSecrets(area) => context.secrets.complete(area).await,
        Listing::ClusterSealedSecrets => {
            context.secrets.complete(&Area::Everywhere).await;
            context.cluster_wide.complete().await;
        }
    }
    feed::follow(&context, &listing, takeover).await;
}
