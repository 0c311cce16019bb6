//! Everything wired together.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::args::RunArgs;
use crate::audit::{self, Audit};
use crate::cluster::{self, ClusterError, Connection};
use crate::cluster_wide::{self, ClusterWide};
use crate::events::Events;
use crate::fence::Fence;
use crate::health::Health;
use crate::http;
use crate::index::Index;
use crate::keys::custodian::Custodian;
use crate::keys::{self, KeyStore, Recovery, RecoveryError, Settings};
use crate::leader::Lease;
use crate::metrics::{Counted, Metrics, Sources};
use crate::queue::Queue;
use crate::reconcile::Context;
use crate::scope::Scope;
use crate::secrets;
use crate::server_clock::ServerClock;
use crate::shutdown::Shutdown;
use crate::traces::{Traces, TracesError};
use crate::webhook;
use crate::work::Leading;

/// More threads than this only cost memory: the API server is the limit.
const MAX_THREADS: usize = 4;

/// How long giving the Lease back may take.
const RELEASE_DEADLINE: Duration = Duration::from_secs(2);

/// Why the controller cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RunError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    #[error("{address} cannot be listened on: {error}; give another --http-address")]
    Http { address: String, error: io::Error },
    #[error("{address} cannot be listened on: {error}; give another address for --webhook")]
    Webhook { address: String, error: io::Error },
    #[error(
        "the audit trail cannot be written to {path}: {error}; give another --audit-log, or - for standard output"
    )]
    Audit { path: String, error: io::Error },
    #[error(transparent)]
    Traces(TracesError),
    #[error("the process could not be set up: {0}")]
    Process(#[from] io::Error),
}

/// Runs until the process is told to stop.
pub(crate) fn run(args: &RunArgs, identity: String, traces: &Traces) -> Result<(), RunError> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS);
    let runtime = Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let result = runtime.block_on(run_until_stopped(args, identity, traces));
    traces.flush();
    // The watches never end by themselves.
    runtime.shutdown_background();
    result
}

async fn run_until_stopped(
    args: &RunArgs,
    identity: String,
    traces: &Traces,
) -> Result<(), RunError> {
    let shutdown = Shutdown::on_signals()?;
    let namespace = args.own_namespace();
    let recovery = Recovery::to(args.recovery_recipients(), args.key_algorithm)?;
    let counted = Counted::default();
    let audit = start_audit(args, &identity, &counted)?;
    let fence = Fence::default();
    let clock = ServerClock::default();
    let connection = cluster::connect(args, &fence, &counted.api, &clock).await?;
    let Connection { url, free, fenced } = connection;
    tracing::info!(
        url,
        namespace,
        version = env!("CARGO_PKG_VERSION"),
        traces = traces.endpoint().map(tracing::field::display),
        "starting"
    );

    let scope = args.scope();
    cluster::check_definitions(&fenced, &url, &scope).await?;
    cluster::check_label_selector(&fenced, &scope).await?;
    let events = Events::start(fenced.clone(), identity.clone());
    let context = context(fenced, scope, &namespace, events, &counted, audit.clone());
    http::serve(
        args.http_address,
        context.health.clone(),
        context.metrics.clone(),
    )
    .await
    .map_err(|error| RunError::Http {
        address: args.http_address.to_string(),
        error,
    })?;
    keep_warm(&context, &namespace);
    let webhook = start_webhook(args, &context, &namespace, &clock, &counted).await?;

    let settings = Settings {
        rollover_period: args.key_rollover_period,
        algorithm: args.key_algorithm,
        retire_after: args.key_retire_after,
        delete_unused_after: args.key_delete_unused_after,
        recovery: recovery.as_ref().map(Recovery::fingerprint),
    };
    let custodian = || {
        let clock = clock.clone();
        Custodian::new(&context, &namespace, clock, settings, recovery.clone())
    };
    let mut lease = Lease::new(free, &namespace, identity, fence);
    loop {
        tokio::select! {
            () = lease.acquire() => {}
            () = shutdown.requested() => break,
        }
        audit.replica(audit::Event::TookOver);
        let leading = Leading::start(&context, custodian(), webhook.clone(), args.concurrency);
        let stops = {
            let mut lost = pin!(lease.hold());
            tokio::select! {
                () = &mut lost => {
                    leading.abort().await;
                    false
                }
                // The Lease is held as long as something may be written.
                () = shutdown.requested() => {
                    leading.finish(lost).await;
                    true
                }
            }
        };
        audit.replica(audit::Event::StoodDown);
        if stops {
            // Otherwise the Lease runs out by itself.
            let _ = tokio::time::timeout(RELEASE_DEADLINE, lease.release()).await;
            break;
        }
    }
    audit.flush().await;
    tracing::info!("stopped");
    Ok(())
}

fn start_audit(args: &RunArgs, identity: &str, counted: &Counted) -> Result<Audit, RunError> {
    let destination = args.audit_destination();
    Audit::start(destination.as_ref(), identity, counted.audit.clone()).map_err(|error| {
        let path = args.audit_log.clone().unwrap_or_default();
        RunError::Audit {
            path: path.display().to_string(),
            error,
        }
    })
}

async fn start_webhook(
    args: &RunArgs,
    context: &Context,
    namespace: &str,
    clock: &ServerClock,
    counted: &Counted,
) -> Result<Option<webhook::Keeper>, RunError> {
    let started = webhook::start(&args.webhook, context, namespace, clock, &counted.webhook).await;
    started.map_err(|error| RunError::Webhook {
        address: args
            .webhook
            .webhook
            .map(|address| address.to_string())
            .unwrap_or_default(),
        error,
    })
}

fn context(
    client: kube::Client,
    scope: Scope,
    namespace: &str,
    events: Events,
    counted: &Counted,
    audit: Audit,
) -> Context {
    let index = Arc::new(Index::of(scope.clone()));
    let queue = Arc::new(Queue::default());
    let keys = Arc::new(KeyStore::default());
    let renewals = Arc::default();
    let sources = Sources {
        index: index.clone(),
        queue: queue.clone(),
        keys: keys.clone(),
        renewals: Arc::clone(&renewals),
    };
    let metrics = Metrics::new(sources, counted);
    Context {
        audit,
        events,
        client,
        keys,
        secrets: Arc::default(),
        cluster_wide: Arc::new(ClusterWide::new(namespace)),
        index,
        queue,
        contests: Arc::default(),
        renewals,
        metrics: Arc::new(metrics),
        health: Arc::new(Health::starting(&scope)),
        scope,
    }
}

/// The watches that every replica keeps, leading or not, so that it can take over at once.
fn keep_warm(context: &Context, namespace: &str) {
    let Context {
        client,
        keys,
        health,
        ..
    } = context.clone();
    let namespace = namespace.to_owned();
    tokio::spawn(async move { keys::follow(client, &namespace, &keys, &health).await });
    for area in context.scope.areas() {
        if context.scope.repairs_drift() {
            tokio::spawn(secrets::follow(context.clone(), area.clone()));
        } else {
            context.secrets.leave_unwatched(area);
        }
    }
    if context.scope.is_cluster_wide() {
        tokio::spawn(cluster_wide::follow(context.clone()));
    }
}
