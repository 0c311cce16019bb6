//! Connections of HTTP, within limits: how many are open, how long each may take, and how much is read of a
//! head. One request each.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// How many connections may be open. One more ends the oldest: whoever opens many and says nothing shuts out
/// himself, and not the probes.
const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// How long a connection may take, its one answer included.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(10);

/// How much of a head is read, in bytes: the least that hyper takes, and far more than a probe sends.
const MAX_HEAD: usize = 8 * 1024;

/// After a connection could not be accepted: most often there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections for ever, and has each one answered.
pub(crate) async fn accept<F>(listener: TcpListener, answer: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "an HTTP connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let answered = tokio::time::timeout(CONNECTION_DEADLINE, answer(stream));
        let connection = tokio::spawn(async move { drop(answered.await) });
        open.push_back(connection.abort_handle());
    }
}

/// Answers the one request of a connection.
pub(crate) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // What goes wrong is between the client and its request.
    drop(connection.await);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn start() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/healthz", get(|| async { "ok\n" }));
        tokio::spawn(accept(listener, move |stream| {
            answer(stream, routes.clone())
        }));
        address
    }

    /// Sends `text`, and returns all that comes until the server closes the connection.
    async fn exchange(address: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may have closed it before all is sent.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

    #[tokio::test]
    async fn those_who_connect_and_say_nothing_do_not_shut_out_a_probe() {
        let address = start().await;
        let mut silent = Vec::new();
        for _ in 0..3 * MAX_CONNECTIONS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HT").await.unwrap();
            silent.push(stream);
        }
        let answer = exchange(address, REQUEST).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // The oldest was closed: reading from it comes to an end.
        let _ = silent[0].read_to_end(&mut Vec::new()).await;
    }

    #[tokio::test]
    async fn a_request_that_never_ends_is_cut_off() {
        let address = start().await;
        let answer = exchange(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n").await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_without_measure_is_refused() {
        let address = start().await;
        let head = format!(
            "GET /healthz HTTP/1.1\r\nX: {}\r\n\r\n",
            "x".repeat(4 * MAX_HEAD)
        );
        let answer = exchange(address, &head).await;
        assert!(!answer.contains("200"), "{answer}");
        let headers = "X: x\r\n".repeat(1_000);
        let answer = exchange(address, &format!("GET /healthz HTTP/1.1\r\n{headers}\r\n")).await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn an_answer_ends_its_connection() {
        let address = start().await;
        let answer = exchange(address, &REQUEST.repeat(2)).await;
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
        assert!(
            answer.to_lowercase().contains("connection: close"),
            "{answer}"
        );
    }
}
