//! docs/metrics.md says what a running controller serves.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_api::Reason;
use waxwing_tests::{Stage, canary::plaintext, wait};

use crate::documented::{self, Shape};

/// The metrics in a text of the OpenMetrics format, by name; a counter with its suffix.
fn served(text: &str) -> BTreeMap<String, Shape> {
    let mut metrics = BTreeMap::new();
    for line in text.lines() {
        let Some((family, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let labels = text
            .lines()
            .filter(|sample| sample.starts_with(family) && sample.contains('{'))
            .filter(|sample| is_of(sample, family))
            .flat_map(label_names)
            .filter(|label| label != "le")
            .collect();
        let suffix = if kind == "counter" { "_total" } else { "" };
        metrics.insert(format!("{family}{suffix}"), (kind.to_owned(), labels));
    }
    metrics
}

fn is_of(sample: &str, family: &str) -> bool {
    let name = sample.split('{').next().unwrap_or_default();
    let suffix = name.strip_prefix(family);
    suffix.is_some_and(|suffix| ["", "_total", "_bucket", "_count", "_sum"].contains(&suffix))
}

fn label_names(sample: &str) -> BTreeSet<String> {
    let labels = sample
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    let labels = labels.map(|(labels, _)| labels).unwrap_or_default();
    labels
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[tokio::test]
async fn the_page_of_metrics_is_what_a_controller_serves() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("metrics").await.unwrap();
    space.unseal("db", &[("k", &plaintext("k"))]).await.unwrap();
    let misplaced = space
        .seal("elsewhere", &[("k", &plaintext("k"))])
        .await
        .unwrap();
    let mut sealed = misplaced.clone();
    sealed.metadata.name = Some("here".to_owned());
    space.apply(&sealed).await.unwrap();
    space.refused("here", Reason::ScopeMismatch).await.unwrap();

    let controller = stage.controller.as_ref().unwrap();
    let has = async |line: &str| {
        wait::until(&format!("{line} in the metrics"), async || {
            let text = controller
                .metrics()
                .await
                .map_err(|error| error.to_string())?;
            if text.lines().any(|found| found == line) {
                Ok(text)
            } else {
                Err(text)
            }
        })
        .await
        .unwrap()
    };
    let id = stage.primary().await.unwrap().key_id();
    has(&format!("waxwing_key_dependents{{key_id=\"{id}\"}} 2")).await;
    has("waxwing_sealed_secrets{state=\"ScopeMismatch\"} 1").await;
    has("waxwing_sealed_secrets{state=\"Ready\"} 1").await;
    has("waxwing_value_age_seconds_count 2").await;
    has("waxwing_api_requests_total{verb=\"patch\",resource=\"secrets\",code=\"201\"} 1").await;
    let text = has("waxwing_leader 1").await;
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(served(&text), documented::metrics());
    stage.assert_no_plaintext_leaked().await.unwrap();
}
