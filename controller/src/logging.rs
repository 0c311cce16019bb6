//! The log, on stderr.

use std::fmt;
use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::LogFormat;
use crate::traces::{self, Traces, spans};

/// Sends the log to stderr from here on, and spans to where they are asked for.
pub(crate) fn start(format: LogFormat, level: Level, traces: Option<&Traces>) {
    let is_terminal = std::io::stderr().is_terminal();
    let lines = lines(format, is_terminal, std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(what_is_logged(level)))
        .with(traces.and_then(Traces::layer))
        .init();
}

/// Writes a line for each event.
fn lines<S, W>(format: LogFormat, colour: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(colour)
        .with_writer(writer);
    match format {
        LogFormat::Text => layer
            .event_format(Line::Text(Format::default().with_ansi(colour)))
            .boxed(),
        LogFormat::Json => layer
            .json()
            .event_format(Line::Json(Format::default().json().flatten_event(true)))
            .boxed(),
    }
}

/// A line of the log. It names the trace that it belongs to, if there is one.
enum Line {
    Text(Format),
    Json(Format<Json>),
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        let buffer = Writer::new(&mut line);
        match self {
            Self::Text(format) => format.format_event(context, buffer, event)?,
            Self::Json(format) => format.format_event(context, buffer, event)?,
        }
        let Some(trace) = traces::current() else {
            return writer.write_str(&line);
        };
        match (self, line.strip_prefix('{')) {
            (Self::Json(_), Some(fields)) => write!(writer, r#"{{"trace_id":"{trace}",{fields}"#),
            _ => writeln!(writer, "{} trace_id={trace}", line.trim_end()),
        }
    }
}

/// `kube_client::client` writes whole response bodies to its log when it cannot parse them, and
/// such a body can be a Secret: it is never logged, at no level. Its module `builder` logs methods, paths and
/// status codes only.
fn what_is_logged(level: Level) -> Targets {
    let libraries = level.min(Level::WARN);
    Targets::new()
        .with_default(libraries)
        .with_target("waxwing_controller", level)
        .with_target(spans::TARGET, LevelFilter::OFF)
        .with_target("kube_client::client", LevelFilter::OFF)
        .with_target(
            "kube_client::client::builder",
            if level >= Level::DEBUG {
                LevelFilter::DEBUG
            } else {
                LevelFilter::OFF
            },
        )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use serde_json::Value;

    use super::*;

    /// What is logged outside of a span, and within one.
    fn logged(format: LogFormat, traces: Option<&Traces>) -> [String; 2] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Arc::new(file.reopen().unwrap());
        let subscriber = tracing_subscriber::registry()
            .with(lines(format, false, log).with_filter(what_is_logged(Level::INFO)))
            .with(traces.and_then(Traces::layer));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(name = "db", "outside");
            spans::takeover().in_scope(|| tracing::info!(name = "db", "within"));
        });
        let text = std::fs::read_to_string(file.path()).unwrap();
        let mut lines = text.lines().map(str::to_owned);
        let found = [lines.next().unwrap(), lines.next().unwrap()];
        assert_eq!(lines.next(), None);
        found
    }

    #[test]
    fn a_line_of_a_trace_names_it_and_any_other_one_is_as_it_was() {
        let traces = Traces::without_export();
        let [outside, within] = logged(LogFormat::Text, Some(&traces));
        assert!(outside.ends_with(r#"outside name="db""#), "{outside}");
        let (line, trace) = within.split_once(" trace_id=").unwrap();
        assert!(line.ends_with(r#"within name="db""#), "{line}");
        assert_eq!(trace.len(), 32, "{trace}");

        let [outside, within] = logged(LogFormat::Json, Some(&traces))
            .map(|line| serde_json::from_str::<Value>(&line).unwrap());
        assert_eq!(outside["trace_id"], Value::Null);
        assert_eq!(within["trace_id"].as_str().unwrap().len(), 32);
        assert_eq!(within["name"], "db");

        for line in logged(LogFormat::Text, None) {
            assert!(line.ends_with(r#"name="db""#), "{line}");
        }
    }

    #[test]
    fn response_bodies_are_logged_at_no_level() {
        for level in [
            Level::ERROR,
            Level::WARN,
            Level::INFO,
            Level::DEBUG,
            Level::TRACE,
        ] {
            let filter = what_is_logged(level);
            assert!(
                !filter.would_enable("kube_client::client", &Level::ERROR),
                "{level}"
            );
            assert!(
                filter.would_enable("waxwing_controller::reconcile", &level),
                "{level}"
            );
            assert!(!filter.would_enable(spans::TARGET, &level), "{level}");
        }
    }
}
