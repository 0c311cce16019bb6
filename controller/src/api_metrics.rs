//! What the API server is asked, counted and timed: a layer around the client.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode, Uri};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tower::{Layer, Service};

/// The label `code` of a request that got no answer.
const NO_ANSWER: &str = "none";

/// A request in Kubernetes' words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    verb: &'static str,
    /// With its subresource, as in `sealedsecrets/status`.
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
        let asked = asked(request.method(), request.uri());
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

/// Verb and resource of a request, as RBAC knows them.
fn asked(method: &Method, uri: &Uri) -> Asked {
    let mut parts = uri.path().split('/').filter(|part| !part.is_empty());
    // /api/VERSION/… or /apis/GROUP/VERSION/…
    match parts.next() {
        Some("api") => drop(parts.next()),
        _ => drop((parts.next(), parts.next())),
    }
    let mut rest: Vec<&str> = parts.collect();
    if let ["namespaces", _, _, ..] = rest[..] {
        rest.drain(..2);
    }
    let resource = match rest[..] {
        [] => "discovery".to_owned(),
        [resource] | [resource, _] => resource.to_owned(),
        [resource, _, subresource, ..] => format!("{resource}/{subresource}"),
    };
    let is_named = rest.len() > 1;
    let is_watch = uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    let verb = match method.as_str() {
        "GET" if is_watch => "watch",
        "GET" if is_named || rest.is_empty() => "get",
        "GET" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if is_named => "delete",
        "DELETE" => "deletecollection",
        _ => "other",
    };
    Asked { verb, resource }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_request_is_told_in_the_words_of_rbac() {
        for (method, uri, verb, resource) in [
            ("GET", "/apis/waxwing.dev/v1alpha1", "get", "discovery"),
            (
                "GET",
                "/api/v1/secrets?labelSelector=a&limit=500",
                "list",
                "secrets",
            ),
            (
                "GET",
                "/api/v1/secrets?watch=true&labelSelector=a",
                "watch",
                "secrets",
            ),
            ("GET", "/api/v1/namespaces?limit=1", "list", "namespaces"),
            ("GET", "/api/v1/namespaces/prod", "get", "namespaces"),
            ("GET", "/api/v1/namespaces/prod/secrets", "list", "secrets"),
            (
                "GET",
                "/api/v1/namespaces/prod/secrets/db",
                "get",
                "secrets",
            ),
            (
                "PATCH",
                "/api/v1/namespaces/prod/secrets/db?force=true",
                "patch",
                "secrets",
            ),
            (
                "DELETE",
                "/api/v1/namespaces/prod/secrets/db",
                "delete",
                "secrets",
            ),
            (
                "DELETE",
                "/api/v1/namespaces/prod/secrets",
                "deletecollection",
                "secrets",
            ),
            (
                "PATCH",
                "/apis/waxwing.dev/v1alpha1/namespaces/prod/sealedsecrets/db/status",
                "patch",
                "sealedsecrets/status",
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/w/leases/waxwing",
                "update",
                "leases",
            ),
            (
                "POST",
                "/apis/events.k8s.io/v1/namespaces/w/events",
                "create",
                "events",
            ),
        ] {
            let asked = asked(&method.parse().unwrap(), &uri.parse().unwrap());
            assert_eq!(
                (asked.verb, &*asked.resource),
                (verb, resource),
                "{method} {uri}"
            );
        }
    }
}
