//! Traces: what the controller does, as spans of OpenTelemetry, for whoever asks for them.
//!
//! `spans` makes every span and says what stands in it; without an endpoint all of them are disabled, and
//! cost nothing. `endpoint` is where they go, `http` how. In between are the libraries of OpenTelemetry: a
//! bounded queue, which drops what does not fit, and a thread of its own that empties it.

mod endpoint;
mod http;
pub(crate) mod spans;

use std::env;
use std::time::Duration;

use opentelemetry::trace::{TraceContextExt, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use endpoint::Endpoint;
use endpoint::EndpointError;
use http::HttpError;

/// How long the end of the process may wait for spans.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// Why no traces can be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TracesError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("traces cannot be exported: {0}")]
    Exporter(#[from] ExporterBuildError),
    #[error("traces cannot be exported: {0}")]
    Http(#[from] HttpError),
}

/// The way of the spans to where they are asked for, if they are.
#[derive(Debug)]
pub(crate) struct Traces {
    endpoint: Option<Endpoint>,
    provider: Option<SdkTracerProvider>,
}

impl Traces {
    /// Exports to that endpoint, or else to that of the environment, or else nothing.
    pub(crate) fn start(flag: Option<&Endpoint>, replica: &str) -> Result<Self, TracesError> {
        let endpoint = Endpoint::choose(flag, |name| env::var(name).ok())?;
        let provider = endpoint.as_ref().map(|endpoint| export(endpoint, replica));
        Ok(Self {
            provider: provider.transpose()?,
            endpoint,
        })
    }

    /// Traces that are made and go nowhere.
    #[cfg(test)]
    pub(crate) fn without_export() -> Self {
        Self {
            endpoint: None,
            provider: Some(SdkTracerProvider::builder().build()),
        }
    }

    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// What hands on the spans of `spans`, and nothing of what is logged meanwhile.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.provider.as_ref()?.tracer(env!("CARGO_PKG_NAME"));
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(Targets::new().with_target(spans::TARGET, Level::INFO)))
    }

    /// Waits until what there is so far is exported, for as long as the end of a process may take.
    pub(crate) fn flush(&self) {
        let Some(provider) = &self.provider else {
            return;
        };
        if provider.shutdown_with_timeout(FLUSH_DEADLINE).is_err() {
            tracing::warn!("stopping before all traces were exported");
        }
    }
}

/// The trace that is being made here and now, if it is exported.
pub(crate) fn current() -> Option<TraceId> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        (span.is_valid() && span.is_sampled()).then(|| span.trace_id())
    })
}

/// The sampler and the bounds of the queue are read from the environment by the library.
fn export(endpoint: &Endpoint, replica: &str) -> Result<SdkTracerProvider, TracesError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http::Client::to(endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.to_string())
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(replica))
        .with_batch_exporter(exporter)
        .build())
}

/// Who exports. What the environment says goes before what is known here.
fn resource(replica: &str) -> Resource {
    let service_name = env::var("OTEL_SERVICE_NAME").ok();
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", replica.to_owned()),
        ])
        .with_detector(Box::new(EnvResourceDetector::new()));
    match service_name.filter(|name| !name.is_empty()) {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}
