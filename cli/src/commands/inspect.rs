//! `waxwing inspect`: what sealed values tell without any key.

mod report;

use std::path::PathBuf;
use std::time::SystemTime;

use waxwing_crypto::{MalformedError, SealedValue};
use waxwing_manifest::{Object, Problem, read, read_sealed_secret};

use self::report::{ObjectReport, Report};
use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::item_report::ItemReport;
use crate::output;
use crate::report_format::ReportFormat;
use crate::sealed_files::sealed_secrets;

const EXAMPLES: &str = "\
Examples:
  waxwing inspect sealed.yaml
  waxwing inspect -o json sealed.yaml | jq '.[].items[].keys[].id'
  kubectl get sealedsecret -n prod db -o yaml | waxwing inspect";

/// How the base64 of every age file begins: \"age-encryption.org/\".
const SEALED_PREFIX: &str = "YWdlLWVuY3J5cHRpb24ub3Jn";

/// Show scope, keys, age and size of every sealed value; no key is needed
///
/// Takes a manifest, or a single sealed value as seal --raw prints it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The manifest [default: standard input]
    file: Option<PathBuf>,

    /// A table for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let source = Source::or_stdin(args.file);
    let text = source.read_text()?;
    let now = SystemTime::now();
    let mut failure = Failure::default();
    let reports = if text.starts_with(SEALED_PREFIX) {
        vec![inspect_value(&source, &text, now)?]
    } else {
        inspect_manifest(&source, &text, now, &mut failure)?
    };
    if !reports.is_empty() {
        print(&reports, args.output)?;
    }
    failure.or(())
}

fn inspect_value(source: &Source, text: &str, now: SystemTime) -> Result<Report, Failure> {
    let value = SealedValue::parse(text.trim_end()).map_err(|cause| InspectError::Malformed {
        name: source.name(),
        cause,
    })?;
    Ok(Report {
        file: source.name(),
        object: None,
        items: vec![ItemReport::new(None, &value, now)],
    })
}

/// What cannot be read goes into `failure`, the rest is reported.
fn inspect_manifest(
    source: &Source,
    text: &str,
    now: SystemTime,
    failure: &mut Failure,
) -> Result<Vec<Report>, Failure> {
    let documents = read(&source.name(), text)?;
    let objects: Vec<Object<'_>> = sealed_secrets(&documents).collect();
    if objects.is_empty() {
        return Err(InspectError::NoneFound {
            name: source.name(),
        }
        .into());
    }
    let mut reports = Vec::new();
    for object in objects {
        match inspect_object(source, &object, now, failure) {
            Ok(report) => reports.push(report),
            Err(error) => failure.add(error),
        }
    }
    Ok(reports)
}

fn inspect_object(
    source: &Source,
    object: &Object<'_>,
    now: SystemTime,
    failure: &mut Failure,
) -> Result<Report, Failure> {
    let sealed = read_sealed_secret(object)?;
    let mut items = Vec::new();
    for (item, text) in &sealed.spec.encrypted_data {
        match SealedValue::parse(text) {
            Ok(value) => items.push(ItemReport::new(Some(item), &value, now)),
            Err(cause) => failure.add(object.item_error(item, Problem::Malformed(cause))),
        }
    }
    let place = object.location();
    let object = ObjectReport {
        document: place.document,
        line: place.line,
        kind: sealed.kind(),
        namespace: sealed.metadata.namespace,
        name: sealed.metadata.name.unwrap_or_default(),
    };
    Ok(Report {
        file: source.name(),
        object: Some(object),
        items,
    })
}

fn print(reports: &[Report], format: ReportFormat) -> Result<(), Failure> {
    let text = match format {
        ReportFormat::Json => {
            let json = serde_json::to_string_pretty(reports)
                .expect("reports are strings and numbers only");
            format!("{json}\n")
        }
        ReportFormat::Table => {
            let tables: Vec<String> = reports.iter().map(Report::table).collect();
            tables.join("\n")
        }
    };
    Ok(output::print(&text)?)
}

/// Nothing to inspect.
#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error(
        "{name}: holds no SealedSecret; give a manifest with kind: SealedSecret, or one sealed value"
    )]
    NoneFound { name: String },
    #[error("{name}: {cause}")]
    Malformed { name: String, cause: MalformedError },
}

impl Advice for InspectError {}
