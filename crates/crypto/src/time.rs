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
