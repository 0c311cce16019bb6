//! What a sealed value tells without any key: for programs, and in words.

use std::time::SystemTime;

use serde::Serialize;
use waxwing_crypto::{SealedValue, format_time};

use crate::duration;
use crate::scope_report::ScopeReport;

/// When it was sealed, for which place, and to which keys.
pub(crate) fn in_words(value: &SealedValue) -> String {
    let header = value.header();
    format!(
        "sealed {}, {}, {}",
        format_time(header.sealed_at),
        header.scope,
        keys_in_words(value)
    )
}

/// The keys that it is sealed to.
pub(crate) fn keys_in_words(value: &SealedValue) -> String {
    let ids: Vec<String> = value.header().key_ids().map(|id| id.to_string()).collect();
    let noun = if ids.len() == 1 { "key" } else { "keys" };
    format!("{noun} {}", ids.join(" "))
}

/// A sealed value, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemReport {
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
struct KeyReport {
    id: String,
    algorithm: &'static str,
}

impl ItemReport {
    pub(crate) fn new(item: Option<&str>, value: &SealedValue, now: SystemTime) -> Self {
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

    /// Item, scope, keys, type, age and size.
    pub(crate) fn row(&self) -> [String; 6] {
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
