//! `waxwing keys list`: what keys there are, and how they are.

use std::time::SystemTime;

use serde::Serialize;
use waxwing_api::{KeyAlgorithm, KeyConditionType, KeyState, SealingKey, condition};
use waxwing_crypto::format_time;

use super::store::{KeyStore, name};
use crate::cluster::{ClusterArgs, primary};
use crate::diagnostic::{Failure, warn};
use crate::report_format::ReportFormat;
use crate::{duration, output, table};

const EXAMPLES: &str = "\
Examples:
  waxwing keys list
  waxwing keys list -o json | jq -r '.[] | select(.dependents == 0) | .id'";

/// List the keys, the oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A table for people, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = KeyStore::open(&args.cluster)?;
    let keys = store.list()?;
    let primary = primary(&keys).map(name);
    let reports: Vec<KeyReport> = keys
        .iter()
        .map(|key| KeyReport::new(key, primary == Some(name(key))))
        .collect();
    match args.output {
        ReportFormat::Json => {
            let json = serde_json::to_string_pretty(&reports)
                .expect("reports are strings, numbers and booleans only");
            output::print(&format!("{json}\n"))?;
        }
        ReportFormat::Table if reports.is_empty() => warn(
            &format!("namespace {} holds no SealingKey", store.namespace()),
            "if the controller runs elsewhere, give --controller-namespace",
        ),
        ReportFormat::Table => output::print(&table_of(&reports, SystemTime::now()))?,
    }
    Ok(())
}

/// One key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyReport {
    id: String,
    algorithm: KeyAlgorithm,
    state: KeyState,
    primary: bool,
    /// Whether the controller has the private half; null as long as it has not said so.
    loaded: Option<bool>,
    /// RFC 3339, UTC.
    created_at: Option<String>,
    /// How many SealedSecrets need it; null as long as the controller has not counted them.
    dependents: Option<i64>,
    escrowed: bool,
    recipient: String,
    #[serde(skip)]
    created: Option<SystemTime>,
}

impl KeyReport {
    fn new(key: &SealingKey, primary: bool) -> Self {
        let created = key.metadata.creation_timestamp.as_ref();
        let created = created.map(|time| SystemTime::from(time.0));
        let status = key.status.as_ref();
        let conditions = status.map(|status| status.conditions.as_slice());
        let loaded = KeyConditionType::Loaded.as_str();
        let loaded = condition::find(conditions.unwrap_or_default(), loaded);
        Self {
            id: name(key).to_owned(),
            algorithm: key.spec.algorithm,
            state: key.spec.state,
            primary,
            loaded: loaded.map(|condition| condition.status == "True"),
            created_at: created.map(format_time),
            dependents: status.and_then(|status| status.dependents),
            escrowed: key.spec.escrow.is_some(),
            recipient: key.spec.recipient.clone(),
            created,
        }
    }
}

fn table_of(keys: &[KeyReport], now: SystemTime) -> String {
    let unknown = || "?".to_owned();
    let rows: Vec<[String; 8]> = keys
        .iter()
        .map(|key| {
            [
                key.id.clone(),
                waxwing_crypto::Algorithm::from(key.algorithm).to_string(),
                key.state.to_string(),
                yes_or_no(key.primary),
                key.loaded.map_or_else(unknown, yes_or_no),
                key.created
                    .map_or_else(unknown, |created| duration::age(created, now)),
                key.dependents
                    .map_or_else(unknown, |count| count.to_string()),
                yes_or_no(key.escrowed),
            ]
        })
        .collect();
    let head = [
        "ID",
        "ALGORITHM",
        "STATE",
        "PRIMARY",
        "LOADED",
        "AGE",
        "DEPENDENTS",
        "ESCROW",
    ];
    table::render(head, &rows)
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn key(status: &serde_json::Value) -> SealingKey {
        serde_json::from_value(json!({
            "apiVersion": "waxwing.dev/v1alpha1",
            "kind": "SealingKey",
            "metadata": { "name": "0123456789abcdef", "creationTimestamp": "2026-11-24T06:00:00Z" },
            "spec": { "recipient": "age1canary", "algorithm": "x25519", "state": "Retired" },
            "status": status,
        }))
        .unwrap()
    }

    fn row(report: KeyReport) -> Vec<String> {
        let now = report.created.unwrap() + Duration::from_secs(3 * 3600);
        let text = anstream::adapter::strip_str(&table_of(&[report], now)).to_string();
        let row = text.lines().nth(1).unwrap();
        row.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_the_controller_has_not_said_yet_is_unknown() {
        let report = KeyReport::new(&key(&json!(null)), false);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["loaded"], json!(null));
        assert_eq!(json["dependents"], json!(null));
        assert_eq!(
            row(report),
            [
                "0123456789abcdef",
                "x25519",
                "Retired",
                "no",
                "?",
                "3h",
                "?",
                "no"
            ]
        );
    }

    #[test]
    fn a_key_is_told_with_its_state_age_and_dependents() {
        let condition = json!({
            "type": "Loaded", "status": "True", "reason": "PrivateHalfLoaded", "message": "",
            "lastTransitionTime": "2026-11-24T06:00:00Z",
        });
        let status = json!({ "primary": true, "dependents": 7, "conditions": [condition] });
        let report = KeyReport::new(&key(&status), true);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["createdAt"], "2026-11-24T06:00:00Z");
        assert_eq!(json["loaded"], true);
        assert_eq!(
            row(report),
            [
                "0123456789abcdef",
                "x25519",
                "Retired",
                "yes",
                "yes",
                "3h",
                "7",
                "no"
            ]
        );
    }
}
