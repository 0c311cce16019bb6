//! Each request to the API server as a span of the work that it belongs to: a layer around the client.
//!
//! A request that belongs to none, as those of watches and of the Lease, is no span: there would be no end of
//! them. Name and attributes are those of OpenTelemetry's conventions for HTTP clients.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use http::{Request, Response, Uri};
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use crate::api_request::ApiRequest;
use crate::traces::spans;

/// Makes the spans of all requests to one API server.
#[derive(Debug, Clone)]
pub(crate) struct ApiSpans {
    server: Arc<Uri>,
}

impl ApiSpans {
    pub(crate) fn to(server: &Uri) -> Self {
        Self {
            server: Arc::new(server.clone()),
        }
    }

    fn span<Body>(&self, request: &Request<Body>) -> Span {
        let ApiRequest { path_template, .. } = ApiRequest::of(request.method(), request.uri());
        spans::api_request(
            request.method(),
            &path_template,
            &self.server,
            request.uri(),
        )
    }
}

impl<S> Layer<S> for ApiSpans {
    type Service = Spanned<S>;

    fn layer(&self, inner: S) -> Spanned<S> {
        Spanned {
            inner,
            spans: self.clone(),
        }
    }
}

/// A client whose requests are spans.
#[derive(Debug, Clone)]
pub(crate) struct Spanned<S> {
    inner: S,
    spans: ApiSpans,
}

impl<S, Body, Answer> Service<Request<Body>> for Spanned<S>
where
    S: Service<Request<Body>, Response = Response<Answer>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    Answer: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if Span::current().is_none() {
            return Either::Left(self.inner.call(request));
        }
        let span = self.spans.span(&request);
        let answer = self.inner.call(request);
        let answer = async move {
            let answer = answer.await;
            spans::answered(answer.as_ref().ok().map(Response::status));
            answer
        };
        Either::Right(answer.instrument(span).boxed())
    }
}
