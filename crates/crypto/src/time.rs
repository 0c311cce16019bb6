//! Points in time as the header writes them: RFC 3339, UTC, whole seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that four digits for the year can write.
const LAST_SECOND: u64 = 253_402_300_799;

/// The time as the header writes it, for example `2026-11-24T06:00:00Z`. A time before 1970 or
/// after 9999 is written as the nearest one that can be.
pub fn format_time(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().min(LAST_SECOND));
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Reads what [`format_time`] writes, and no other spelling of the same time.
pub(crate) fn parse_time(text: &str) -> Option<SystemTime> {
    let time = humantime::parse_rfc3339(text).ok()?;
    (format_time(time) == text).then_some(time)
}

/// Whether the header can write this time.
pub(crate) fn is_writable(time: SystemTime) -> bool {
    time.duration_since(UNIX_EPOCH)
        .is_ok_and(|since| since.as_secs() <= LAST_SECOND)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_written_in_utc_and_whole_seconds() {
        for (time, text) in [
            (at(0), "1970-01-01T00:00:00Z"),
            (at(1_795_500_000), "2026-11-24T06:00:00Z"),
            (at(LAST_SECOND), "9999-12-31T23:59:59Z"),
            (
                at(5) + Duration::from_nanos(999_999_999),
                "1970-01-01T00:00:05Z",
            ),
            (UNIX_EPOCH - Duration::from_secs(1), "1970-01-01T00:00:00Z"),
            (at(LAST_SECOND + 1), "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(format_time(time), text);
        }
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        for text in [
            "2026-11-24T06:00:00.000Z",
            "2026-11-24T06:00:00+00:00",
            "2026-11-24T07:00:00+01:00",
            "2026-11-24 06:00:00Z",
            "2026-11-24t06:00:00z",
            "2026-11-24T06:00:60Z",
            "2026-02-30T06:00:00Z",
            "2026-11-24T06:00Z",
            "1969-12-31T23:59:59Z",
            "ééééééééééééééééééééZ",
            "",
        ] {
            assert_eq!(parse_time(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_read_as_it_was_written(seconds in 0..=LAST_SECOND) {
            prop_assert_eq!(parse_time(&format_time(at(seconds))), Some(at(seconds)));
        }

        #[test]
        fn no_text_makes_reading_a_time_panic(text in ".{0,30}") {
            parse_time(&text);
        }
    }
}
