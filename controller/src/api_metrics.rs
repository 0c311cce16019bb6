//! What the API server is asked, counted and timed: a layer around the client.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tower::{Layer, Service};

use crate::api_request::ApiRequest;

/// The label `code` of a request that got no answer.
const NO_ANSWER: &str = "none";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    verb: &'static str,
    resource: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    verb: &'static str,
    resource: String,
    code: String,
}

/// Counts every request of the clients that it is laid around.
#[derive(Debug, Clone)]
pub(crate) struct ApiMetrics {
    requests: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram>,
}

impl Default for ApiMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            // From a millisecond to 8 seconds.
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.001, 2.0, 14))
            }),
        }
    }
}

impl ApiMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "api_requests",
            "Requests to the API server, by verb, resource and HTTP status; none: no answer",
            self.requests.clone(),
        );
        registry.register(
            "api_request_duration_seconds",
            "Time until the API server began to answer",
            self.seconds.clone(),
        );
    }

    fn count(&self, asked: Asked, status: Option<StatusCode>, time: Duration) {
        self.seconds
            .get_or_create(&asked)
            .observe(time.as_secs_f64());
        let code = status.map_or_else(
            || NO_ANSWER.to_owned(),
            |status| status.as_u16().to_string(),
        );
        let Asked { verb, resource } = asked;
        let answered = Answered {
            verb,
            resource,
            code,
        };
        self.requests.get_or_create(&answered).inc();
    }
}

impl<S> Layer<S> for ApiMetrics {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            metrics: self.clone(),
        }
    }
}

/// A client whose requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    metrics: ApiMetrics,
}

impl<S, Body, Answer> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<Answer>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    Answer: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let ApiRequest { verb, resource, .. } = ApiRequest::of(request.method(), request.uri());
        let asked = Asked { verb, resource };
        let metrics = self.metrics.clone();
        let started = Instant::now();
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            let status = answer.as_ref().ok().map(Response::status);
            metrics.count(asked, status, started.elapsed());
            answer
        }
        .boxed()
    }
}
