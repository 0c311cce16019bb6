//! What was found and done, for people and for programs.

use serde::Serialize;
use waxwing_manifest::{Location, ManifestError, Object};

use super::file::Outcome;
use crate::diagnostic::{Advice, Failure, note};
use crate::output::{self, OutputError};
use crate::report_format::ReportFormat;

/// What became of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Resealed,
    Current,
    Foreign,
    Unreachable(String),
    Refused(String),
}

/// What became of one value, and where it stands.
#[derive(Debug)]
pub(super) struct Finding {
    place: Location,
    /// Object and item, as errors name them.
    what: String,
    item: Option<String>,
    kind: Kind,
}

impl Finding {
    pub(super) fn new(object: &Object<'_>, item: &str, kind: Kind) -> Self {
        let line = object.line_of(&["spec", "encryptedData", item]);
        Self {
            place: Location {
                line,
                ..object.location()
            },
            what: format!("{}: item \"{item}\"", object.describe()),
            item: Some(item.to_owned()),
            kind,
        }
    }

    pub(super) fn refused(error: &ManifestError) -> Self {
        Self {
            place: error.location().clone(),
            what: String::new(),
            item: error.item().map(str::to_owned),
            kind: Kind::Refused(error.message()),
        }
    }

    pub(super) fn refuse_if_resealed(&mut self, why: &str) {
        if self.kind == Kind::Resealed {
            self.kind = Kind::Refused(why.to_owned());
        }
    }

    fn line(&self, said: &str) -> String {
        let what = if self.what.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.what)
        };
        format!("{}: {what}{said}", self.place)
    }
}

/// All findings of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    failure: Failure,
}

impl Report {
    pub(super) fn add(&mut self, outcome: Outcome) {
        self.findings.extend(outcome.findings);
        self.failure.add(outcome.failure);
    }

    pub(super) fn print(&self, format: ReportFormat, check: bool) -> Result<(), OutputError> {
        match format {
            ReportFormat::Json => output::print(&self.json(check)),
            ReportFormat::Table => {
                let word = word(&Kind::Resealed, check);
                let resealed = self
                    .findings
                    .iter()
                    .filter(|finding| finding.kind == Kind::Resealed);
                let lines: String = resealed.map(|finding| finding.line(word) + "\n").collect();
                output::print(&lines)?;
                note(&self.summary(check));
                Ok(())
            }
        }
    }

    /// Adds what makes the command fail.
    pub(super) fn fail(self, check: bool, failure: &mut Failure) {
        failure.add(self.failure);
        let mut stale = 0;
        for finding in &self.findings {
            match &finding.kind {
                Kind::Unreachable(why) | Kind::Refused(why) => {
                    failure.add(Problem(finding.line(why)));
                }
                Kind::Resealed if check => stale += 1,
                Kind::Resealed | Kind::Current | Kind::Foreign => {}
            }
        }
        if stale > 0 {
            failure.add(Stale { count: stale });
        }
    }

    fn count(&self, is_counted: impl Fn(&Kind) -> bool) -> usize {
        self.findings
            .iter()
            .filter(|finding| is_counted(&finding.kind))
            .count()
    }

    fn tally(&self) -> Tally {
        Tally {
            resealed: self.count(|kind| *kind == Kind::Resealed),
            current: self.count(|kind| *kind == Kind::Current),
            foreign: self.count(|kind| *kind == Kind::Foreign),
            unreachable: self.count(|kind| matches!(kind, Kind::Unreachable(_))),
            refused: self.count(|kind| matches!(kind, Kind::Refused(_))),
        }
    }

    fn summary(&self, check: bool) -> String {
        let Tally {
            resealed,
            current,
            foreign,
            unreachable,
            refused,
        } = self.tally();
        format!(
            "{resealed} {}, {current} current, {foreign} of other clusters, {unreachable} unreachable, {refused} refused",
            word(&Kind::Resealed, check)
        )
    }

    fn json(&self, check: bool) -> String {
        let values = self
            .findings
            .iter()
            .map(|finding| JsonFinding::new(finding, check))
            .collect();
        let report = JsonReport {
            values,
            summary: self.tally(),
        };
        let json =
            serde_json::to_string_pretty(&report).expect("a report is strings and numbers only");
        json + "\n"
    }
}

fn word(kind: &Kind, check: bool) -> &'static str {
    match kind {
        Kind::Resealed if check => "stale",
        Kind::Resealed => "resealed",
        Kind::Current => "current",
        Kind::Foreign => "foreign",
        Kind::Unreachable(_) => "unreachable",
        Kind::Refused(_) => "refused",
    }
}

/// How many values there are of each kind; with --check, `resealed` counts the stale ones.
#[derive(Debug, Serialize)]
struct Tally {
    resealed: usize,
    current: usize,
    foreign: usize,
    unreachable: usize,
    refused: usize,
}

#[derive(Debug, Serialize)]
struct JsonReport<'a> {
    values: Vec<JsonFinding<'a>>,
    summary: Tally,
}

#[derive(Debug, Serialize)]
struct JsonFinding<'a> {
    file: &'a str,
    document: usize,
    line: usize,
    item: Option<&'a str>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> JsonFinding<'a> {
    fn new(finding: &'a Finding, check: bool) -> Self {
        Self {
            file: &finding.place.source,
            document: finding.place.document,
            line: finding.place.line,
            item: finding.item.as_deref(),
            result: word(&finding.kind, check),
            reason: match &finding.kind {
                Kind::Unreachable(why) | Kind::Refused(why) => Some(why),
                Kind::Resealed | Kind::Current | Kind::Foreign => None,
            },
        }
    }
}

/// A value that was left.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Problem(String);

impl Advice for Problem {}

/// Values are sealed to an older key.
#[derive(Debug, thiserror::Error)]
#[error("{count} {} stale", if *.count == 1 { "value is" } else { "values are" })]
struct Stale {
    count: usize,
}

impl Advice for Stale {
    fn advice(&self) -> Vec<String> {
        vec!["run waxwing reseal without --check, and commit the change".to_owned()]
    }
}
