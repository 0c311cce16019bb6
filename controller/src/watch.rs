//! Following a watch for ever, through every failure.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use kube::runtime::watcher::{Error, Event, Result};

use crate::api_error::{self, Tried};
use crate::backoff::Backoff;
use crate::health::{Health, Part};
use crate::scope::Area;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(10),
};

/// A watch whose failures are told to `health` and to the log, and got over.
pub(crate) struct Watch<K> {
    events: BoxStream<'static, Result<Event<K>>>,
    part: Part,
    area: Area,
    resource: &'static str,
    health: Arc<Health>,
    failures: u32,
}

impl<K> Watch<K> {
    pub(crate) fn new(
        events: impl Stream<Item = Result<Event<K>>> + Send + 'static,
        part: Part,
        area: &Area,
        resource: &'static str,
        health: Arc<Health>,
    ) -> Self {
        Self {
            events: events.boxed(),
            part,
            area: area.clone(),
            resource,
            health,
            failures: 0,
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Event<K> {
        loop {
            match self.events.next().await {
                Some(Ok(event)) => {
                    self.worked(&event);
                    return event;
                }
                Some(Err(error)) => {
                    self.failures += 1;
                    self.failed(&error);
                    tokio::time::sleep(BACKOFF.after(self.failures)).await;
                }
                // A watcher's stream has no end.
                None => std::future::pending().await,
            }
        }
    }

    fn worked(&mut self, event: &Event<K>) {
        match event {
            // A listing that fails begins with this too.
            Event::Init => return,
            Event::InitDone => self.health.set_ready(self.part, &self.area),
            Event::InitApply(_) | Event::Apply(_) | Event::Delete(_) => {}
        }
        if self.failures > 0 {
            self.failures = 0;
            tracing::info!(resource = self.resource, "watching{} again", self.area);
        }
    }

    fn failed(&self, error: &Error) {
        let failures = self.failures;
        let why = self.explain(error);
        if matches!(error, Error::InitialListFailed(_)) {
            self.health.set_unready(self.part, &self.area, why.clone());
        }
        // A watch that is interrupted once is nothing to wake anyone for: it is taken up where it stopped.
        if failures == 1 && !matches!(error, Error::InitialListFailed(_)) {
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
