//! Lists what is there, page by page and object by object, and watches it from then on.
//!
//! kube's watcher knows two ways to begin. As the beginning of a watch, objects come one by one, but the API server
//! takes longer for each than in a list; and it ends a watch whose reader does not keep up with what changes
//! meanwhile, so that whoever works through thousands of objects hears of the first ones again and again. In a
//! list, a page is there at once or not at all, however large its objects are. This takes each object off a page
//! as it comes: whoever reads it sets the pace, and holds no more than one.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{AsyncBufRead, AsyncBufReadExt, Stream, StreamExt};
use kube::api::{ListParams, ObjectMeta, Request, WatchEvent, WatchParams};
use kube::runtime::watcher::{Error, Event, Result};
use kube::{Api, Client, Resource};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::list_items::ListItems;

/// How many objects are asked for at a time: enough that asking costs next to nothing, few enough that most
/// pages are read long before the API server gives up sending them (one minute).
const PAGE: u32 = 100;

/// How long a watch lasts, in seconds, before it is begun anew where it stopped.
const WATCH: u32 = 290;

/// How much later than that the end of a watch may come; then the connection is dead.
const MARGIN: Duration = Duration::from_secs(5);

/// A watch that ends before that has failed, even if nobody says so.
const TOO_SHORT: Duration = Duration::from_secs(1);

/// All that is there, and then what changes, for ever. After an error it goes on where it was, or from the start
/// where that could leave something out: how long to wait until then is for the caller to say, by not asking.
///
/// An object that cannot be read is named in the log and holds up no other, but without it the list is never
/// complete: what follows are changes, and nothing counts as gone that was not listed.
pub(crate) fn list_watch<K>(
    api: Api<K>,
    label_selector: Option<&str>,
) -> impl Stream<Item = Result<Event<K>>> + Send + use<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let source = Source {
        client: api.clone().into_client(),
        api,
        label_selector: label_selector.map(str::to_owned),
    };
    futures::stream::unfold((source, State::Start), async |(source, mut state)| {
        let event = loop {
            let (event, next) = source.step(state).await;
            state = next;
            if let Some(event) = event {
                break event;
            }
        };
        Some((event, (source, state)))
    })
}

/// What is asked for.
struct Source<K> {
    api: Api<K>,
    client: Client,
    label_selector: Option<String>,
}

/// How far it is.
enum State<K> {
    Start,
    Between(Progress),
    Reading(Page, Progress),
    /// What happened after that version is unknown.
    Listed(String),
    Watching(String, Changes<K>, Instant),
}

/// How far a listing is.
#[derive(Debug, Default)]
struct Progress {
    /// Stands for the page that comes next, or is coming; `None`: the first one.
    token: Option<String>,
    /// Why an object so far could not be read.
    unread: Option<serde_json::Error>,
}

/// A page that is coming.
struct Page {
    body: Pin<Box<dyn AsyncBufRead + Send>>,
    items: ListItems,
}

type Changes<K> = BoxStream<'static, kube::Result<WatchEvent<K>>>;

type Step<K> = (Option<Result<Event<K>>>, State<K>);

impl<K> Source<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    async fn step(&self, state: State<K>) -> Step<K> {
        match state {
            State::Start => (Some(Ok(Event::Init)), State::Between(Progress::default())),
            State::Between(progress) => match self.page(progress.token.clone()).await {
                Ok(page) => (None, State::Reading(page, progress)),
                Err(error) => not_listed(error, progress),
            },
            State::Reading(page, progress) => read(page, progress).await,
            State::Listed(version) => match self.watch(&version).await {
                Ok(events) => (None, State::Watching(version, events, Instant::now())),
                Err(error) => (
                    Some(Err(Error::WatchStartFailed(error))),
                    State::Listed(version),
                ),
            },
            State::Watching(version, events, begun) => hear(version, events, begun).await,
        }
    }

    async fn page(&self, token: Option<String>) -> kube::Result<Page> {
        let parameters = ListParams {
            label_selector: self.label_selector.clone(),
            limit: Some(PAGE),
            continue_token: token,
            ..ListParams::default()
        };
        let request = Request::new(self.api.resource_url())
            .list(&parameters)
            .map_err(kube::Error::BuildRequest)?;
        Ok(Page {
            body: Box::pin(self.client.request_stream(request).await?),
            items: ListItems::default(),
        })
    }

    async fn watch(&self, version: &str) -> kube::Result<Changes<K>> {
        let parameters = WatchParams {
            label_selector: self.label_selector.clone(),
            timeout: Some(WATCH),
            ..WatchParams::default()
        };
        let events = self.api.watch(&parameters, version).await?;
        Ok(events.boxed())
    }
}

/// The page is asked for again where that gives the same page: the token stands for the state of things when
/// the first page was made, which itself is made anew each time.
fn not_listed<K>(error: kube::Error, progress: Progress) -> Step<K> {
    let may_pass = match &error {
        kube::Error::Api(status) => matches!(status.code, 429 | 500 | 503),
        _ => true,
    };
    let next = match may_pass && progress.token.is_some() {
        true => State::Between(progress),
        false => State::Start,
    };
    (Some(Err(Error::InitialListFailed(error))), next)
}

async fn read<K>(mut page: Page, mut progress: Progress) -> Step<K>
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
{
    match page.next().await {
        Ok(Some(Ok(object))) => (
            Some(Ok(Event::InitApply(object))),
            State::Reading(page, progress),
        ),
        Ok(Some(Err(unreadable))) => {
            tracing::warn!(
                kind = %K::kind(&()),
                namespace = unreadable.namespace,
                name = unreadable.name,
                "not understood, and left as it is: was it made for a newer version of Waxwing?"
            );
            progress.unread = Some(unreadable.error);
            (None, State::Reading(page, progress))
        }
        Ok(None) => end(page, progress),
        Err(error) => not_listed(kube::Error::ReadEvents(error), progress),
    }
}

fn end<K>(page: Page, progress: Progress) -> Step<K> {
    let meta = match page.items.finish() {
        Ok(meta) => meta,
        Err(error) => return not_listed(kube::Error::SerdeError(error), progress),
    };
    if let Some(next) = named(meta.continue_) {
        let progress = Progress {
            token: Some(next),
            ..progress
        };
        return (None, State::Between(progress));
    }
    let Some(version) = named(meta.resource_version) else {
        return (Some(Err(Error::NoResourceVersion)), State::Start);
    };
    let listed = match progress.unread {
        None => Ok(Event::InitDone),
        Some(error) => Err(Error::InitialListFailed(kube::Error::SerdeError(error))),
    };
    (Some(listed), State::Listed(version))
}

fn named(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

async fn hear<K: Resource>(version: String, mut events: Changes<K>, begun: Instant) -> Step<K> {
    let longest = Duration::from_secs(WATCH.into()) + MARGIN;
    let next = tokio::time::timeout(longest, events.next()).await;
    let changed =
        |object: K, event: fn(K) -> Event<K>| match named(object.meta().resource_version.clone()) {
            Some(version) => (Some(version), Ok(event(object))),
            None => (None, Err(Error::NoResourceVersion)),
        };
    let (newer, event) = match next {
        Ok(Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)))) => {
            changed(object, Event::Apply)
        }
        Ok(Some(Ok(WatchEvent::Deleted(object)))) => changed(object, Event::Delete),
        Ok(Some(Ok(WatchEvent::Bookmark(bookmark)))) => {
            let version = bookmark.metadata.resource_version;
            return (None, State::Watching(version, events, begun));
        }
        Ok(Some(Ok(WatchEvent::Error(status)))) => {
            let is_expired = status.code == 410;
            let error = Err(Error::WatchError(status));
            ((!is_expired).then_some(version), error)
        }
        Ok(Some(Err(error))) => {
            // A listing tells which object it is that cannot be read, and is not complete then.
            let is_unread = matches!(error, kube::Error::SerdeError(_));
            let error = Err(Error::WatchFailed(error));
            ((!is_unread).then_some(version), error)
        }
        Ok(None) if begun.elapsed() < TOO_SHORT => {
            let ended = io::Error::new(io::ErrorKind::UnexpectedEof, "the watch ended at once");
            let error = Error::WatchFailed(kube::Error::ReadEvents(ended));
            return (Some(Err(error)), State::Listed(version));
        }
        Ok(None) | Err(_) => return (None, State::Listed(version)),
    };
    let next = match newer {
        Some(version) => State::Watching(version, events, begun),
        None => State::Start,
    };
    (Some(event), next)
}

/// An object of a list that is none of its kind.
struct Unreadable {
    namespace: Option<String>,
    name: Option<String>,
    error: serde_json::Error,
}

/// What every object has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AnyObject {
    metadata: ObjectMeta,
}

fn object<K: DeserializeOwned>(json: &[u8]) -> std::result::Result<K, Unreadable> {
    serde_json::from_slice(json).map_err(|error| {
        let AnyObject { metadata } = serde_json::from_slice(json).unwrap_or_default();
        Unreadable {
            namespace: metadata.namespace,
            name: metadata.name,
            error,
        }
    })
}

impl Page {
    /// The next object; `None`: that was all.
    async fn next<K: DeserializeOwned>(
        &mut self,
    ) -> io::Result<Option<std::result::Result<K, Unreadable>>> {
        loop {
            let mut bytes = self.body.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let came = bytes.len();
            let found = self.items.take(&mut bytes).map(object);
            let taken = came - bytes.len();
            self.body.consume_unpin(taken);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
