//! What a controller's metrics say, by the names and labels of docs/metrics.md.

use crate::error::{Context, HarnessError};

/// The sum of all samples of a counter, or of a gauge that counts, whose labels hold this text; of all, if
/// it is empty. Zero if there is none.
///
/// # Errors
/// When a sample is no whole number.
pub fn total(text: &str, metric: &str, label: &str) -> Result<u64, HarnessError> {
    let samples = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        (name == metric && labels.contains(label)).then(|| value.parse::<u64>())
    });
    samples
        .sum::<Result<u64, _>>()
        .map_err(std::io::Error::other)
        .context(format!("read {metric}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn samples_are_added_up_by_name_and_label() {
        let text = "# TYPE waxwing_unseal counter\n\
            waxwing_unseal_total{result=\"success\",reason=\"\"} 3\n\
            waxwing_unseal_total{result=\"failure\",reason=\"NotOwned\"} 4\n\
            waxwing_leader 1\n\
            waxwing_last_success_timestamp_seconds 1.5\n";
        for (metric, label, expected) in [
            ("waxwing_unseal_total", "", 7),
            ("waxwing_unseal_total", "reason=\"NotOwned\"", 4),
            ("waxwing_leader", "", 1),
            ("waxwing_unseal", "", 0),
        ] {
            assert_eq!(total(text, metric, label).unwrap(), expected, "{metric}");
        }
        assert!(total(text, "waxwing_last_success_timestamp_seconds", "").is_err());
    }
}
