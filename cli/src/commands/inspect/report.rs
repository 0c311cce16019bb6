//! What a sealed value tells without any key: for programs, and as a table for people.

use serde::Serialize;
use waxwing_api::SealedKind;

use crate::item_report::ItemReport;
use crate::table;

/// A SealedSecret, or a single sealed value that stands in none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// The file, or `stdin`.
    pub(super) file: String,
    /// The number of the document in the file and its first line, both from 1; only in a manifest.
    #[serde(flatten)]
    pub(super) object: Option<ObjectReport>,
    pub(super) items: Vec<ItemReport>,
}

/// Which SealedSecret it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectReport {
    pub(super) document: usize,
    pub(super) line: usize,
    pub(super) kind: SealedKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Report {
    /// The title and the table, with colours.
    pub(super) fn table(&self) -> String {
        let rows: Vec<[String; 6]> = self.items.iter().map(ItemReport::row).collect();
        let table = table::render(["ITEM", "SCOPE", "KEYS", "TYPE", "AGE", "SIZE"], &rows);
        format!("{}\n{table}", self.title())
    }

    fn title(&self) -> String {
        match &self.object {
            Some(object) => {
                let namespace = object
                    .namespace
                    .as_ref()
                    .map(|namespace| format!("{namespace}/"));
                let namespace = namespace.unwrap_or_default();
                format!(
                    "{} {namespace}{} ({}:{})",
                    object.kind.as_str(),
                    object.name,
                    self.file,
                    object.line
                )
            }
            None => format!("sealed value ({})", self.file),
        }
    }
}
