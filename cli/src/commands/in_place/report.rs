//! What was done to the items of a SealedSecret, for people and for programs.

use std::slice;

use serde::Serialize;
use waxwing_api::SealedKind;
use waxwing_crypto::Scope;

use super::{EditedFile, SealedObject};
use crate::diagnostic::note;
use crate::output::{self, OutputError};
use crate::report_format::ReportFormat;
use crate::scope_report::ScopeReport;

/// What was done to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "action",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Action {
    Added,
    Replaced,
    Removed,
    Renamed { new_name: String },
}

/// What was done to the items of a SealedSecret.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<SealedKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    items: Vec<ItemReport>,
    /// The SealedSecret as errors name it.
    #[serde(skip)]
    object: String,
}

#[derive(Debug, Serialize)]
struct ItemReport {
    item: String,
    #[serde(flatten)]
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeReport>,
    /// The scope in words.
    #[serde(skip)]
    scope_words: Option<String>,
}

impl Report {
    pub(crate) fn new(file: &EditedFile, target: &SealedObject<'_>) -> Self {
        let object = target.object();
        Self {
            file: file.path().display().to_string(),
            kind: object.sealed_kind(),
            namespace: object.namespace().map(str::to_owned),
            name: object.name().unwrap_or_default().to_owned(),
            items: Vec::new(),
            object: object.describe(),
        }
    }

    /// Notes what was done. `scope` is that of a value that is new.
    pub(crate) fn add(&mut self, item: &str, action: Action, scope: Option<&Scope>) {
        self.items.push(ItemReport {
            item: item.to_owned(),
            action,
            scope: scope.map(ScopeReport::from),
            scope_words: scope.map(ToString::to_string),
        });
    }

    /// Tells people on standard error, or programs on standard output.
    pub(crate) fn tell(&self, format: ReportFormat) -> Result<(), OutputError> {
        tell(self, slice::from_ref(self), format)
    }

    /// Tells of several SealedSecrets, programs with a list.
    pub(crate) fn tell_each(reports: &[Self], format: ReportFormat) -> Result<(), OutputError> {
        tell(&reports, reports, format)
    }

    fn note(&self) {
        for item in &self.items {
            note(&format!("{}: {}: {}", self.file, self.object, item.line()));
        }
    }
}

fn tell(
    json: &impl Serialize,
    reports: &[Report],
    format: ReportFormat,
) -> Result<(), OutputError> {
    match format {
        ReportFormat::Json => {
            let json = serde_json::to_string_pretty(json).expect("a report is plain data");
            output::write_stdout(format!("{json}\n").as_bytes())
        }
        ReportFormat::Table => {
            reports.iter().for_each(Report::note);
            Ok(())
        }
    }
}

impl ItemReport {
    fn line(&self) -> String {
        let scope = self.scope_words.as_ref().map(|scope| format!(", {scope}"));
        let done = match &self.action {
            Action::Added => "added".to_owned(),
            Action::Replaced => "replaced".to_owned(),
            Action::Removed => "removed".to_owned(),
            Action::Renamed { new_name } => format!("renamed to \"{new_name}\""),
        };
        format!(
            "item \"{}\": {done}{}",
            self.item,
            scope.unwrap_or_default()
        )
    }
}
