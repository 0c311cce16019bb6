//! `--max-age`: which values should have been changed long ago.

use std::time::{Duration, SystemTime};

use waxwing_manifest::Location;

use super::survey::{Entry, Item};
use crate::diagnostic::Advice;
use crate::duration::{age, in_words};

/// A value that is older than it may be.
#[derive(Debug, thiserror::Error)]
#[error(
    "{place}: SealedSecret {object}: item \"{item}\": was sealed {age} ago, which is more than {}",
    in_words(*.max_age)
)]
pub(super) struct TooOld {
    place: Location,
    object: String,
    item: String,
    age: String,
    max_age: Duration,
}

impl Advice for TooOld {
    fn advice(&self) -> Vec<String> {
        vec![
            "change the value where it is used, and seal the new one; a reseal does not make it younger"
                .to_owned(),
        ]
    }
}

/// Every value that was sealed more than `max_age` before `now`.
pub(super) fn too_old(
    entries: &[Entry],
    max_age: Duration,
    now: SystemTime,
) -> impl Iterator<Item = TooOld> {
    let items = entries
        .iter()
        .flat_map(|entry| entry.items.iter().map(move |item| (entry, item)));
    let old = items.filter(move |(_, item)| is_too_old(item, max_age, now));
    old.map(move |(entry, item)| TooOld {
        place: Location {
            line: item.line,
            ..entry.location.clone()
        },
        object: entry.full_name(),
        item: item.name.clone(),
        age: age(item.sealed_at, now),
        max_age,
    })
}

/// A time ahead of this machine's clock is not old.
fn is_too_old(item: &Item, max_age: Duration, now: SystemTime) -> bool {
    now.duration_since(item.sealed_at)
        .is_ok_and(|age| age > max_age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_too_old_when_its_age_exceeds_the_limit() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let limit = Duration::from_secs(100);
        let cases = [(101, true), (100, false), (0, false), (-5_i64, false)];
        for (age, expected) in cases {
            let distance = Duration::from_secs(age.unsigned_abs());
            let item = Item {
                name: "password".to_owned(),
                line: 1,
                sealed_at: if age < 0 {
                    now + distance
                } else {
                    now - distance
                },
                keys: Vec::new(),
            };
            assert_eq!(is_too_old(&item, limit, now), expected, "{age}");
        }
    }
}
