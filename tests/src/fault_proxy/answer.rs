//! Answers, whole and broken.

use std::{convert::Infallible, future::pending, time::Duration};

use futures::{Stream, StreamExt, stream};
use http::{Response, StatusCode, header::RETRY_AFTER};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::json;
use tokio::sync::watch;

use super::weather::{Fault, Weather, Wish};

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(super) type Answer = Response<UnsyncBoxBody<Bytes, Error>>;

/// How long a watch runs in a storm.
const WATCH_IN_A_STORM: Duration = Duration::from_secs(3);

/// What was passed on is on its way by then: otherwise it would be dropped with the connection.
const UNTIL_SENT: Duration = Duration::from_millis(10);

/// How many pieces of an answer come through before its fault.
const PIECES: usize = 2;

/// An answer of the API server's kind that refuses.
pub(super) fn refusal(code: u16) -> Answer {
    let body = status(code).to_string();
    let body = Full::from(body).map_err(|never: Infallible| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
    if code == 429 {
        answer.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    answer
}

fn status(code: u16) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": if code == 410 { "Expired" } else { "InternalError" },
        "message": "a fault on the way",
    })
}

/// The answer with its fault in it. A watch ends when the weather turns bad.
pub(super) fn pass_on(
    answer: Response<Body>,
    fault: Option<Fault>,
    weather: watch::Receiver<Weather>,
    wish: Wish,
) -> Answer {
    let (head, body) = answer.into_parts();
    let pieces = BodyStream::new(body).map(|piece| piece.map_err(Error::from));
    let end = async move {
        match (wish, fault) {
            (Wish::Watch, None) => end_of_watch(weather).await,
            _ => pending().await,
        }
    };
    let pieces = with_fault(pieces, fault).take_until(Box::pin(end));
    Response::from_parts(head, UnsyncBoxBody::new(StreamBody::new(pieces)))
}

/// In a storm no watch runs for long.
async fn end_of_watch(mut weather: watch::Receiver<Weather>) {
    if *weather.borrow_and_update() == Weather::Storm {
        tokio::time::sleep(WATCH_IN_A_STORM).await;
    } else {
        // An error means that the proxy is gone.
        let _ = weather.wait_for(|now| now.cuts_watches()).await;
    }
}

fn with_fault(
    pieces: impl Stream<Item = Result<Frame<Bytes>, Error>> + Send + 'static,
    fault: Option<Fault>,
) -> stream::BoxStream<'static, Result<Frame<Bytes>, Error>> {
    match fault {
        Some(Fault::Cut) => {
            let half = pieces.take(1).map(|piece| piece.map(half));
            let cut = stream::once(async {
                tokio::time::sleep(UNTIL_SENT).await;
                Err(Error::from("the answer is cut"))
            });
            half.chain(cut).boxed()
        }
        Some(Fault::Silence) => pieces.take(PIECES).chain(stream::pending()).boxed(),
        _ => pieces.boxed(),
    }
}

fn half(piece: Frame<Bytes>) -> Frame<Bytes> {
    piece.map_data(|data| data.slice(..data.len() / 2))
}

/// A watch that begins with the news that its history is gone.
pub(super) fn gone_in_an_event() -> Answer {
    let event = json!({ "type": "ERROR", "object": status(410) });
    let body = Full::from(format!("{event}\n")).map_err(|never: Infallible| match never {});
    Response::new(body.boxed_unsync())
}
