//! `/healthz`, `/readyz` and `/metrics`. Nothing here takes input, and nothing decrypts.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::health::Health;
use crate::metrics::Metrics;

/// The media type of the OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

/// Serves until the process ends. Fails if the address cannot be bound.
pub(crate) async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz, /readyz and /metrics");
    tokio::spawn(accept(listener, routes(health, metrics)));
    Ok(())
}

fn routes(health: Arc<Health>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(health))
        .route("/metrics", get(metrics_text).with_state(metrics))
}

async fn accept(listener: TcpListener, routes: Router) {
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
        open.push_back(tokio::spawn(answer(stream, routes.clone())).abort_handle());
    }
}

/// One request of one connection.
async fn answer(stream: TcpStream, routes: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // What goes wrong is between the client and its request.
    let _ = tokio::time::timeout(CONNECTION_DEADLINE, connection).await;
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    let problems = health.problems();
    if problems.is_empty() {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n")
    }
}

async fn metrics_text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPENMETRICS)], metrics.to_text())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn start() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/healthz", get(|| async { "ok\n" }));
        tokio::spawn(accept(listener, routes));
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
