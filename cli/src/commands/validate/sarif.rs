//! SARIF 2.1.0, the format of OASIS that code scanning reads.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::finding::Finding;
use super::rule::Rule;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What a path in a URI may hold as it is: RFC 3986, and the slashes.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The log of one run, as JSON.
pub(super) fn log(findings: &[Finding]) -> String {
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "waxwing",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Rule::ALL.map(rule),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

fn rule(rule: Rule) -> Value {
    let summary = format!("{}.", rule.summary());
    let mut descriptor = json!({
        "id": rule.id(),
        "shortDescription": {"text": summary},
        "defaultConfiguration": {"level": rule.severity().word()},
    });
    if let Some(advice) = rule.advice() {
        descriptor["help"] = json!({"text": advice});
    }
    descriptor
}

fn result(finding: &Finding) -> Value {
    json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": finding.rule.severity().word(),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file)},
            "region": {"startLine": finding.line},
        }}],
    })
}

/// A path as a URI reference: relative to the current folder, or with its scheme.
fn uri(file: &str) -> String {
    let scheme = if file.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(file, PATH))
}
