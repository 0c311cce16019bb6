//! The time as the API server has it.
//!
//! The API server's clock stamps the keys, and says how old they are. By another one that was set wrong, a
//! new key would be as old as the one that it follows, and be followed at once, again and again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::DATE;
use http::{HeaderMap, Response};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tower::util::MapResponseLayer;

/// Set by every answer to the clients that its layer is laid around.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerClock(Arc<Mutex<Option<Reading>>>);

#[derive(Debug, Clone, Copy)]
struct Reading {
    time: Timestamp,
    at: Instant,
}

impl ServerClock {
    /// To the second. Before the first answer it is this machine's.
    pub(crate) fn now(&self) -> Timestamp {
        let Some(Reading { time, at }) = *self.lock() else {
            return Timestamp::now();
        };
        let since = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
        time.saturating_add(since).unwrap_or(Timestamp::MAX)
    }

    /// The layer by which the answers to a client set the clock.
    pub(crate) fn layer<B>(
        &self,
    ) -> MapResponseLayer<impl Fn(Response<B>) -> Response<B> + Clone + use<B>> {
        let clock = self.clone();
        MapResponseLayer::new(move |answer: Response<B>| {
            clock.read(answer.headers());
            answer
        })
    }

    fn read(&self, headers: &HeaderMap) {
        let text = headers.get(DATE).and_then(|date| date.to_str().ok());
        let time = text.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
        if let Some(time) = time {
            let at = Instant::now();
            *self.lock() = Some(Reading { time, at });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_is_that_of_the_last_answer_and_goes_on() {
        let clock = ServerClock::default();
        let read = |date: &str| clock.read(&[(DATE, date.parse().unwrap())].into_iter().collect());
        let is = |time: &str| assert_eq!(clock.now(), time.parse().unwrap());
        read("Fri, 01 Jan 1999 00:00:00 GMT");
        is("1999-01-01T00:00:00Z");
        tokio::time::advance(Duration::from_secs(90)).await;
        is("1999-01-01T00:01:30Z");
        for nonsense in ["yesterday", "", "\u{fc}"] {
            read(nonsense);
        }
        clock.read(&HeaderMap::new());
        is("1999-01-01T00:01:30Z");
        read("Thu, 31 Dec 1998 23:59:59 GMT");
        is("1998-12-31T23:59:59Z");
    }
}
