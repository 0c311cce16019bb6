//! What became of each cluster: a table for people, JSON for programs.

use serde::Serialize;
use waxwing_crypto::KeyId;

use crate::output::{self, OutputError};
use crate::report_format::ReportFormat;
use crate::table;

/// What became of a cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) cluster: String,
    pub(super) state: State,
    /// The key in the file.
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub(super) old_key: Option<KeyId>,
    /// The cluster's primary key.
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub(super) new_key: Option<KeyId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// The file has the primary key.
    Current,
    /// The file now has it.
    Updated,
    /// The file lacks it.
    Outdated,
    /// The cluster has no context by which to ask it.
    NotAsked,
    /// The cluster gave no answer that can be used.
    Failed,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Updated => "updated",
            Self::Outdated => "outdated",
            Self::NotAsked => "not asked: no context",
            Self::Failed => "failed",
        }
    }
}

/// Prints all rows.
pub(super) fn print(rows: &[Row], format: ReportFormat) -> Result<(), OutputError> {
    match format {
        ReportFormat::Json => {
            let json = serde_json::to_string_pretty(rows).expect("the rows are plain data");
            output::write_stdout(format!("{json}\n").as_bytes())
        }
        ReportFormat::Table => {
            let lines: Vec<[String; 4]> = rows.iter().map(Row::cells).collect();
            output::print(&table::render(
                ["CLUSTER", "STATE", "OLD KEY", "NEW KEY"],
                &lines,
            ))
        }
    }
}

impl Row {
    fn cells(&self) -> [String; 4] {
        let cell = |key: Option<KeyId>| key.map_or_else(|| "-".to_owned(), |key| key.to_string());
        [
            self.cluster.clone(),
            self.state.word().to_owned(),
            cell(self.old_key),
            cell(self.new_key),
        ]
    }
}

fn as_text<S: serde::Serializer>(key: &Option<KeyId>, serializer: S) -> Result<S::Ok, S::Error> {
    match key {
        Some(key) => serializer.collect_str(key),
        None => serializer.serialize_none(),
    }
}
