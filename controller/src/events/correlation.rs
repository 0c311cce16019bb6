//! What becomes of an event that is like an earlier one, or one of very many about the same object: a pure
//! function of what was told before.
//!
//! The limits are those of client-go: an event that comes again within six minutes is counted in a series
//! (tools/events), and of one object there are 25 at once and then one every five minutes
//! (tools/record, EventCorrelator).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::time::Instant;

use super::Occurrence;

/// How long after its last occurrence an event still counts as the same.
const SERIES: Duration = Duration::from_secs(6 * 60);

/// How many events about one object may be told at once.
const BURST: u32 = 25;

/// How long it takes until one more may be.
const REFILL: Duration = Duration::from_secs(5 * 60);

/// How often what has no meaning any more is forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// What makes two events the same: object, type, reason and text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Same {
    uid: Box<str>,
    words: u64,
}

impl Same {
    pub(super) fn of(occurrence: &Occurrence) -> Self {
        let mut words = DefaultHasher::new();
        occurrence.type_.hash(&mut words);
        occurrence.reason.hash(&mut words);
        occurrence.note.hash(&mut words);
        Self {
            uid: occurrence.about.uid.as_deref().unwrap_or_default().into(),
            words: words.finish(),
        }
    }
}

/// How something is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By an event of its own.
    Anew,
    /// By the event of that name, which has come so many times by now.
    Again { event: String, count: i32 },
    /// Not at all: too much was told of the object.
    Nothing,
}

/// What was told before.
#[derive(Debug, Default)]
pub(super) struct Correlation {
    told: HashMap<Same, Series>,
    /// For each object, when all that was told of it is made up for.
    made_up: HashMap<Box<str>, Instant>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Series {
    event: String,
    count: i32,
    last: Instant,
}

impl Correlation {
    pub(super) fn way(&mut self, same: &Same, now: Instant) -> Way {
        self.sweep(now);
        let again = self
            .told
            .get_mut(same)
            .filter(|series| now < series.last + SERIES)
            .map(|series| {
                series.last = now;
                series.count = series.count.saturating_add(1);
                (series.event.clone(), series.count)
            });
        if !self.spend(&same.uid, now) {
            return Way::Nothing;
        }
        match again {
            Some((event, count)) => Way::Again { event, count },
            None => Way::Anew,
        }
    }

    /// It was told by the event of that name.
    pub(super) fn created(&mut self, same: Same, event: String, now: Instant) {
        let series = Series {
            event,
            count: 1,
            last: now,
        };
        self.told.insert(same, series);
    }

    /// Takes one event off what may be told of the object. False: there is none left.
    fn spend(&mut self, uid: &str, now: Instant) -> bool {
        let made_up = self.made_up.entry(uid.into()).or_insert(now);
        let from = (*made_up).max(now);
        let is_left = from <= now + REFILL * (BURST - 1);
        if is_left {
            *made_up = from + REFILL;
        }
        is_left
    }

    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now < swept + SWEEP) {
            return;
        }
        self.swept = Some(now);
        self.told.retain(|_, series| now < series.last + SERIES);
        self.made_up.retain(|_, made_up| now < *made_up);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ObjectReference;
    use kube::runtime::events::EventType;

    use super::*;

    fn same(uid: &str, reason: &str, note: &str) -> Same {
        Same::of(&Occurrence {
            about: ObjectReference {
                uid: Some(uid.to_owned()),
                ..ObjectReference::default()
            },
            type_: EventType::Warning,
            reason: reason.to_owned(),
            note: note.to_owned(),
        })
    }

    fn again(event: &str, count: i32) -> Way {
        Way::Again {
            event: event.to_owned(),
            count,
        }
    }

    #[test]
    fn what_comes_again_is_counted_and_everything_else_is_an_event_of_its_own() {
        let start = Instant::now();
        let mut correlation = Correlation::default();
        for (number, (minute, uid, reason, note, expected)) in [
            (0, "a", "Malformed", "item x", Way::Anew),
            (1, "a", "Malformed", "item x", again("event-0", 2)),
            (1, "a", "Malformed", "item y", Way::Anew),
            (1, "a", "NotOwned", "item x", Way::Anew),
            (1, "b", "Malformed", "item x", Way::Anew),
            (6, "a", "Malformed", "item x", again("event-0", 3)),
            (13, "a", "Malformed", "item x", Way::Anew),
            (14, "a", "Malformed", "item x", again("event-6", 2)),
        ]
        .into_iter()
        .enumerate()
        {
            let now = start + Duration::from_secs(60 * minute);
            let same = same(uid, reason, note);
            let way = correlation.way(&same, now);
            if way == Way::Anew {
                correlation.created(same, format!("event-{number}"), now);
            }
            assert_eq!(way, expected, "{number}");
        }
    }

    #[test]
    fn of_one_object_no_more_is_told_than_the_limit_and_all_of_it_is_counted() {
        let start = Instant::now();
        let mut correlation = Correlation::default();
        let flapping = same("a", "Malformed", "item x");
        assert_eq!(correlation.way(&flapping, start), Way::Anew);
        correlation.created(flapping.clone(), "event".to_owned(), start);
        let told = (1..1_000)
            .filter(|_| correlation.way(&flapping, start) != Way::Nothing)
            .count();
        assert_eq!(told, 24);
        let other = same("b", "Malformed", "item x");
        assert_eq!(correlation.way(&other, start), Way::Anew);
        assert_eq!(
            correlation.way(&flapping, start + REFILL),
            again("event", 1_001)
        );
    }

    #[test]
    fn what_was_told_long_ago_is_forgotten() {
        let start = Instant::now();
        let mut correlation = Correlation::default();
        for number in 0..100 {
            let same = same(&number.to_string(), "Malformed", "item x");
            correlation.way(&same, start);
            correlation.created(same, "event".to_owned(), start);
        }
        let later = start + Duration::from_secs(3_600);
        correlation.way(&same("new", "Malformed", "item x"), later);
        assert_eq!((correlation.told.len(), correlation.made_up.len()), (0, 1));
    }
}
