//! What is counted of the webhook.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Allowed,
    Denied,
    Unchecked,
    /// There was no answer that says anything.
    Failed,
}

impl Ending {
    const ALL: [Self; 4] = [Self::Allowed, Self::Denied, Self::Unchecked, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Unchecked => "unchecked",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

/// Counts reviews, and says when the certificate runs out.
#[derive(Debug, Clone, Default)]
pub(crate) struct WebhookMetrics {
    reviews: Family<VerdictLabel, Counter>,
    expiry: Gauge<f64, AtomicU64>,
}

impl WebhookMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        // What is counted is there before it first happens.
        for ending in Ending::ALL {
            drop(self.of(ending));
        }
        registry.register(
            "webhook_reviews",
            "Objects that the API server asked the webhook about, by verdict",
            self.reviews.clone(),
        );
        registry.register(
            "webhook_certificate_expiry_timestamp_seconds",
            "When the webhook's certificate runs out, or ran out, in Unix time; 0: there is none",
            self.expiry.clone(),
        );
    }

    pub(super) fn reviewed(&self, ending: Ending) {
        self.of(ending).inc();
    }

    pub(super) fn certificate_expires(&self, at: Option<Timestamp>) {
        self.expiry
            .set(at.map_or(0.0, |at| at.as_duration().as_secs_f64()));
    }

    fn of(&self, ending: Ending) -> Counter {
        let verdict = ending.as_str();
        self.reviews
            .get_or_create(&VerdictLabel { verdict })
            .clone()
    }
}
