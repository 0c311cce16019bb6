//! The HTTPS server that API servers ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kube::Client;
use kube::api::DynamicObject;
use kube::core::Status;
use kube::core::admission::{AdmissionRequest, AdmissionResponse, AdmissionReview};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::access;
use super::metrics::{Ending, WebhookMetrics};
use super::review::{Verdict, subject};
use super::serving::Serving;
use super::store::Known;
use crate::api_error::{self, Tried};
use crate::connections::{accept, answer};
use crate::keys::KeyStore;
use crate::scope::Scope;

/// How large a request may be, in bytes: etcd takes 1.5 MiB for an object, an update shows it before and
/// after, and 1 MiB is left for what is said about the request.
const MAX_BODY: usize = 4 << 20;

/// How many requests are read and worked on at the same time; the others wait. It bounds the memory.
const AT_ONCE: usize = 4;

/// How long one request may take, its wait included: below the timeout of the configuration, so that the
/// API server hears why.
const DEADLINE: Duration = Duration::from_secs(4);

const UNCHECKED: &str = "Waxwing did not check whether this object can be unsealed";

/// What the requests share.
pub(super) struct Server {
    client: Client,
    scope: Scope,
    keys: Arc<KeyStore>,
    known: watch::Receiver<Known>,
    serving: watch::Receiver<Option<Arc<Serving>>>,
    metrics: WebhookMetrics,
    permits: Semaphore,
    /// Whether the last question about someone's rights failed.
    cannot_ask: AtomicBool,
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unanswered {
    #[error("the request is larger than 4 MiB, or broke off")]
    Body,
    #[error("the request is no AdmissionReview of admission.k8s.io/v1 with an object of this API")]
    Undecodable,
    #[error("there was no time to look at it")]
    Late,
}

impl Unanswered {
    const fn status(self) -> StatusCode {
        match self {
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Undecodable => StatusCode::BAD_REQUEST,
            Self::Late => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Server {
    pub(super) fn new(
        client: Client,
        scope: Scope,
        keys: Arc<KeyStore>,
        known: watch::Receiver<Known>,
        serving: watch::Receiver<Option<Arc<Serving>>>,
        metrics: WebhookMetrics,
    ) -> Self {
        Self {
            client,
            scope,
            keys,
            known,
            serving,
            metrics,
            permits: Semaphore::new(AT_ONCE),
            cannot_ask: AtomicBool::new(false),
        }
    }

    /// Serves for ever.
    pub(super) async fn serve(self, listener: TcpListener) {
        let server = Arc::new(self);
        let routes = Router::new().fallback(handle).with_state(server.clone());
        accept(listener, move |stream| {
            // Each connection has the certificate of its moment.
            let serving = server.serving.borrow().clone();
            encrypted(stream, serving, routes.clone())
        })
        .await;
    }

    fn is_asked_at(&self, path: &str) -> bool {
        let known = self.known.borrow();
        known
            .stored()
            .is_some_and(|stored| stored.token.opens(path))
    }

    async fn review(&self, body: Body) -> Result<AdmissionReview<DynamicObject>, Unanswered> {
        // It is never closed.
        let _permit = self.permits.acquire().await;
        let body = to_bytes(body, MAX_BODY)
            .await
            .map_err(|_| Unanswered::Body)?;
        let review: AdmissionReview<DynamicObject> =
            serde_json::from_slice(&body).map_err(|_| Unanswered::Undecodable)?;
        drop(body);
        let request = review.try_into().map_err(|_| Unanswered::Undecodable)?;
        let verdict = self.judge(&request).await?;
        Ok(self.respond(&request, verdict))
    }

    async fn judge(
        &self,
        request: &AdmissionRequest<DynamicObject>,
    ) -> Result<Verdict, Unanswered> {
        let subject = subject(request, &self.scope).map_err(|_| Unanswered::Undecodable)?;
        let Some(subject) = subject else {
            return Ok(Verdict::Allowed);
        };
        if self.keys.facts().is_none() {
            return Ok(Verdict::Unchecked("its keys are not loaded yet".to_owned()));
        }
        // First of all: nothing is decrypted for whom the result is not meant for, and no time tells.
        if let Some(why) = self.keeps_back(request).await {
            return Ok(Verdict::Unchecked(why));
        }
        Ok(subject.verdict(&self.keys.current()).await)
    }

    /// Why whoever asks hears nothing of the object.
    async fn keeps_back(&self, request: &AdmissionRequest<DynamicObject>) -> Option<String> {
        let answer = access::may_read(&self.client, request).await;
        let failed_before = self.cannot_ask.swap(answer.is_err(), Ordering::Relaxed);
        match answer {
            Ok(true) => None,
            Ok(false) => {
                let resource = &request.resource.resource;
                Some(format!("for that you need the right to get {resource}"))
            }
            Err(error) => {
                if !failed_before {
                    let tried = Tried::new("create", "subjectaccessreviews.authorization.k8s.io");
                    let why = api_error::explain(&error, tried);
                    tracing::warn!("the webhook checks nothing: {why}");
                }
                Some("your rights could not be looked up".to_owned())
            }
        }
    }

    fn respond(
        &self,
        request: &AdmissionRequest<DynamicObject>,
        verdict: Verdict,
    ) -> AdmissionReview<DynamicObject> {
        let mut response = AdmissionResponse::from(request);
        let ending = match verdict {
            Verdict::Allowed => Ending::Allowed,
            Verdict::Unchecked(why) => {
                response.warnings = Some(vec![format!("{UNCHECKED}: {why}")]);
                Ending::Unchecked
            }
            Verdict::Denied { reason, message } => {
                response.allowed = false;
                // Not 422, which `kubectl apply --force` answers with a deletion.
                response.result = Status::failure(&message, reason.as_str()).with_code(403);
                Ending::Denied
            }
        };
        self.metrics.reviewed(ending);
        response.into_review()
    }
}

async fn encrypted(stream: TcpStream, serving: Option<Arc<Serving>>, routes: Router) {
    let Some(serving) = serving else { return };
    // What fails here is between the client and its trust.
    if let Ok(stream) = TlsAcceptor::from(serving.config.clone())
        .accept(stream)
        .await
    {
        answer(stream, routes).await;
    }
}

/// A wrong path is answered before anything of the body is read.
async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    if request.method() != Method::POST || !server.is_asked_at(request.uri().path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let review = tokio::time::timeout(DEADLINE, server.review(request.into_body())).await;
    let answered = review
        .unwrap_or(Err(Unanswered::Late))
        .and_then(|review| serde_json::to_vec(&review).map_err(|_| Unanswered::Undecodable));
    match answered {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(why) => {
            server.metrics.reviewed(Ending::Failed);
            tracing::warn!("the webhook could not answer the API server: {why}");
            (why.status(), format!("{why}\n")).into_response()
        }
    }
}
