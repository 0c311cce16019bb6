//! Following a watch for ever, through every failure.
//!
//! A watch begins with what is there already. kube's watcher has it streamed, where the API server can do that,
//! and otherwise listed page by page. Bookmarks let it be taken up where it was interrupted, instead of from the
//! start.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use kube::runtime::watcher::{Config, Error, Event, Result};

use crate::api_error::{self, Tried};
use crate::backoff::Backoff;
use crate::health::{Health, Part};
use crate::scope::Area;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(10),
};

/// A watch that was refused has begun when it is not refused for so long: until something changes it says
/// nothing.
const QUIET: Duration = Duration::from_secs(15);

type Events<K> = BoxStream<'static, Result<Event<K>>>;

/// A watch whose failures are told to `health` and to the log, and got over.
pub(crate) struct Watch<K> {
    begin: Box<dyn Fn(Config) -> Events<K> + Send>,
    events: Events<K>,
    streams_lists: bool,
    part: Part,
    area: Area,
    resource: &'static str,
    health: Arc<Health>,
    failures: u32,
    /// What is there is being told, up to now without a failure.
    listing: bool,
    /// Everything was listed, and what follows are changes.
    listed: bool,
}

impl<K> Watch<K> {
    /// `begin` begins it anew, with all that is there; what it is given says how kube's watcher gets that.
    pub(crate) fn new<S>(
        begin: impl Fn(Config) -> S + Send + 'static,
        part: Part,
        area: &Area,
        resource: &'static str,
        health: Arc<Health>,
    ) -> Self
    where
        S: Stream<Item = Result<Event<K>>> + Send + 'static,
    {
        let begin = move |config| begin(config).boxed();
        Self {
            events: begin(Config::default().streaming_lists()),
            begin: Box::new(begin),
            streams_lists: true,
            part,
            area: area.clone(),
            resource,
            health,
            failures: 0,
            listing: false,
            listed: false,
        }
    }

    /// `begin` begins it anew, with all that is there, in its own way.
    pub(crate) fn of<S>(
        begin: impl Fn() -> S + Send + 'static,
        part: Part,
        area: &Area,
        resource: &'static str,
        health: Arc<Health>,
    ) -> Self
    where
        S: Stream<Item = Result<Event<K>>> + Send + 'static,
    {
        Self {
            streams_lists: false,
            ..Self::new(move |_| begin(), part, area, resource, health)
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Event<K> {
        loop {
            let next = self.events.next();
            let next = if self.failures > 0 && self.listed {
                tokio::time::timeout(QUIET, next).await
            } else {
                Ok(next.await)
            };
            match next {
                // kube's watcher begins anew at once: an API server that ends each watch before all is told
                // would be asked as fast as it answers.
                Ok(Some(Ok(Event::Init))) if self.listing => {
                    self.failed("the API server ended it before all was told", true);
                    self.back_off().await;
                    return Event::Init;
                }
                Ok(Some(Ok(event))) => {
                    self.heard(&event);
                    return event;
                }
                Ok(Some(Err(error))) if self.streams_lists && is_about_streaming(&error) => {
                    self.list_in_pages();
                }
                Ok(Some(Err(error))) => self.recover(&error).await,
                // A watcher's stream has no end.
                Ok(None) => std::future::pending().await,
                Err(_) => self.works(),
            }
        }
    }

    fn list_in_pages(&mut self) {
        tracing::debug!(
            resource = self.resource,
            "the API server streams no lists; listing{} in pages",
            self.area
        );
        self.streams_lists = false;
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.listed = false;
        self.listing = false;
        let config = Config::default();
        self.events = (self.begin)(if self.streams_lists {
            config.streaming_lists()
        } else {
            config
        });
    }

    fn heard(&mut self, event: &Event<K>) {
        match event {
            // A listing that fails begins with this too.
            Event::Init => {
                self.listed = false;
                self.listing = true;
            }
            Event::InitApply(_) => {}
            Event::InitDone => {
                self.listing = false;
                self.listed = true;
                self.works();
            }
            Event::Apply(_) | Event::Delete(_) => self.works(),
        }
    }

    fn works(&mut self) {
        if self.listed {
            self.health.set_ready(self.part, &self.area);
        }
        if self.failures > 0 {
            self.failures = 0;
            tracing::info!(resource = self.resource, "watching{} again", self.area);
        }
    }

    async fn recover(&mut self, error: &Error) {
        self.listing = false;
        let is_blind = !self.listed || is_not_permitted(error);
        self.failed(&self.explain(error), is_blind);
        if is_history_gone(error) {
            self.listed = false;
        }
        self.back_off().await;
        if has_no_continuation(error) {
            self.begin_anew();
        }
    }

    async fn back_off(&mut self) {
        tokio::time::sleep(BACKOFF.after(self.failures)).await;
    }

    fn failed(&mut self, why: &str, is_blind: bool) {
        self.failures += 1;
        let failures = self.failures;
        if is_blind {
            self.health
                .set_unready(self.part, &self.area, why.to_owned());
        }
        // A watch that is interrupted once is nothing to wake anyone for: it is taken up where it stopped.
        if failures == 1 && !is_blind {
            tracing::debug!(
                resource = self.resource,
                "watch{} interrupted: {why}",
                self.area
            );
        } else {
            tracing::warn!(
                resource = self.resource,
                failures,
                "watch{} failing: {why}",
                self.area
            );
        }
    }

    fn explain(&self, error: &Error) -> String {
        match error {
            Error::InitialListFailed(error) => {
                api_error::explain(error, Tried::new("list", self.resource))
            }
            Error::WatchStartFailed(error) | Error::WatchFailed(error) => {
                api_error::explain(error, Tried::new("watch", self.resource))
            }
            Error::WatchError(status) => format!(
                "the API server ended it with {} {}",
                status.code, status.reason
            ),
            Error::NoResourceVersion => "the API server sent no resourceVersion".to_owned(),
        }
    }
}

/// Whether the API server knows no more what changed since: everything is told anew.
fn is_history_gone(error: &Error) -> bool {
    matches!(error, Error::WatchError(status) if status.code == 410)
}

/// Whether the watch cannot go on where it stopped: its history, or all that it watched, is gone. Told in an
/// event, the watcher understands that by itself; told in the answer to its request, it asks the same for ever.
fn has_no_continuation(error: &Error) -> bool {
    matches!(refusal(error), Some(404 | 410))
}

/// Whether changes go unnoticed until someone does something about it.
fn is_not_permitted(error: &Error) -> bool {
    matches!(refusal(error), Some(403 | 404))
}

/// Whether the API server refuses to stream what is there: it is older, or configured so.
fn is_about_streaming(error: &Error) -> bool {
    refusal(error) == Some(422)
}

/// The HTTP status with which the API server refused to begin the watch.
fn refusal(error: &Error) -> Option<u16> {
    match error {
        Error::WatchStartFailed(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::FutureExt;
    use kube::core::Status;
    use kube::runtime::watcher::InitialListStrategy;

    use super::*;
    use crate::scope::Scope;

    fn answer(code: u16) -> kube::Error {
        kube::Error::Api(Status::failure("", "").with_code(code).boxed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_listed_in_pages_where_it_cannot_be_streamed() {
        let begin = |config: Config| {
            let events = match config.initial_list_strategy {
                InitialListStrategy::StreamingList => {
                    vec![Err(Error::WatchStartFailed(answer(422)))]
                }
                InitialListStrategy::ListWatch => vec![Ok(Event::Init), Ok(Event::InitDone)],
            };
            futures::stream::iter(events).chain(futures::stream::pending())
        };
        let health = Arc::new(Health::starting(&Scope::default()));
        let (part, everywhere) = (Part::SealedSecrets, Area::Everywhere);
        let mut watch: Watch<()> = Watch::new(begin, part, &everywhere, "sealedsecrets", health);
        for expected in ["Init", "InitDone"] {
            let event = watch.next().now_or_never().unwrap();
            assert_eq!(format!("{event:?}"), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_whose_history_is_gone_begins_anew() {
        let begin = |_| {
            let gone = Err(Error::WatchStartFailed(answer(410)));
            let events = [Ok(Event::Init), Ok(Event::InitDone), gone];
            futures::stream::iter(events).chain(futures::stream::pending())
        };
        let health = Arc::new(Health::starting(&Scope::default()));
        let (part, everywhere) = (Part::SealedSecrets, Area::Everywhere);
        let mut watch: Watch<()> = Watch::new(begin, part, &everywhere, "sealedsecrets", health);
        for _ in 0..3 {
            assert!(matches!(watch.next().await, Event::Init));
            assert!(matches!(watch.next().await, Event::InitDone));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_ends_before_all_is_told_is_not_begun_anew_at_once() {
        let begin = |_| futures::stream::repeat_with(|| Ok(Event::Init));
        let health = Arc::new(Health::starting(&Scope::default()));
        let (part, everywhere) = (Part::SealedSecrets, Area::Everywhere);
        let mut watch: Watch<()> =
            Watch::new(begin, part, &everywhere, "sealedsecrets", health.clone());
        let started = tokio::time::Instant::now();
        for _ in 0..10 {
            assert!(matches!(watch.next().await, Event::Init));
        }
        assert!(started.elapsed() > BACKOFF.longest);
        let problems = format!("{:?}", health.problems());
        assert!(problems.contains("ended it before"), "{problems}");
    }

    #[test]
    fn what_a_refusal_calls_for_depends_on_what_was_refused_and_why() {
        let told = |code| Status::failure("", "").with_code(code).boxed();
        for (error, pages, begins_anew, not_permitted) in [
            (Error::WatchStartFailed(answer(422)), true, false, false),
            (Error::WatchStartFailed(answer(410)), false, true, false),
            (Error::WatchStartFailed(answer(404)), false, true, true),
            (Error::WatchStartFailed(answer(403)), false, false, true),
            (Error::WatchStartFailed(answer(500)), false, false, false),
            (Error::InitialListFailed(answer(422)), false, false, false),
            (Error::WatchFailed(answer(410)), false, false, false),
            (Error::WatchError(told(410)), false, false, false),
            (Error::NoResourceVersion, false, false, false),
        ] {
            assert_eq!(is_about_streaming(&error), pages, "{error:?}");
            assert_eq!(has_no_continuation(&error), begins_anew, "{error:?}");
            assert_eq!(is_not_permitted(&error), not_permitted, "{error:?}");
        }
    }
}
