//! Ages and other durations for people, in kubectl's words: `45s`, `12m`, `5h`, `30d`, `2y40d`.

use std::time::{Duration, SystemTime};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// How long ago `then` was. A time ahead of this machine's clock counts as now.
pub(crate) fn age(then: SystemTime, now: SystemTime) -> String {
    in_words(now.duration_since(then).unwrap_or(Duration::ZERO))
}

/// A duration in its largest units.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        DAY..YEAR => format!("{}d", seconds / DAY),
        _ => format!("{}y{}d", seconds / YEAR, seconds % YEAR / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let cases = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (2 * HOUR + 10, "2h"),
            (30 * DAY, "30d"),
            (YEAR + DAY, "1y1d"),
        ];
        for (seconds, expected) in cases {
            let then = SystemTime::UNIX_EPOCH;
            assert_eq!(
                age(then, then + Duration::from_secs(seconds)),
                expected,
                "{seconds} s"
            );
        }
    }

    #[test]
    fn a_time_ahead_of_the_clock_counts_as_now() {
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(age(now + Duration::from_secs(90), now), "0s");
    }
}
