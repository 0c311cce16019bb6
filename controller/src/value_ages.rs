//! How old the values are, as a metric.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::histogram::Histogram;

use crate::index::Index;

const DAY: f64 = 86_400.0;

/// The upper ends of the buckets, in days.
const DAYS: [f64; 8] = [1.0, 7.0, 30.0, 90.0, 180.0, 365.0, 730.0, 1_825.0];

/// Makes a new histogram at each scrape: the values there are, and not those that ever were.
#[derive(Debug)]
pub(crate) struct ValueAges(pub(crate) Arc<Index>);

impl Collector for ValueAges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let now = SystemTime::now();
        let histogram = Histogram::new(DAYS.map(|days| days * DAY));
        for sealed_at in self.0.oldest() {
            // A clock that is behind the one of whoever sealed makes a value as old as new.
            let age = now.duration_since(sealed_at).unwrap_or_default();
            histogram.observe(age.as_secs_f64());
        }
        let metric = encoder.encode_descriptor(
            "value_age_seconds",
            "For each SealedSecret the age of its oldest value, as it is now",
            None,
            histogram.metric_type(),
        )?;
        histogram.encode(metric)
    }
}
