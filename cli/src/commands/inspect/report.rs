//! What a sealed value tells without any key: for programs, and as a table for people.

use std::time::SystemTime;

use serde::Serialize;
use waxwing_crypto::{Scope, SealedValue, format_time};

use crate::duration;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// One sealed value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    scope: ScopeReport,
    /// RFC 3339, UTC.
    sealed_at: String,
    keys: Vec<KeyReport>,
    /// The length of the value inside, in bytes.
    value_bytes: usize,
    /// The length of the age file around it, in bytes.
    sealed_bytes: usize,
    #[serde(skip)]
    columns: Columns,
}

/// The words of the table that programs do not need.
#[derive(Debug)]
struct Columns {
    scope: String,
    age: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ScopeReport {
    Strict {
        namespace: String,
        name: String,
        item: String,
    },
    Namespace {
        namespace: String,
    },
    Cluster,
}

#[derive(Debug, Serialize)]
struct KeyReport {
    id: String,
    algorithm: &'static str,
}

impl ItemReport {
    pub(super) fn new(item: Option<&str>, value: &SealedValue, now: SystemTime) -> Self {
        let header = value.header();
        let key = |key: &waxwing_crypto::HeaderKey| KeyReport {
            id: key.id.to_string(),
            algorithm: key.algorithm.as_str(),
        };
        Self {
            item: item.map(ToOwned::to_owned),
            scope: ScopeReport::from(&header.scope),
            sealed_at: format_time(header.sealed_at),
            keys: header.keys.iter().map(key).collect(),
            value_bytes: header.plaintext_len,
            sealed_bytes: value.as_bytes().len(),
            columns: Columns {
                scope: header.scope.to_string(),
                age: duration::age(header.sealed_at, now),
            },
        }
    }

    fn row(&self) -> [String; 6] {
        let ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        // Types never mix within one value.
        let algorithm = self.keys.first().map_or("", |key| key.algorithm);
        [
            self.item.clone().unwrap_or_else(|| "-".to_owned()),
            self.columns.scope.clone(),
            ids.join(","),
            algorithm.to_owned(),
            self.columns.age.clone(),
            format!("{} B", self.value_bytes),
        ]
    }
}

impl From<&Scope> for ScopeReport {
    fn from(scope: &Scope) -> Self {
        match scope.clone() {
            Scope::Strict {
                namespace,
                name,
                item,
            } => Self::Strict {
                namespace,
                name,
                item,
            },
            Scope::Namespace { namespace } => Self::Namespace { namespace },
            Scope::Cluster => Self::Cluster,
        }
    }
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
                    "SealedSecret {namespace}{} ({}:{})",
                    object.name, self.file, object.line
                )
            }
            None => format!("sealed value ({})", self.file),
        }
    }
}
