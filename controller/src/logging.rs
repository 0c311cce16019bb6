//! The log, on stderr.

use std::io::IsTerminal;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::LogFormat;

/// Sends the log to stderr from here on.
pub(crate) fn start(format: LogFormat, level: Level) {
    let stderr = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Text => stderr.boxed(),
        LogFormat::Json => stderr.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(what_is_logged(level)))
        .init();
}

/// `kube_client::client` writes whole response bodies to its log when it cannot parse them, and
/// such a body can be a Secret: it is never logged, at no level. Its module `builder` logs methods, paths and
/// status codes only.
fn what_is_logged(level: Level) -> Targets {
    let libraries = level.min(Level::WARN);
    Targets::new()
        .with_default(libraries)
        .with_target("waxwing_controller", level)
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
    use super::*;

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
        }
    }
}
