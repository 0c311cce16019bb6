//! What was found: a table for people, JSON for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::SystemTime;

use serde::Serialize;
use waxwing_api::SealedKind;
use waxwing_crypto::{KeyId, format_time};

use super::in_cluster::InCluster;
use super::live::Answer;
use super::pins::Owner;
use super::standing::State;
use super::survey::{Entry, Item};
use crate::duration::age;
use crate::output::{self, OutputError};
use crate::report_format::ReportFormat;
use crate::table;

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

const HEAD: [&str; 7] = [
    "SEALEDSECRET",
    "FILE",
    "CLUSTERS",
    "KEYS",
    "OTHER KEYS",
    "OLDEST",
    "ITEMS",
];

/// All SealedSecrets, as of a point in time.
pub(super) struct Report<'a> {
    entries: &'a [Entry],
    now: SystemTime,
    /// Whether clusters were asked.
    is_live: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(entries: &'a [Entry], now: SystemTime, is_live: bool) -> Self {
        Self {
            entries,
            now,
            is_live,
        }
    }

    pub(super) fn print(&self, format: ReportFormat) -> Result<(), OutputError> {
        match format {
            ReportFormat::Json => output::print(&self.json()),
            ReportFormat::Table if self.entries.is_empty() => Ok(()),
            ReportFormat::Table => output::print(&self.table()),
        }
    }

    fn table(&self) -> String {
        let rows: Vec<Vec<String>> = self.entries.iter().map(|entry| self.row(entry)).collect();
        let head: Vec<&str> = HEAD
            .into_iter()
            .chain(self.is_live.then_some("LIVE"))
            .collect();
        table::fit(&head, &rows)
    }

    fn row(&self, entry: &Entry) -> Vec<String> {
        let oldest = entry.oldest().map(|oldest| age(oldest, self.now));
        let cells = [
            entry.full_name(),
            entry.location.source.to_string(),
            list(&entry.clusters),
            keys(entry),
            list(other_keys(entry)),
            oldest.unwrap_or_else(|| NOTHING.to_owned()),
            entry.items.len().to_string(),
        ];
        let live = self.is_live.then(|| live(entry));
        cells.into_iter().chain(live).collect()
    }

    /// How many there are of what, in one line.
    pub(super) fn summary(&self) -> String {
        let Tally {
            sealed_secrets,
            files,
            states,
        } = self.tally();
        if sealed_secrets == 0 {
            return "no SealedSecret".to_owned();
        }
        let kinds = [SealedKind::SealedSecret, SealedKind::ClusterSealedSecret].map(|kind| {
            let of_kind = self.entries.iter().filter(|entry| entry.kind == kind);
            (of_kind.count(), kind)
        });
        let kinds = kinds.into_iter().filter(|(number, _)| *number > 0);
        let kinds: Vec<String> = kinds
            .map(|(number, kind)| count(number, kind.as_str()))
            .collect();
        let states = states.iter().filter(|(_, count)| **count > 0);
        let states: Vec<String> = states
            .map(|(state, count)| format!("{count} {}", state.word()))
            .collect();
        format!(
            "{} in {}: {}{}",
            kinds.join(" and "),
            count(files, "file"),
            states.join(", "),
            self.live_summary().unwrap_or_default()
        )
    }

    fn live_summary(&self) -> Option<String> {
        let answers = || self.entries.iter().flat_map(answers);
        let well = answers().filter(|answer| answer.found.is_well()).count();
        let all = answers().count();
        self.is_live
            .then(|| format!("; in the clusters {well} of {all} Ready and as in the files"))
    }

    fn tally(&self) -> Tally {
        let files = self.entries.iter().map(|entry| &entry.location.source);
        let mut states: BTreeMap<State, usize> = State::ALL.map(|state| (state, 0)).into();
        for entry in self.entries {
            *states.entry(entry.standing.state).or_default() += 1;
        }
        Tally {
            sealed_secrets: self.entries.len(),
            files: files.collect::<BTreeSet<_>>().len(),
            states,
        }
    }

    fn json(&self) -> String {
        let report = JsonReport {
            sealed_secrets: self.entries.iter().map(JsonEntry::new).collect(),
            summary: self.tally(),
        };
        let json =
            serde_json::to_string_pretty(&report).expect("a report is strings and numbers only");
        json + "\n"
    }
}

/// How many there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tally {
    sealed_secrets: usize,
    files: usize,
    #[serde(flatten)]
    states: BTreeMap<State, usize>,
}

fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// The state, and whose keys are lacking if that is not all the clusters there are.
fn keys(entry: &Entry) -> String {
    let standing = &entry.standing;
    let word = standing.state.word();
    let tells_nothing = standing.lacking.is_empty()
        || matches!(entry.clusters.as_slice(), [only]
            if standing.lacking.contains(&Owner::Cluster(only.clone())));
    if tells_nothing {
        word.to_owned()
    } else {
        format!("{word} ({})", list(&standing.lacking))
    }
}

fn answers(entry: &Entry) -> &[Answer] {
    entry.live.as_ref().map_or(&[], |live| &live.answers)
}

/// What the clusters have, with their names if there are several.
fn live(entry: &Entry) -> String {
    match answers(entry) {
        [only] => only.found.words(),
        several => list(several.iter().map(|answer| {
            let Answer { cluster, found, .. } = answer;
            format!("{cluster}: {}", found.words())
        })),
    }
}

fn other_keys(entry: &Entry) -> BTreeSet<String> {
    let others = entry.standing.others.iter();
    others
        .map(|(key, owner)| match owner {
            Some(owner) => owner.to_string(),
            None => key.to_string(),
        })
        .collect()
}

fn list<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    if words.is_empty() {
        NOTHING.to_owned()
    } else {
        words.join(",")
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'a> {
    sealed_secrets: Vec<JsonEntry<'a>>,
    summary: Tally,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonEntry<'a> {
    file: &'a str,
    document: usize,
    line: usize,
    kind: SealedKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    clusters: &'a [String],
    state: State,
    /// Whose keys a value lacks.
    lacking: &'a BTreeSet<Owner>,
    /// The keys that no value would be sealed to today.
    other_keys: Vec<JsonOtherKey<'a>>,
    /// RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_sealed_at: Option<String>,
    items: Vec<JsonItem<'a>>,
    /// What each cluster that was asked has of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Vec<JsonAnswer<'a>>>,
}

#[derive(Debug, Serialize)]
struct JsonAnswer<'a> {
    cluster: &'a str,
    #[serde(flatten)]
    found: &'a InCluster,
}

#[derive(Debug, Serialize)]
struct JsonOtherKey<'a> {
    id: String,
    /// The cluster, or `recovery`, that `.waxwing.yaml` has it for.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a Owner>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonItem<'a> {
    item: &'a str,
    line: usize,
    /// RFC 3339, UTC.
    sealed_at: String,
    keys: Vec<String>,
}

impl<'a> JsonEntry<'a> {
    fn new(entry: &'a Entry) -> Self {
        let others = entry.standing.others.iter();
        Self {
            file: &entry.location.source,
            document: entry.location.document,
            line: entry.location.line,
            kind: entry.kind,
            namespace: entry.namespace.as_deref(),
            name: &entry.name,
            clusters: &entry.clusters,
            state: entry.standing.state,
            lacking: &entry.standing.lacking,
            other_keys: others
                .map(|(key, owner)| JsonOtherKey {
                    id: key.to_string(),
                    owner: owner.as_ref(),
                })
                .collect(),
            oldest_sealed_at: entry.oldest().map(format_time),
            items: entry.items.iter().map(JsonItem::new).collect(),
            live: entry.live.as_ref().map(|live| {
                let answers = live.answers.iter();
                answers
                    .map(|answer| JsonAnswer {
                        cluster: &answer.cluster,
                        found: &answer.found,
                    })
                    .collect()
            }),
        }
    }
}

impl<'a> JsonItem<'a> {
    fn new(item: &'a Item) -> Self {
        Self {
            item: &item.name,
            line: item.line,
            sealed_at: format_time(item.sealed_at),
            keys: item.keys.iter().map(KeyId::to_string).collect(),
        }
    }
}
