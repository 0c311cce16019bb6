//! What differs, for people and for programs.

use std::fmt::Write;
use std::time::SystemTime;

use serde::Serialize;
use waxwing_api::SealedKind;
use waxwing_crypto::SealedValue;

use super::compare::{Change, Difference, FieldDifference, ItemChange, ItemDifference};
use crate::item_report::{ItemReport, in_words, keys_in_words};
use crate::output::{self, OutputError};
use crate::report_format::ReportFormat;

pub(super) fn print(differences: &[Difference], format: ReportFormat) -> Result<(), OutputError> {
    output::print(&match format {
        ReportFormat::Json => json(differences),
        ReportFormat::Table => differences.iter().map(lines).collect(),
    })
}

/// A SealedSecret, and indented below it what differs.
fn lines(difference: &Difference) -> String {
    let Difference {
        id,
        change,
        items,
        fields,
    } = difference;
    let namespace = id
        .namespace
        .as_ref()
        .map(|namespace| format!("{namespace}/"));
    let kind = id.kind.as_str();
    let title = format!("{kind} {}{}", namespace.unwrap_or_default(), id.name);
    let mut lines = match change {
        Change::Changed => format!("{title}\n"),
        change => format!("{title}: {}\n", word(*change)),
    };
    for item in items {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "  {}: {}", item.name, item_words(item));
    }
    for field in fields {
        let _ = writeln!(lines, "  {}: {}", field.path, word(field.change));
    }
    lines
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

fn item_words(item: &ItemDifference) -> String {
    match (item.change, &item.old, &item.new) {
        (ItemChange::Added, _, Some(new)) => format!("added, {}", in_words(new)),
        (ItemChange::Changed, Some(old), Some(new)) => {
            format!("changed, {}{}", in_words(new), before(old, new))
        }
        (ItemChange::Resealed, Some(old), Some(new)) => format!(
            "resealed, the value is the same, {}{}",
            keys_in_words(new),
            before(old, new)
        ),
        (ItemChange::Relabelled, Some(old), Some(new)) => format!(
            "relabelled, the ciphertext is the same, {}; before: {}",
            in_words(new),
            in_words(old)
        ),
        _ => "removed".to_owned(),
    }
}

/// Scope and keys of the old value, where the new one has others.
fn before(old: &SealedValue, new: &SealedValue) -> String {
    let (old_scope, new_scope) = (&old.header().scope, &new.header().scope);
    let scope = (old_scope != new_scope).then(|| old_scope.to_string());
    let has_other_keys = !old.header().key_ids().eq(new.header().key_ids());
    let keys = has_other_keys.then(|| keys_in_words(old));
    let parts: Vec<String> = scope.into_iter().chain(keys).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("; before: {}", parts.join(", "))
    }
}

fn json(differences: &[Difference]) -> String {
    let now = SystemTime::now();
    let report: Vec<JsonDifference<'_>> = differences
        .iter()
        .map(|difference| JsonDifference::new(difference, now))
        .collect();
    let json = serde_json::to_string_pretty(&report).expect("a report is strings and numbers only");
    json + "\n"
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonDifference<'a> {
    kind: SealedKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    change: Change,
    items: Vec<JsonItem<'a>>,
    fields: &'a [FieldDifference],
}

#[derive(Debug, Serialize)]
struct JsonItem<'a> {
    item: &'a str,
    change: ItemChange,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<ItemReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<ItemReport>,
}

impl<'a> JsonDifference<'a> {
    fn new(difference: &'a Difference, now: SystemTime) -> Self {
        let items = difference.items.iter();
        let report = |value: &Option<SealedValue>| {
            let value = value.as_ref()?;
            Some(ItemReport::new(None, value, now))
        };
        Self {
            kind: difference.id.kind,
            namespace: difference.id.namespace.as_deref(),
            name: &difference.id.name,
            change: difference.change,
            items: items
                .map(|item| JsonItem {
                    item: &item.name,
                    change: item.change,
                    old: report(&item.old),
                    new: report(&item.new),
                })
                .collect(),
            fields: &difference.fields,
        }
    }
}
