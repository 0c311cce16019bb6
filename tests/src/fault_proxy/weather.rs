//! What befalls a request: the decision, apart from its effects.

use std::time::Duration;

use http::{Method, Uri};
use rand::{Rng, seq::SliceRandom};

/// How the proxy treats its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything is passed on.
    Calm,
    /// Two requests of five meet with a fault, and watches are cut after a few seconds.
    Storm,
    /// Everything is refused, and watches that run are cut.
    Blackout,
    /// Watches are refused, and those that run are cut. Everything else is passed on.
    NoWatches,
    /// One page of three is cut. Everything else is passed on.
    BrokenPages,
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Watch,
    /// A part of a list.
    Page,
    Read,
    Write,
}

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not passed on, and answered with this HTTP status.
    Refused(u16),
    /// A watch says that its history is gone, in an event, as the API server itself does.
    GoneInAnEvent,
    /// The connection is cut in the midst of the answer.
    Cut,
    /// A watch says nothing any more, and its connection stays open.
    Silence,
    /// It is passed on late.
    Delay(Duration),
    /// It is passed on and carried out, and the connection cut before the answer.
    AnswerLost,
}

const DELAYS: [Fault; 2] = [
    Fault::Delay(Duration::from_millis(900)),
    Fault::Delay(Duration::from_secs(4)),
];

const OF_WATCHES: [Fault; 8] = [
    Fault::Refused(410),
    Fault::Refused(429),
    Fault::Refused(500),
    Fault::Refused(503),
    Fault::GoneInAnEvent,
    Fault::Cut,
    Fault::Silence,
    DELAYS[0],
];

const OF_OTHERS: [Fault; 8] = [
    Fault::Refused(429),
    Fault::Refused(500),
    Fault::Refused(503),
    Fault::Refused(504),
    Fault::Cut,
    Fault::AnswerLost,
    DELAYS[0],
    DELAYS[1],
];

impl Weather {
    /// Whether watches that run are cut when it turns so.
    pub(super) fn cuts_watches(self) -> bool {
        match self {
            Self::Storm | Self::Blackout | Self::NoWatches => true,
            Self::Calm | Self::BrokenPages => false,
        }
    }
}

impl Wish {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let says = |test: fn(&str) -> bool| {
            let query = uri.query().unwrap_or_default();
            query.split('&').any(test)
        };
        if *method != Method::GET {
            Self::Write
        } else if says(|pair| matches!(pair, "watch=true" | "watch=1")) {
            Self::Watch
        } else if says(|pair| pair.starts_with("limit=")) {
            Self::Page
        } else {
            Self::Read
        }
    }
}

/// What befalls the next request; `None`: nothing.
pub(super) fn strike(weather: Weather, wish: Wish, choices: &mut impl Rng) -> Option<Fault> {
    match (weather, wish) {
        (Weather::Blackout, _) | (Weather::NoWatches, Wish::Watch) => Some(Fault::Refused(503)),
        (Weather::BrokenPages, Wish::Page) => choices.gen_ratio(1, 3).then_some(Fault::Cut),
        (Weather::Calm | Weather::NoWatches | Weather::BrokenPages, _) => None,
        (Weather::Storm, _) if !choices.gen_bool(0.4) => None,
        (Weather::Storm, Wish::Watch) => OF_WATCHES.choose(choices).copied(),
        (Weather::Storm, Wish::Page | Wish::Read | Wish::Write) => {
            OF_OTHERS.choose(choices).copied()
        }
    }
}

impl Fault {
    /// The name under which it is counted.
    pub(super) fn name(self) -> String {
        match self {
            Self::Refused(status) => status.to_string(),
            Self::GoneInAnEvent => "410 in an event".to_owned(),
            Self::Cut => "cut".to_owned(),
            Self::Silence => "silence".to_owned(),
            Self::Delay(_) => "slow".to_owned(),
            Self::AnswerLost => "answer lost".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn every_fault_comes_in_a_storm_to_what_it_can_befall_and_none_when_it_is_calm() {
        let mut choices = StdRng::seed_from_u64(1);
        let mut names = |weather, wish| -> BTreeSet<String> {
            let faults = (0..500).filter_map(|_| strike(weather, wish, &mut choices));
            faults.map(Fault::name).collect()
        };
        let all = |faults: &[Fault]| -> BTreeSet<String> {
            faults.iter().copied().map(Fault::name).collect()
        };
        assert_eq!(names(Weather::Storm, Wish::Watch), all(&OF_WATCHES));
        assert_eq!(names(Weather::Storm, Wish::Write), all(&OF_OTHERS));
        assert_eq!(names(Weather::NoWatches, Wish::Watch).len(), 1);
        assert_eq!(names(Weather::Blackout, Wish::Read).len(), 1);
        assert_eq!(names(Weather::BrokenPages, Wish::Page), all(&[Fault::Cut]));
        for (weather, wish) in [
            (Weather::Calm, Wish::Watch),
            (Weather::Calm, Wish::Write),
            (Weather::NoWatches, Wish::Page),
            (Weather::BrokenPages, Wish::Read),
            (Weather::BrokenPages, Wish::Watch),
        ] {
            assert!(names(weather, wish).is_empty(), "{weather:?} {wish:?}");
        }
    }

    #[test]
    fn a_request_is_a_watch_or_for_a_page_if_it_says_so() {
        for (method, uri, wish) in [
            (
                Method::GET,
                "/api/v1/secrets?limit=1&watch=true",
                Wish::Watch,
            ),
            (
                Method::GET,
                "/api/v1/secrets?allowWatchBookmarks=true",
                Wish::Read,
            ),
            (
                Method::GET,
                "/api/v1/secrets?labelSelector=a&limit=100",
                Wish::Page,
            ),
            (Method::PATCH, "/api/v1/namespaces/a/secrets/b", Wish::Write),
        ] {
            assert_eq!(Wish::of(&method, &Uri::from_static(uri)), wish, "{uri}");
        }
    }
}
