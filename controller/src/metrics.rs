//! What Prometheus may know. Nothing here is derived from a plaintext.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use waxwing_api::Reason;

use crate::api_metrics::ApiMetrics;
use crate::audit::Losses;
use crate::index::{Index, State};
use crate::keys::{KeyStore, Keys, Usability};
use crate::queue::Queue;
use crate::renewer::{Renewals, Renewed};
use crate::value_ages::ValueAges;
use crate::webhook::WebhookMetrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RenewalLabel {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabel {
    key_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabel {
    version: &'static str,
}

const SUCCESS: ResultLabels = ResultLabels {
    result: "success",
    reason: "",
};

const fn failure(reason: Reason) -> ResultLabels {
    ResultLabels {
        result: "failure",
        reason: reason.as_str(),
    }
}

impl RenewalLabel {
    const fn of(renewed: Renewed) -> Self {
        Self {
            result: renewed.as_str(),
        }
    }
}

/// Every metric of the controller. Those that count what is there now are read when they are asked for.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    sources: Sources,
    sealed_secrets: Family<StateLabel, Gauge>,
    stale: Gauge,
    unseals: Family<ResultLabels, Counter>,
    last_success: Gauge<f64, AtomicU64>,
    reconcile_seconds: Histogram,
    queue_depth: Gauge,
    keys: Family<StateLabel, Gauge>,
    primary: Family<KeyLabel, Gauge>,
    keys_without_escrow: Gauge,
    dependents: Family<KeyLabel, Gauge>,
    renewals: Family<RenewalLabel, Counter>,
    renewals_waiting: Gauge,
    leader: Gauge,
}

/// Where the present state is read from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) index: Arc<Index>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) renewals: Arc<Renewals>,
}

/// What others count, and is served here.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) api: ApiMetrics,
    pub(crate) audit: Losses,
    pub(crate) webhook: WebhookMetrics,
}

impl Metrics {
    pub(crate) fn new(sources: Sources, counted: &Counted) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("waxwing"),
            sources,
            sealed_secrets: Family::default(),
            stale: Gauge::default(),
            unseals: Family::default(),
            last_success: Gauge::default(),
            // From half a millisecond to 8 seconds.
            reconcile_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 15)),
            queue_depth: Gauge::default(),
            keys: Family::default(),
            primary: Family::default(),
            keys_without_escrow: Gauge::default(),
            dependents: Family::default(),
            renewals: Family::default(),
            renewals_waiting: Gauge::default(),
            leader: Gauge::default(),
        };
        metrics.register();
        metrics.register_counted(counted);
        metrics.start_at_zero();
        metrics
    }

    /// What is counted is there before it first happens: a series that begins at 1 has no rate.
    fn start_at_zero(&self) {
        drop(self.unseals.get_or_create(&SUCCESS));
        for reason in Reason::ALL {
            drop(self.unseals.get_or_create(&failure(reason)));
        }
        for renewed in Renewed::ALL {
            drop(self.renewals.get_or_create(&RenewalLabel::of(renewed)));
        }
    }

    fn register_counted(&mut self, counted: &Counted) {
        let registry = &mut self.registry;
        counted.api.register(registry);
        counted.audit.register(registry);
        counted.webhook.register(registry);
        registry.register_collector(Box::new(ValueAges(self.sources.index.clone())));
        let build = Family::<VersionLabel, Gauge>::default();
        let version = env!("CARGO_PKG_VERSION");
        build.get_or_create(&VersionLabel { version }).set(1);
        registry.register("build_info", "1, with the version that runs", build);
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "sealed_secrets",
            "SealedSecrets by state: Ready, or the reason of their failure",
            self.sealed_secrets.clone(),
        );
        registry.register(
            "sealed_secrets_stale",
            "SealedSecrets with a value that is sealed to a key that is not the primary",
            self.stale.clone(),
        );
        registry.register(
            "unseal",
            "Attempts to unseal a SealedSecret, by result (success, failure) and reason",
            self.unseals.clone(),
        );
        registry.register(
            "last_success_timestamp_seconds",
            "When a SealedSecret last came out well, in Unix time; 0: not yet",
            self.last_success.clone(),
        );
        registry.register(
            "reconcile_duration_seconds",
            "Time to work off one SealedSecret, requests included",
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "queue_depth",
            "SealedSecrets that wait to be worked off",
            self.queue_depth.clone(),
        );
        registry.register(
            "keys",
            "Sealing keys by state: Active, Retired, Revoked, Missing or Mismatch (no private half, or another's), Unreadable (key Secrets)",
            self.keys.clone(),
        );
        registry.register(
            "primary_key",
            "1 for the key that is primary",
            self.primary.clone(),
        );
        registry.register(
            "keys_without_escrow",
            "Sealing keys that are lost when the cluster is",
            self.keys_without_escrow.clone(),
        );
        registry.register(
            "key_dependents",
            "SealedSecrets with a value that is sealed to the key; on the leading replica only",
            self.dependents.clone(),
        );
        registry.register(
            "renewals",
            "Looks at the renewal of a stale SealedSecret, by result: written, unchanged, failed",
            self.renewals.clone(),
        );
        registry.register(
            "renewals_waiting",
            "SealedSecrets whose renewal may have to be written",
            self.renewals_waiting.clone(),
        );
        registry.register(
            "leader",
            "1 while this replica is the one that acts",
            self.leader.clone(),
        );
    }

    pub(crate) fn unsealed(&self) {
        self.unseals.get_or_create(&SUCCESS).inc();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.last_success.set(now.unwrap_or_default().as_secs_f64());
    }

    pub(crate) fn failed(&self, reason: Reason) {
        self.unseals.get_or_create(&failure(reason)).inc();
    }

    pub(crate) fn renewed(&self, renewed: Renewed) {
        self.renewals
            .get_or_create(&RenewalLabel::of(renewed))
            .inc();
    }

    pub(crate) fn worked(&self, time: Duration) {
        self.reconcile_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn set_leader(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// All metrics in the OpenMetrics text format.
    pub(crate) fn to_text(&self) -> String {
        self.read_sources();
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            text.clear();
            let _ = write!(text, "# {error}\n# EOF\n");
        }
        text
    }

    fn read_sources(&self) {
        let (states, stale) = self.sources.index.count();
        let failed = Reason::ALL.map(State::Failed);
        for state in failed.into_iter().chain([State::Ready]) {
            let count = states.get(&state).copied().unwrap_or_default();
            self.sealed_secrets
                .get_or_create(&StateLabel {
                    state: state.as_str(),
                })
                .set(count);
        }
        self.stale.set(stale);
        self.queue_depth
            .set(i64::try_from(self.sources.queue.depth()).unwrap_or(i64::MAX));

        let keys = self.sources.keys.current();
        for usability in Usability::ALL {
            let state = usability.as_str();
            self.keys
                .get_or_create(&StateLabel { state })
                .set(keys.count(usability));
        }
        self.primary.clear();
        if let Some(primary) = keys.primary() {
            let key_id = primary.to_string();
            self.primary.get_or_create(&KeyLabel { key_id }).set(1);
        }
        self.keys_without_escrow.set(keys.without_escrow());
        self.dependents.clear();
        for (key_id, count) in self.dependents_of(&keys) {
            self.dependents
                .get_or_create(&KeyLabel { key_id })
                .set(count);
        }
        self.renewals_waiting
            .set(i64::try_from(self.sources.renewals.len()).unwrap_or(i64::MAX));
    }

    /// Of the keys of this cluster, those that nothing needs included.
    fn dependents_of(&self, keys: &Keys) -> Vec<(String, i64)> {
        let Some(dependents) = self.sources.index.dependents() else {
            return Vec::new();
        };
        keys.ours()
            .map(|id| {
                let count = dependents.get(&id).copied().unwrap_or_default();
                (id.to_string(), count)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_there_before_it_first_happens() {
        let sources = Sources {
            index: Arc::default(),
            queue: Arc::default(),
            keys: Arc::default(),
            renewals: Arc::default(),
        };
        let metrics = Metrics::new(sources, &Counted::default());
        metrics.failed(Reason::NotOwned);
        metrics.worked(Duration::from_millis(3));
        let text = metrics.to_text();
        for line in [
            "waxwing_sealed_secrets{state=\"UnknownKey\"} 0",
            "waxwing_unseal_total{result=\"success\",reason=\"\"} 0",
            "waxwing_unseal_total{result=\"failure\",reason=\"NotOwned\"} 1",
            "waxwing_unseal_total{result=\"failure\",reason=\"TooLarge\"} 0",
            "waxwing_last_success_timestamp_seconds 0.0",
            "waxwing_reconcile_duration_seconds_count 1",
            "waxwing_keys{state=\"Unreadable\"} 0",
            "waxwing_renewals_total{result=\"failed\"} 0",
            "waxwing_value_age_seconds_count 0",
            "waxwing_audit_lines_lost_total 0",
            "waxwing_webhook_reviews_total{verdict=\"denied\"} 0",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        metrics.unsealed();
        assert!(
            !metrics
                .to_text()
                .contains("last_success_timestamp_seconds 0.0")
        );
    }
}
