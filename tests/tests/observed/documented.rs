//! The metrics of docs/metrics.md.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_tests::document;

/// A type, and the names of the labels.
pub(crate) type Shape = (String, BTreeSet<String>);

/// Every metric by name; a counter with its suffix `_total`.
pub(crate) fn metrics() -> BTreeMap<String, Shape> {
    let page = document::read("docs/metrics.md").unwrap();
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<(String, Shape)> {
    let cells: Vec<&str> = line.strip_prefix("| `waxwing_")?.split('|').collect();
    let name = format!("waxwing_{}", cells[0].trim().trim_end_matches('`'));
    let labels = cells[2]
        .split(',')
        .map(|label| label.trim().trim_matches('`'));
    let labels = labels.filter(|label| !label.is_empty());
    Some((
        name,
        (
            cells[1].trim().to_owned(),
            labels.map(str::to_owned).collect(),
        ),
    ))
}
