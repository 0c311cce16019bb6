//! The validating admission webhook: what this cluster cannot unseal is refused when it is applied.
//!
//! The API server asks the `server`, under a path that is a `token`. The answer is what the condition would
//! say (`review`), and only for whom may read the condition (`access`). Every replica answers. Token and
//! certificates are `stored` in a Secret that every replica follows (`store`) and serves from (`serving`), or
//! the certificate comes from a `folder`; the leading replica's `keeper` makes them, lets them follow one
//! another (`duty`, `certificate`, `rotation`), and tells the API server of them (`configuration`).

mod access;
mod certificate;
mod configuration;
mod duty;
mod folder;
mod keeper;
mod metrics;
mod review;
mod rotation;
mod server;
mod serving;
mod store;
mod stored;
mod token;

use std::io;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub(crate) use keeper::Keeper;
pub(crate) use metrics::WebhookMetrics;

use crate::args::WebhookArgs;
use crate::reconcile::Context;
use crate::server_clock::ServerClock;
use server::Server;
use serving::Switch;
use store::Known;

/// Serves until the process ends, if the flags say so, and returns what the leading replica has to look after.
/// Fails if the address cannot be bound.
pub(crate) async fn start(
    args: &WebhookArgs,
    context: &Context,
    namespace: &str,
    clock: &ServerClock,
    metrics: &WebhookMetrics,
) -> io::Result<Option<Keeper>> {
    let Some(address) = args.webhook else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "serving the admission webhook");
    let (found, known) = watch::channel(Known::default());
    let client = context.client.clone();
    let health = context.health.clone();
    tokio::spawn(store::follow(
        client.clone(),
        namespace.to_owned(),
        found,
        health.clone(),
    ));
    let (switch, serving) = Switch::new(metrics.clone());
    match args.webhook_certificate.clone() {
        Some(folder) => tokio::spawn(folder::follow(folder, clock.clone(), switch)),
        None => tokio::spawn(serving::follow(known.clone(), switch)),
    };
    let server = Server::new(
        client.clone(),
        context.scope.clone(),
        context.keys.clone(),
        known.clone(),
        serving.clone(),
        metrics.clone(),
    );
    tokio::spawn(server.serve(listener));
    Ok(Some(Keeper {
        client,
        namespace: namespace.to_owned(),
        configuration: args.webhook_configuration.clone(),
        makes_certificates: args.webhook_certificate.is_none(),
        known,
        serving,
        health,
        clock: clock.clone(),
    }))
}
