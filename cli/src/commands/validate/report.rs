//! All findings, for people and for programs.

use clap::ValueEnum;
use serde::Serialize;

use super::examination::Examination;
use super::finding::Finding;
use super::rule::{Rule, Severity};
use super::{github, sarif};
use crate::diagnostic::{Advice, Failure, note, warn};
use crate::output::{self, OutputError};
use crate::printable;

/// How findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A line each, for people
    #[default]
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// What came of a file.
pub(super) enum Looked {
    Examined(Examination),
    /// The name of a file that is larger than the limit.
    TooLarge(String),
}

/// All findings of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    summary: Summary,
    /// What could not be looked at.
    failure: Failure,
}

/// What was looked at, and what not.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    /// Findings that a mark allows.
    allowed: usize,
    /// Templates of manifests, which were searched for keys only.
    templates: usize,
    /// Files that are larger than the limit.
    too_large: Vec<String>,
}

impl Report {
    /// Takes what came of a file.
    pub(super) fn take(&mut self, looked: Result<Looked, impl Into<Failure>>) {
        match looked {
            Ok(Looked::Examined(examination)) => self.add(examination),
            Ok(Looked::TooLarge(name)) => self.summary.too_large.push(name),
            Err(failure) => self.add_failure(failure),
        }
    }

    fn add(&mut self, examination: Examination) {
        self.summary.files += 1;
        self.summary.allowed += examination.allowed;
        self.summary.templates += usize::from(examination.is_template);
        for finding in examination.findings {
            match finding.rule.severity() {
                Severity::Error => self.summary.errors += 1,
                Severity::Warning => self.summary.warnings += 1,
            }
            self.findings.push(finding);
        }
    }

    pub(super) fn add_failure(&mut self, failure: impl Into<Failure>) {
        self.failure.add(failure);
    }

    pub(super) fn print(&self, format: Format) -> Result<(), OutputError> {
        let text = match format {
            Format::Text => self.text(),
            Format::Json => self.json(),
            Format::Sarif => sarif::log(&self.findings),
            Format::Github => self.findings.iter().map(github::annotation).collect(),
        };
        output::print(&text)?;
        self.tell_what_was_left();
        Ok(())
    }

    /// What makes the command fail.
    pub(super) fn failure(self) -> Failure {
        let mut failure = self.failure;
        if self.summary.errors > 0 {
            failure.add(Invalid {
                errors: self.summary.errors,
                rules: rules(&self.findings),
            });
        }
        failure
    }

    fn text(&self) -> String {
        let lines = self.findings.iter().map(|finding| {
            let label = match finding.rule.severity() {
                Severity::Error => "",
                Severity::Warning => "warning: ",
            };
            let (file, line) = (&finding.file, finding.line);
            let (sentence, rule) = (finding.sentence(), finding.rule.id());
            printable::line(&format!("{file}:{line}: {label}{sentence} [{rule}]")) + "\n"
        });
        lines.collect()
    }

    fn json(&self) -> String {
        let report = JsonReport {
            findings: self.findings.iter().map(JsonFinding::of).collect(),
            summary: &self.summary,
        };
        let json =
            serde_json::to_string_pretty(&report).expect("a report is strings and numbers only");
        json + "\n"
    }

    fn tell_what_was_left(&self) {
        for name in &self.summary.too_large {
            warn(
                &format!(
                    "{name}: is larger than {}, and was not searched",
                    super::MAX_LEN_WORDS
                ),
                "keep files of that size out of Git, or look at it yourself",
            );
        }
        let left = [
            (self.summary.allowed, "allowed by waxwing:allow"),
            (
                self.summary.templates,
                "templates, searched for private keys only",
            ),
        ];
        let left = left.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = left
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !words.is_empty() {
            note(&words.join(", "));
        }
    }
}

/// The rules that are broken, each once.
fn rules(findings: &[Finding]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[derive(Debug, Serialize)]
struct JsonReport<'a> {
    findings: Vec<JsonFinding<'a>>,
    summary: &'a Summary,
}

#[derive(Debug, Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    severity: Severity,
    file: &'a str,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<usize>,
    message: &'a str,
}

impl<'a> JsonFinding<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule.id(),
            severity: finding.rule.severity(),
            file: &finding.file,
            line: finding.line,
            document: finding.document,
            message: &finding.message,
        }
    }
}

/// There are findings.
#[derive(Debug, thiserror::Error)]
#[error("{errors} {}", if *.errors == 1 { "finding" } else { "findings" })]
struct Invalid {
    errors: usize,
    rules: Vec<Rule>,
}

impl Advice for Invalid {
    fn advice(&self) -> Vec<String> {
        let mut advice: Vec<String> = Vec::new();
        for words in self.rules.iter().filter_map(|rule| rule.advice()) {
            if !advice.iter().any(|said| said == words) {
                advice.push(words.to_owned());
            }
        }
        if self.rules.iter().any(|rule| rule.is_leak()) {
            advice.push(
                "what is meant to be there: mark it with the comment waxwing:allow".to_owned(),
            );
        }
        advice
    }
}
