//! The certificate that is served now.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::sync::watch;

use super::certificate::{Certificate, Terms};
use super::metrics::WebhookMetrics;
use super::store::Known;

/// How connections are answered, and under which names.
pub(super) struct Serving {
    pub(super) config: Arc<ServerConfig>,
    pub(super) terms: Terms,
}

/// Says what is served from now on; connections that are open stay as they are.
pub(super) struct Switch {
    now: watch::Sender<Option<Arc<Serving>>>,
    metrics: WebhookMetrics,
}

impl Switch {
    pub(super) fn new(metrics: WebhookMetrics) -> (Self, watch::Receiver<Option<Arc<Serving>>>) {
        let (now, receiver) = watch::channel(None);
        (Self { now, metrics }, receiver)
    }

    pub(super) fn turn_to(&self, certificate: Option<&Certificate>) {
        let serving = certificate.and_then(serving);
        self.now.send_replace(serving.map(Arc::new));
    }

    /// When the certificate that there is runs out, or ran out.
    pub(super) fn expires(&self, at: Option<Timestamp>) {
        self.metrics.certificate_expires(at);
    }
}

fn serving(certificate: &Certificate) -> Option<Serving> {
    let terms = certificate.terms.clone();
    match certificate.server_config() {
        Ok(config) => {
            tracing::info!(
                until = %terms.until,
                hosts = terms.hosts.join(", "),
                "the webhook serves another certificate"
            );
            Some(Serving { config, terms })
        }
        Err(error) => {
            tracing::error!("the webhook's certificate cannot be served: {error}");
            None
        }
    }
}

/// Serves the certificate in the webhook's Secret, for ever.
pub(super) async fn follow(mut known: watch::Receiver<Known>, switch: Switch) {
    let mut served: Option<Arc<Certificate>> = None;
    loop {
        let stored = known.borrow_and_update().stored().cloned();
        let wanted = stored.and_then(|stored| stored.own).map(|own| own.current);
        let chain = |certificate: &Arc<Certificate>| certificate.chain.clone();
        if wanted.as_ref().map(chain) != served.as_ref().map(chain) {
            switch.turn_to(wanted.as_deref());
            switch.expires(wanted.as_ref().map(|certificate| certificate.terms.until));
            served = wanted;
        }
        if known.changed().await.is_err() {
            return;
        }
    }
}
