#![allow(clippy::unwrap_used)]

use futures::{TryStreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::core::Status;

use super::*;

fn refused(code: u16) -> kube::Error {
    kube::Error::Api(Status::failure("", "").with_code(code).boxed())
}

fn unreadable() -> kube::Error {
    kube::Error::SerdeError(serde_json::from_str::<Secret>("[]").unwrap_err())
}

fn progress(token: Option<&str>) -> Progress {
    Progress {
        token: token.map(str::to_owned),
        unread: None,
    }
}

fn next_of<K>(state: &State<K>) -> String {
    let page = |progress: &Progress| progress.token.clone().unwrap_or_else(|| "1".to_owned());
    match state {
        State::Start => "start".to_owned(),
        State::Between(progress) => format!("ask for page {}", page(progress)),
        State::Reading(_, progress) => format!("read page {}", page(progress)),
        State::Listed(version) => format!("watch from {version}"),
        State::Watching(version, ..) => format!("go on from {version}"),
    }
}

/// Reads a page that comes in pieces. Returns what was told, and what is done next.
async fn read_through(
    token: Option<&str>,
    pieces: Vec<io::Result<&'static str>>,
) -> (String, String) {
    let page = Page {
        body: Box::pin(stream::iter(pieces).into_async_read()),
        items: ListItems::default(),
    };
    let mut state: State<Secret> = State::Reading(page, progress(token));
    let mut told = Vec::new();
    while let State::Reading(page, progress) = state {
        let (event, next) = read::<Secret>(page, progress).await;
        told.extend(event.map(|event| match event {
            Ok(Event::InitApply(secret)) => secret.metadata.name.unwrap(),
            Ok(event) => format!("{event:?}"),
            Err(_) => "error".to_owned(),
        }));
        state = next;
    }
    (told.join(" "), next_of(&state))
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
            "a b",
            "ask for page 3",
        ),
        (
            r#"{"continue":"","resourceVersion":"7"}"#,
            "a b InitDone",
            "watch from 7",
        ),
        (r#"{"resourceVersion":"7"}"#, "a b InitDone", "watch from 7"),
        ("{}", "a b error", "start"),
    ] {
        let read = read_through(Some("2"), list(meta)).await;
        assert_eq!(read, (told.to_owned(), next.to_owned()), "{meta}");
    }
}

/// The first page is another one each time: what was on it before may be gone.
#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again_and_with_the_first_all_begins_anew() {
    for (token, next) in [(Some("2"), "ask for page 2"), (None, "start")] {
        let mut ends_early = list("{}");
        ends_early.truncate(1);
        let mut cut = list("{}");
        cut[1] = Err(io::ErrorKind::ConnectionReset.into());
        for pieces in [ends_early, cut] {
            let read = read_through(token, pieces).await;
            assert_eq!(read, ("a error".to_owned(), next.to_owned()));
        }
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_read_holds_up_no_other_and_leaves_the_list_incomplete() {
    let first = r#"{"items":[{"metadata":{"name":"a","uid":7}},{"metadata":{"name":"b"}}],"metadata":{"continue":"3"}}"#;
    let page = Page {
        body: Box::pin(first.as_bytes()),
        items: ListItems::default(),
    };
    let (event, state) = read::<Secret>(page, progress(None)).await;
    assert!(event.is_none());
    let State::Reading(page, read_so_far) = state else {
        unreachable!("the page is not over")
    };
    let (event, state) = read::<Secret>(page, read_so_far).await;
    assert!(matches!(event, Some(Ok(Event::InitApply(_)))));
    let State::Reading(page, read_so_far) = state else {
        unreachable!("the page is not over")
    };
    let (_, state) = read::<Secret>(page, read_so_far).await;
    let State::Between(read_so_far) = state else {
        unreachable!("there is another page")
    };
    assert_eq!(read_so_far.token.as_deref(), Some("3"));

    let last = r#"{"items":[],"metadata":{"resourceVersion":"7"}}"#;
    let page = Page {
        body: Box::pin(last.as_bytes()),
        items: ListItems::default(),
    };
    let (event, state) = read::<Secret>(page, read_so_far).await;
    assert!(matches!(event, Some(Err(Error::InitialListFailed(_)))));
    assert_eq!(next_of(&state), "watch from 7");
}

#[test]
fn an_object_that_cannot_be_read_is_named() {
    for (json, namespace, name) in [
        (
            r#"{"metadata":{"namespace":"prod","name":"db"},"data":7}"#,
            Some("prod"),
            Some("db"),
        ),
        (r#"{"metadata":7}"#, None, None),
        ("[]", None, None),
    ] {
        let unreadable = object::<Secret>(json.as_bytes()).err().unwrap();
        let names = (unreadable.namespace.as_deref(), unreadable.name.as_deref());
        assert_eq!(names, (namespace, name), "{json}");
    }
}

#[test]
fn a_page_that_is_refused_is_asked_for_again_unless_another_one_could_come() {
    for (code, token, next) in [
        (429, Some("2"), "ask for page 2"),
        (500, Some("2"), "ask for page 2"),
        (503, Some("2"), "ask for page 2"),
        (503, None, "start"),
        (400, Some("2"), "start"),
        (403, Some("2"), "start"),
        (404, Some("2"), "start"),
        (410, Some("2"), "start"),
        (504, Some("2"), "start"),
    ] {
        let (event, state) = not_listed::<Secret>(refused(code), progress(token));
        assert!(matches!(event, Some(Err(Error::InitialListFailed(_)))));
        assert_eq!(next_of(&state), next, "{code} {token:?}");
    }
}

async fn heard(events: Changes<Secret>, begun: Instant) -> (Option<&'static str>, String) {
    let (event, state) = hear("7".to_owned(), events, begun).await;
    let event = event.map(|event| match event {
        Ok(Event::Apply(_)) => "Apply",
        Ok(Event::Delete(_)) => "Delete",
        Ok(_) => "part of a listing",
        Err(_) => "error",
    });
    (event, next_of(&state))
}

#[tokio::test]
async fn a_watch_goes_on_from_the_newest_version_that_it_told_of() {
    let secret = |version: &str| -> Secret {
        serde_json::from_value(serde_json::json!({ "metadata": { "resourceVersion": version } }))
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
            Ok(WatchEvent::Added(secret("8"))),
            Some("Apply"),
            "go on from 8",
        ),
        (
            Ok(WatchEvent::Modified(secret("8"))),
            Some("Apply"),
            "go on from 8",
        ),
        (
            Ok(WatchEvent::Deleted(secret("8"))),
            Some("Delete"),
            "go on from 8",
        ),
        (
            Ok(serde_json::from_str(bookmark).unwrap()),
            None,
            "go on from 9",
        ),
        (failed(410), Some("error"), "start"),
        (failed(500), Some("error"), "go on from 7"),
        (Err(unreadable()), Some("error"), "start"),
        (Err(refused(500)), Some("error"), "go on from 7"),
        (Ok(WatchEvent::Added(secret(""))), Some("error"), "start"),
        (
            Ok(WatchEvent::Added(Secret::default())),
            Some("error"),
            "start",
        ),
    ] {
        let events = stream::iter([event]).boxed();
        assert_eq!(heard(events, Instant::now()).await, (told, next.to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_begun_where_it_stopped_and_one_that_ends_at_once_has_failed() {
    let again = "watch from 7".to_owned();
    let begun = Instant::now();
    let over = heard(stream::empty().boxed(), begun).await;
    assert_eq!(over, (Some("error"), again.clone()));
    tokio::time::advance(TOO_SHORT).await;
    let over = heard(stream::empty().boxed(), begun).await;
    assert_eq!(over, (None, again.clone()));
    let silent = heard(stream::pending().boxed(), begun).await;
    assert_eq!(silent, (None, again));
}
