//! The command line. Every flag of `run` has an environment variable.

mod webhook;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use tracing::Level;
use waxwing_crypto::Algorithm;

pub(crate) use webhook::WebhookArgs;

use crate::audit::Destination;
use crate::scope::Scope;
use crate::traces::Endpoint;

/// Turns SealedSecrets into Secrets and rolls sealing keys over.
#[derive(Debug, Parser)]
#[command(name = "waxwing-controller", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the controller until it is told to stop
    Run(Box<RunArgs>),
    /// Prints the custom resource definitions as YAML
    ///
    /// Install them with: waxwing-controller crds | kubectl apply --server-side -f -
    Crds,
    /// Renders the templates of one Secret; the controller starts it by itself
    #[command(hide = true)]
    Render,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The kubeconfig file [default: $KUBECONFIG, ~/.kube/config, or the Pod's ServiceAccount]
    #[arg(long, value_name = "FILE", env = "WAXWING_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The context in the kubeconfig file [default: its current context]
    #[arg(long, value_name = "NAME", env = "WAXWING_CONTEXT")]
    pub(crate) context: Option<String>,

    /// The namespace of the controller, where its keys are [default: $POD_NAMESPACE, or waxwing-system]
    #[arg(long, value_name = "NAMESPACE", env = "WAXWING_NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// A namespace whose SealedSecrets are looked after; may be given several times, or several with commas
    /// in between [default: all namespaces]
    ///
    /// With it the controller needs no ClusterRole: see deploy/kustomize/components/namespaced.
    #[arg(long, value_name = "NAMESPACE", env = "WAXWING_WATCH_NAMESPACE", value_delimiter = ',', value_parser = parse_namespace)]
    pub(crate) watch_namespace: Vec<String>,

    /// What SealedSecrets must have to be looked after by this controller, such as team=a or
    /// 'team in (a,b)' [default: nothing]
    ///
    /// Controllers that share a cluster need a namespace (--namespace) and keys each.
    #[arg(long, value_name = "SELECTOR", env = "WAXWING_LABEL_SELECTOR")]
    pub(crate) label_selector: Option<String>,

    /// The age at which the primary key is followed by a new one, such as 30d, 12h or 90s; 0: never
    #[arg(long, value_name = "DURATION", env = "WAXWING_KEY_ROLLOVER_PERIOD", default_value = "30d", value_parser = parse_period)]
    pub(crate) key_rollover_period: Period,

    /// The algorithm of new keys: mlkem768x25519 (post-quantum) or x25519
    #[arg(
        long,
        value_name = "ALGORITHM",
        env = "WAXWING_KEY_ALGORITHM",
        default_value = "mlkem768x25519"
    )]
    pub(crate) key_algorithm: Algorithm,

    /// How long after a new key took over an older one is retired: it goes on opening values, and never
    /// becomes primary again; 0: never
    #[arg(long, value_name = "DURATION", env = "WAXWING_KEY_RETIRE_AFTER", default_value = "0", value_parser = parse_period)]
    pub(crate) key_retire_after: Period,

    /// How long after a retired key lost its last dependent it is deleted for good; 0: never
    ///
    /// A key that a SealedSecret of this cluster needs is never deleted; what lies in Git only, and is
    /// not applied, does not count. Needs the permissions of deploy/kustomize/components/key-deletion.
    #[arg(long, value_name = "DURATION", env = "WAXWING_KEY_DELETE_UNUSED_AFTER", default_value = "0", value_parser = parse_period)]
    pub(crate) key_delete_unused_after: Period,

    /// Whom every sealing key is backed up to, encrypted, in its SealingKey: age1…, age1pq1…, an SSH
    /// public key or a plugin's recipient; may be given several times
    ///
    /// In the environment variable, commas or line breaks stand between recipients, so that it may hold an
    /// age recipients file as it is. Any one of their identities can restore the keys; keep them offline.
    #[arg(
        long,
        value_name = "RECIPIENT",
        env = "WAXWING_RECOVERY_RECIPIENT",
        hide_env_values = true
    )]
    pub(crate) recovery_recipient: Vec<String>,

    /// Whether a Secret that someone else changes or deletes is put right
    ///
    /// Without it the controller neither lists nor watches Secrets outside of its own namespace, and needs no
    /// permission for it; it writes a Secret when its SealedSecret or the keys change, and does not look after
    /// ClusterSealedSecrets. See deploy/kustomize/components/without-drift-repair.
    #[arg(
        long,
        value_name = "BOOL",
        env = "WAXWING_DRIFT_REPAIR",
        default_value = "true",
        action = clap::ArgAction::Set
    )]
    pub(crate) drift_repair: bool,

    /// How many SealedSecrets are worked on at the same time
    #[arg(
        long,
        value_name = "NUMBER",
        env = "WAXWING_CONCURRENCY",
        default_value = "16"
    )]
    pub(crate) concurrency: NonZeroUsize,

    /// Where /healthz, /readyz and /metrics are served
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "WAXWING_HTTP_ADDRESS",
        default_value = "0.0.0.0:8080"
    )]
    pub(crate) http_address: SocketAddr,

    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,

    /// Where the audit trail is written, one JSON object on a line: a file, or - for standard output
    /// [default: nowhere]
    #[arg(long, value_name = "FILE", env = "WAXWING_AUDIT_LOG")]
    pub(crate) audit_log: Option<PathBuf>,

    /// The size at which the file of the audit trail is set aside, in MiB
    #[arg(
        long,
        value_name = "MIB",
        env = "WAXWING_AUDIT_LOG_MAX_SIZE",
        default_value = "100"
    )]
    pub(crate) audit_log_max_size: NonZeroU32,

    /// How many older files of the audit trail are kept
    #[arg(
        long,
        value_name = "NUMBER",
        env = "WAXWING_AUDIT_LOG_KEEP",
        default_value = "5"
    )]
    pub(crate) audit_log_keep: u32,

    /// Where traces are sent, by OTLP over HTTP, such as http://collector:4318
    /// [default: $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, $OTEL_EXPORTER_OTLP_ENDPOINT, or nowhere]
    ///
    /// A URL without a path stands for the usual one, /v1/traces. The environment variables of OpenTelemetry for
    /// headers, sampling, service name and queue are honoured; see docs/traces.md.
    #[arg(long, value_name = "URL", env = "WAXWING_TRACE_ENDPOINT")]
    pub(crate) trace_endpoint: Option<Endpoint>,

    /// The form of the log
    #[arg(
        long,
        value_name = "FORMAT",
        env = "WAXWING_LOG_FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,

    /// How much is logged: error, warn, info, debug or trace
    #[arg(
        long,
        value_name = "LEVEL",
        env = "WAXWING_LOG_LEVEL",
        default_value = "info"
    )]
    pub(crate) log_level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For programs: one object on a line
    Json,
}

/// How long something takes; `None` is for ever.
pub(crate) type Period = Option<Duration>;

fn parse_period(text: &str) -> Result<Period, humantime::DurationError> {
    if text == "0" {
        return Ok(None);
    }
    let period = humantime::parse_duration(text)?;
    Ok((!period.is_zero()).then_some(period))
}

/// The limit of Kubernetes on the name of a namespace (RFC 1123, a label).
const MAX_NAMESPACE: usize = 63;

fn parse_namespace(text: &str) -> Result<String, String> {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let is_name = bytes.len() <= MAX_NAMESPACE
        && bytes.first().is_some_and(is_plain)
        && bytes.last().is_some_and(is_plain)
        && bytes.iter().all(|byte| is_plain(byte) || *byte == b'-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a namespace has 1 to 63 of the characters a-z 0-9 -, and neither begins nor ends with -".to_owned())
    }
}

impl RunArgs {
    /// What this controller looks after.
    pub(crate) fn scope(&self) -> Scope {
        let selector = self.label_selector.as_deref().map(str::trim);
        let scope = Scope::new(
            &self.watch_namespace,
            selector.filter(|selector| !selector.is_empty()),
        );
        if self.drift_repair {
            scope
        } else {
            scope.without_drift_repair()
        }
    }

    /// The namespace of the controller.
    pub(crate) fn own_namespace(&self) -> String {
        self.namespace
            .clone()
            .or_else(|| {
                std::env::var("POD_NAMESPACE")
                    .ok()
                    .filter(|name| !name.is_empty())
            })
            .unwrap_or_else(|| waxwing_api::names::DEFAULT_NAMESPACE.to_owned())
    }

    /// Where the audit trail goes, if anywhere.
    pub(crate) fn audit_destination(&self) -> Option<Destination> {
        let path = self.audit_log.clone()?;
        Some(if path.as_os_str() == "-" {
            Destination::Stdout
        } else {
            Destination::File {
                path,
                max_size: u64::from(self.audit_log_max_size.get()) << 20,
                keep: self.audit_log_keep,
            }
        })
    }

    /// The recovery recipients, one by one.
    pub(crate) fn recovery_recipients(&self) -> impl Iterator<Item = &str> {
        self.recovery_recipient
            .iter()
            .flat_map(|list| list.lines())
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|recipient| !recipient.is_empty())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn every_flag_of_run_has_an_environment_variable_of_its_name() {
        use clap::CommandFactory;
        let command = Args::command();
        let run = command.find_subcommand("run").unwrap();
        for flag in run.get_arguments().filter(|flag| flag.get_id() != "help") {
            let expected = format!("WAXWING_{}", flag.get_id().as_str().to_uppercase());
            assert_eq!(
                flag.get_env().and_then(|name| name.to_str()),
                Some(expected.as_str())
            );
        }
    }

    #[test]
    fn recovery_recipients_may_be_listed_in_one_variable() {
        let args = [
            "waxwing-controller",
            "run",
            "--recovery-recipient",
            "# offline, in the safe\nage1a, age1b\n\nssh-ed25519 AAAA someone\n",
            "--recovery-recipient",
            "age1c",
        ];
        let Command::Run(run) = Args::try_parse_from(args).unwrap().command else {
            panic!("not run")
        };
        let recipients: Vec<&str> = run.recovery_recipients().collect();
        assert_eq!(
            recipients,
            ["age1a", "age1b", "ssh-ed25519 AAAA someone", "age1c"]
        );
    }

    #[test]
    fn namespaces_to_watch_are_given_one_by_one_or_in_one_variable() {
        let run = |words: &[&str]| {
            let args = ["waxwing-controller", "run"].iter().chain(words);
            let parsed = Args::try_parse_from(args)?;
            let Command::Run(run) = parsed.command else {
                panic!("not run")
            };
            Ok::<_, clap::Error>(run.watch_namespace)
        };
        let flag = "--watch-namespace";
        assert_eq!(run(&[]).unwrap(), [""; 0]);
        assert_eq!(run(&[flag, "a,b", flag, "c-1"]).unwrap(), ["a", "b", "c-1"]);
        for wrong in ["", "Prod", "a b", "-a", "a-", "a,,b", &"x".repeat(64)] {
            assert!(run(&[flag, wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_audit_trail_goes_where_it_is_told_to() {
        let destination = |args: &[&str]| {
            let args = [&["waxwing-controller", "run"], args].concat();
            let Command::Run(run) = Args::try_parse_from(args).unwrap().command else {
                panic!("not run")
            };
            run.audit_destination()
        };
        let file = |max_size, keep| Destination::File {
            path: "trail".into(),
            max_size,
            keep,
        };
        let sized = [
            "--audit-log=trail",
            "--audit-log-max-size=2",
            "--audit-log-keep=0",
        ];
        assert_eq!(destination(&[]), None);
        assert_eq!(destination(&["--audit-log=-"]), Some(Destination::Stdout));
        assert_eq!(
            destination(&["--audit-log=trail"]),
            Some(file(100 << 20, 5))
        );
        assert_eq!(destination(&sized), Some(file(2 << 20, 0)));
    }

    #[test]
    fn a_rollover_period_of_zero_means_never() {
        let day = Duration::from_secs(86_400);
        for (text, period) in [
            ("30d", Some(30 * day)),
            ("12h", Some(day / 2)),
            ("90s", Some(Duration::from_secs(90))),
            ("0", None),
            ("0s", None),
        ] {
            assert_eq!(parse_period(text).unwrap(), period, "{text}");
        }
        assert!(parse_period("soon").is_err());
        assert!(parse_period("-1d").is_err());
    }
}
