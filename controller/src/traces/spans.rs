//! Every span, and what stands in it: docs/traces.md. Names, numbers and words of closed sets, as in the audit
//! trail: nothing that comes from a plaintext.

use std::borrow::Cow;

use http::{Method, StatusCode, Uri};
use kube::Resource;
use tracing::Span;
use tracing::field::Empty;
use waxwing_api::{ClusterSealedSecret, SealedSecret};
use waxwing_crypto::KeyId;

use crate::object_key::ObjectKey;

/// All spans are made in this module, and are told from those of libraries by its name.
pub(crate) const TARGET: &str = module_path!();

/// A span about an object: what is known at its start, and room for what comes of it.
macro_rules! object_span {
    ($name:literal, $key:expr) => {
        tracing::info_span!(
            $name,
            waxwing.object.kind = %kind($key),
            waxwing.object.namespace = namespace($key),
            waxwing.object.name = &*$key.name,
            waxwing.object.generation = Empty,
            waxwing.result = Empty,
            error.type = Empty,
            otel.status_code = Empty,
        )
    };
}

/// One reconciliation of an object, from the look at it until it is told of.
pub(crate) fn reconcile(key: &ObjectKey) -> Span {
    object_span!("reconcile", key)
}

/// Which generation the span is about.
pub(crate) fn of_generation(generation: Option<i64>) {
    Span::current().record("waxwing.object.generation", generation);
}

/// From sealed values to the Secret that should be, without a request.
pub(crate) fn unseal() -> Span {
    tracing::info_span!("unseal", error.type = Empty, otel.status_code = Empty)
}

/// The items that are made of others.
pub(crate) fn template() -> Span {
    tracing::info_span!("template", error.type = Empty, otel.status_code = Empty)
}

/// One Secret brought into the desired form.
pub(crate) fn write(key: &ObjectKey) -> Span {
    tracing::info_span!(
        "write",
        waxwing.secret.namespace = &*key.namespace,
        waxwing.secret.name = &*key.name,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// One look at the renewal of a stale object.
pub(crate) fn renew(key: &ObjectKey) -> Span {
    object_span!("renew", key)
}

/// From the moment at which this replica has the Lease until it knows of all objects.
pub(crate) fn takeover() -> Span {
    tracing::info_span!("takeover")
}

/// One change of a sealing key, told by a word for it.
pub(crate) fn change_key(change: &'static str) -> Span {
    tracing::info_span!(
        "change key",
        waxwing.key.change = change,
        waxwing.key.id = Empty,
        waxwing.key.cause = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// Which key the span is about.
pub(crate) fn of_key(id: KeyId) {
    let span = Span::current();
    if !span.is_disabled() {
        span.record("waxwing.key.id", id.to_string());
    }
}

/// Why a key is made.
pub(crate) fn caused_by(cause: &'static str) {
    Span::current().record("waxwing.key.cause", cause);
}

/// The statuses of SealingKeys written that are not as they should be.
pub(crate) fn tell_of_keys() -> Span {
    tracing::info_span!("tell of keys", error.type = Empty, otel.status_code = Empty)
}

/// A request to the API server.
pub(crate) fn api_request(method: &Method, path_template: &str, server: &Uri, uri: &Uri) -> Span {
    let is_encrypted = server.scheme_str() == Some("https");
    let port = server
        .port_u16()
        .unwrap_or(if is_encrypted { 443 } else { 80 });
    let base = server.to_string();
    tracing::info_span!(
        "request",
        otel.name = format!("{method} {path_template}"),
        otel.kind = "client",
        http.request.method = method.as_str(),
        url.full = format!("{}{uri}", base.trim_end_matches('/')),
        url.template = path_template,
        server.address = server.host(),
        server.port = port,
        http.response.status_code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// The answer to the request that the span is about; `None`: there was none.
pub(crate) fn answered(status: Option<StatusCode>) {
    let span = Span::current();
    if let Some(status) = status {
        span.record("http.response.status_code", status.as_u16());
    }
    if !status.is_some_and(|status| status.is_success()) {
        let type_ = status.as_ref().map_or("_OTHER", StatusCode::as_str);
        span.record("error.type", type_);
        span.record("otel.status_code", "ERROR");
    }
}

/// What came of it, where nothing failed.
pub(crate) fn ended(result: &'static str) {
    Span::current().record("waxwing.result", result);
}

/// It failed, for a reason of a closed set.
pub(crate) fn failed(reason: &'static str) {
    let span = Span::current();
    span.record("waxwing.result", reason);
    span.record("error.type", reason);
    span.record("otel.status_code", "ERROR");
}

fn kind(key: &ObjectKey) -> Cow<'static, str> {
    if key.is_cluster_wide() {
        ClusterSealedSecret::kind(&())
    } else {
        SealedSecret::kind(&())
    }
}

fn namespace(key: &ObjectKey) -> Option<&str> {
    (!key.is_cluster_wide()).then_some(&*key.namespace)
}
