//! No write without the Lease.
//!
//! A process can stand still for longer than its Lease lasts, and then go on in the midst of anything: it
//! was stopped, its machine starved or was paused. So the right to write is looked at for each request, at
//! the last moment, in a layer of the client that no write can go around.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::future::{Either, MapErr, TryFutureExt};
use http::{Method, Request, Uri};
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

/// What is created here is only answered, and not kept: who may do what.
const QUESTIONS: &str = "/apis/authorization.k8s.io/";

/// Lets writes through up to a moment that the Lease moves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fence(Arc<Mutex<Option<Instant>>>);

/// The answer to a write that is not let through.
#[derive(Debug, thiserror::Error)]
#[error("this replica does not hold the Lease, and writes nothing")]
struct Fenced;

impl Fence {
    pub(crate) fn open_until(&self, moment: Instant) {
        *self.lock() = Some(moment);
    }

    pub(crate) fn close(&self) {
        *self.lock() = None;
    }

    fn is_open(&self) -> bool {
        self.lock().is_some_and(|moment| Instant::now() < moment)
    }

    fn lets_through(&self, method: &Method, uri: &Uri) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
            || uri.path().starts_with(QUESTIONS)
            || self.is_open()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Layer<S> for Fence {
    type Service = FencedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FencedService {
            fence: self.clone(),
            inner,
        }
    }
}

/// A client's service behind the fence.
#[derive(Debug, Clone)]
pub(crate) struct FencedService<S> {
    fence: Fence,
    inner: S,
}

impl<S, B> Service<Request<B>> for FencedService<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future =
        Either<MapErr<S::Future, fn(S::Error) -> BoxError>, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.fence.lets_through(request.method(), request.uri()) {
            Either::Left(self.inner.call(request).map_err(Into::into))
        } else {
            Either::Right(ready(Err(Fenced.into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writes_pass_until_the_moment_and_reads_always() {
        let fence = Fence::default();
        let secrets = Uri::from_static("/api/v1/namespaces/prod/secrets");
        let may_write = || fence.lets_through(&Method::PATCH, &secrets);
        let may_read = || fence.lets_through(&Method::GET, &secrets);
        assert!(!may_write() && may_read());
        fence.open_until(Instant::now() + Duration::from_secs(7));
        assert!(may_write());
        tokio::time::advance(Duration::from_secs(8)).await;
        assert!(!may_write() && may_read());
        fence.open_until(Instant::now() + Duration::from_secs(7));
        fence.close();
        assert!(!may_write());
        let review = Uri::from_static("/apis/authorization.k8s.io/v1/subjectaccessreviews");
        assert!(fence.lets_through(&Method::POST, &review), "a question");
    }
}
