//! Lists what is there, page by page and object by object, and watches it from then on.
//!
//! kube's watcher knows two ways to begin. As the beginning of a watch, objects come one by one, but each costs
//! the API server more than twice the time that it costs in a list; and it ends a watch whose reader does not
//! keep up with what changes meanwhile, so that whoever works through thousands of objects hears of the first
//! ones again and again. In a list, a page is there at once or not at all, however large its objects are. This
//! takes each object off a page as it comes: whoever reads it sets the pace, and holds no more than one.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{AsyncBufRead, AsyncBufReadExt, Stream, StreamExt};
use kube::api::{ListParams, Request, WatchEvent, WatchParams};
use kube::runtime::watcher::{Error, Event, Result};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::list_items::ListItems;

/// How many objects are asked for at a time: enough that asking costs next to nothing, few enough that a page
/// is read before the API server gives up sending it.
const PAGE: u32 = 100;

/// How long a watch lasts, in seconds, before it is begun anew where it stopped.
const WATCH: u32 = 290;

/// How much later than that the end of a watch may come; then the connection is dead.
const MARGIN: Duration = Duration::from_secs(5);

/// All that is there, and then what changes, for ever. After an error it goes on where it was, or from the start
/// where that is not possible: how long to wait until then is for the caller to say, by not asking.
pub(crate) fn list_watch<K>(
    api: Api<K>,
    label_selector: Option<&str>,
) -> impl Stream<Item = Result<Event<K>>> + Send + use<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
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
    /// The page with that token comes next; `None`: the first one.
    Between(Option<String>),
    Reading(Page, Option<String>),
    /// What happened after that version is unknown.
    Listed(String),
    Watching(String, Changes<K>),
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
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    async fn step(&self, state: State<K>) -> Step<K> {
        match state {
            State::Start => (Some(Ok(Event::Init)), State::Between(None)),
            State::Between(token) => match self.page(token.clone()).await {
                Ok(page) => (None, State::Reading(page, token)),
                Err(error) => not_listed(error, token),
            },
            State::Reading(page, token) => read(page, token).await,
            State::Listed(version) => match self.watch(&version).await {
                Ok(events) => (None, State::Watching(version, events)),
                Err(error) => (
                    Some(Err(Error::WatchStartFailed(error))),
                    State::Listed(version),
                ),
            },
            State::Watching(version, events) => hear(version, events).await,
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

/// The page is asked for again, unless the API server does not know any more what it was to go on with.
fn not_listed<K>(error: kube::Error, token: Option<String>) -> Step<K> {
    let is_expired = matches!(&error, kube::Error::Api(status) if status.code == 410);
    let next = match is_expired {
        true => State::Start,
        false => State::Between(token),
    };
    (Some(Err(Error::InitialListFailed(error))), next)
}

async fn read<K: DeserializeOwned>(mut page: Page, token: Option<String>) -> Step<K> {
    match page.next().await {
        Ok(Some(Ok(object))) => (
            Some(Ok(Event::InitApply(object))),
            State::Reading(page, token),
        ),
        // One object that cannot be read holds up no other.
        Ok(Some(Err(error))) => {
            let error = Error::InitialListFailed(kube::Error::SerdeError(error));
            (Some(Err(error)), State::Reading(page, token))
        }
        Ok(None) => end(page, token),
        Err(error) => not_listed(kube::Error::ReadEvents(error), token),
    }
}

fn end<K>(page: Page, token: Option<String>) -> Step<K> {
    let meta = match page.items.finish() {
        Ok(meta) => meta,
        Err(error) => return not_listed(kube::Error::SerdeError(error), token),
    };
    let named = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(next) = named(meta.continue_) {
        return (None, State::Between(Some(next)));
    }
    match named(meta.resource_version) {
        Some(version) => (Some(Ok(Event::InitDone)), State::Listed(version)),
        None => (Some(Err(Error::NoResourceVersion)), State::Start),
    }
}

async fn hear<K: Resource>(version: String, mut events: Changes<K>) -> Step<K> {
    let longest = Duration::from_secs(WATCH.into()) + MARGIN;
    let next = tokio::time::timeout(longest, events.next()).await;
    let changed = |object: K, event: fn(K) -> Event<K>| match object.meta().resource_version.clone()
    {
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
            return (None, State::Watching(version, events));
        }
        Ok(Some(Ok(WatchEvent::Error(status)))) => {
            let is_expired = status.code == 410;
            let error = Err(Error::WatchError(status));
            ((!is_expired).then_some(version), error)
        }
        Ok(Some(Err(error))) => (Some(version), Err(Error::WatchFailed(error))),
        Ok(None) | Err(_) => return (None, State::Listed(version)),
    };
    let next = newer.map_or(State::Start, |version| State::Watching(version, events));
    (Some(event), next)
}

impl Page {
    /// The next object; `None`: that was all.
    async fn next<K: DeserializeOwned>(&mut self) -> io::Result<Option<serde_json::Result<K>>> {
        loop {
            let mut bytes = self.body.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let came = bytes.len();
            let object = self.items.take(&mut bytes).map(serde_json::from_slice);
            let taken = came - bytes.len();
            self.body.consume_unpin(taken);
            if object.is_some() {
                return Ok(object);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::{TryStreamExt, stream};
    use k8s_openapi::api::core::v1::Secret;
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> kube::Error {
        kube::Error::Api(Status::failure("", "").with_code(code).boxed())
    }

    fn named<K>(state: &State<K>) -> String {
        let page = |token: &Option<String>| token.clone().unwrap_or_else(|| "1".to_owned());
        match state {
            State::Start => "start".to_owned(),
            State::Between(token) => format!("ask for page {}", page(token)),
            State::Reading(_, token) => format!("read page {}", page(token)),
            State::Listed(version) => format!("watch from {version}"),
            State::Watching(version, _) => format!("go on from {version}"),
        }
    }

    /// Reads a page that comes in small pieces. Returns what was told, and what is done next.
    async fn read_through(pieces: Vec<io::Result<&'static str>>) -> (Vec<String>, String) {
        let page = Page {
            body: Box::pin(stream::iter(pieces).into_async_read()),
            items: ListItems::default(),
        };
        let mut state: State<Secret> = State::Reading(page, Some("2".to_owned()));
        let mut told = Vec::new();
        while let State::Reading(page, token) = state {
            let (event, next) = read::<Secret>(page, token).await;
            told.extend(event.map(|event| match event {
                Ok(Event::InitApply(secret)) => secret.metadata.name.unwrap(),
                Ok(event) => format!("{event:?}"),
                Err(_) => "error".to_owned(),
            }));
            state = next;
        }
        (told, named(&state))
    }

    fn list(meta: &'static str) -> Vec<io::Result<&'static str>> {
        let start = r#"{"items":[{"metadata":{"name":"a"}},{"metadata":{"na"#;
        vec![
            Ok(start),
            Ok(r#"me":"b"}}],"metadata":"#),
            Ok(meta),
            Ok("}"),
        ]
    }

    #[tokio::test]
    async fn the_end_of_a_page_says_what_comes_next() {
        for (meta, told, next) in [
            (
                r#"{"continue":"3","resourceVersion":"7"}"#,
                None,
                "ask for page 3",
            ),
            (
                r#"{"continue":"","resourceVersion":"7"}"#,
                Some("InitDone"),
                "watch from 7",
            ),
            (
                r#"{"resourceVersion":"7"}"#,
                Some("InitDone"),
                "watch from 7",
            ),
            ("{}", Some("error"), "start"),
        ] {
            let all: Vec<_> = ["a", "b"]
                .into_iter()
                .chain(told)
                .map(String::from)
                .collect();
            assert_eq!(
                read_through(list(meta)).await,
                (all, next.to_owned()),
                "{meta}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_that_breaks_off_is_asked_for_again() {
        let mut ends_early = list("{}");
        ends_early.truncate(1);
        let mut cut = list("{}");
        cut[1] = Err(io::ErrorKind::ConnectionReset.into());
        for pieces in [ends_early, cut] {
            let (told, next) = read_through(pieces).await;
            assert_eq!(
                (told.join(" "), &*next),
                ("a error".to_owned(), "ask for page 2")
            );
        }
    }

    #[tokio::test]
    async fn an_object_that_cannot_be_read_holds_up_no_other() {
        let list =
            r#"{"items":[{"metadata":7},{"metadata":{"name":"b"}}],"metadata":{"continue":"3"}}"#;
        let (told, next) = read_through(vec![Ok(list)]).await;
        assert_eq!(
            (told.join(" "), &*next),
            ("error b".to_owned(), "ask for page 3")
        );
    }

    #[test]
    fn a_page_that_is_refused_is_asked_for_again_unless_there_is_nothing_to_go_on_with() {
        for (code, next) in [
            (410, "start"),
            (429, "ask for page 2"),
            (403, "ask for page 2"),
        ] {
            let (_, state) = not_listed::<Secret>(refused(code), Some("2".to_owned()));
            assert_eq!(named(&state), next, "{code}");
        }
    }

    #[tokio::test]
    async fn a_watch_goes_on_from_the_newest_version_that_it_told_of() {
        let secret = |version: &str| -> Secret {
            serde_json::from_value(
                serde_json::json!({ "metadata": { "resourceVersion": version } }),
            )
            .unwrap()
        };
        let bookmark = r#"{"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"Secret","metadata":{"resourceVersion":"9"}}}"#;
        let failed = |code| {
            Ok(WatchEvent::Error(
                Status::failure("", "").with_code(code).boxed(),
            ))
        };
        for (event, told, next) in [
            (
                Some(Ok(WatchEvent::Added(secret("8")))),
                Some("Apply"),
                "go on from 8",
            ),
            (
                Some(Ok(WatchEvent::Modified(secret("8")))),
                Some("Apply"),
                "go on from 8",
            ),
            (
                Some(Ok(WatchEvent::Deleted(secret("8")))),
                Some("Delete"),
                "go on from 8",
            ),
            (
                Some(Ok(serde_json::from_str(bookmark).unwrap())),
                None,
                "go on from 9",
            ),
            (Some(failed(410)), Some("error"), "start"),
            (Some(failed(500)), Some("error"), "go on from 7"),
            (Some(Err(refused(500))), Some("error"), "go on from 7"),
            (
                Some(Ok(WatchEvent::Added(Secret::default()))),
                Some("error"),
                "start",
            ),
            (None, None, "watch from 7"),
        ] {
            let events = stream::iter(event).boxed();
            let (event, state) = hear(String::from("7"), events).await;
            let event = event.map(|event| match event {
                Ok(Event::Apply(_)) => "Apply",
                Ok(Event::Delete(_)) => "Delete",
                Ok(_) => "part of a listing",
                Err(_) => "error",
            });
            assert_eq!((event, &*named(&state)), (told, next));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_says_nothing_for_longer_than_it_lasts_is_begun_anew() {
        let silent: Changes<Secret> = stream::pending().boxed();
        let (event, state) = hear("7".to_owned(), silent).await;
        assert!(event.is_none());
        assert_eq!(named(&state), "watch from 7");
    }
}
