//! Sends spans over HTTP, and tells when that does not work: once, and not for each attempt.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, Request, Response};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};

use super::Endpoint;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How much of an answer is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HttpError {
    #[error(
        "no certificates of authorities were found ({0}), which https needs; name a file of them in SSL_CERT_FILE"
    )]
    Roots(io::Error),
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("no thread could be set up: {0}")]
    Runtime(io::Error),
}

/// A client for the thread that exports. It waits in that thread, on a runtime of its own: the library's
/// thread has none.
pub(super) struct Client {
    runtime: Runtime,
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoint: Endpoint,
    fails: AtomicBool,
}

impl Client {
    pub(super) fn to(endpoint: &Endpoint) -> Result<Self, HttpError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        // A connection that stays open is seen to only while something is sent.
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector(endpoint)?);
        Ok(Self {
            runtime: runtime.map_err(HttpError::Runtime)?,
            http,
            endpoint: endpoint.clone(),
            fails: AtomicBool::new(false),
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let response = self.http.request(request.map(Full::new)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    fn tell(&self, result: &Result<Response<Bytes>, BoxError>) {
        let why = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answered {}", response.status())),
            Err(error) => Some(root_cause(error.as_ref())),
        };
        let endpoint = &self.endpoint;
        match (why, self.fails.load(Ordering::Relaxed)) {
            (Some(why), false) => {
                self.fails.store(true, Ordering::Relaxed);
                tracing::warn!(
                    "traces could not be sent to {endpoint}: {why}; they are dropped until it works again, and nothing else waits for that"
                );
            }
            (None, true) => {
                self.fails.store(false, Ordering::Relaxed);
                tracing::info!("traces are sent to {endpoint} again");
            }
            (Some(_), true) | (None, false) => {}
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let result = self.runtime.block_on(async {
            tokio::time::timeout(DEADLINE, self.exchange(request))
                .await
                .unwrap_or_else(|_| Err("it does not answer".into()))
        });
        self.tell(&result);
        result
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.endpoint).finish()
    }
}

/// The certificates of the system's authorities are looked for only where they are needed: an image need not
/// have any.
fn connector(endpoint: &Endpoint) -> Result<HttpsConnector<HttpConnector>, HttpError> {
    let builder = HttpsConnectorBuilder::new();
    let builder = if endpoint.is_encrypted() {
        builder
            .with_provider_and_native_roots(ring::default_provider())
            .map_err(HttpError::Roots)?
    } else {
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        builder.with_tls_config(config)
    };
    Ok(builder.https_or_http().enable_http1().build())
}

/// The innermost error says what happened ("Connection refused"); the outer ones repeat the layers.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
