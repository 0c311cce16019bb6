//! Alerts and dashboard of deploy/monitoring: Prometheus' own tool takes them, every alert fires where it
//! should, and every metric that they name is there.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use waxwing_tests::{document, go_tools};

use crate::documented;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring")
}

fn promtool(folder: &Path, args: &[&str]) {
    let output = Command::new(go_tools::promtool().unwrap())
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&document::read(&format!("deploy/monitoring/{name}")).unwrap()).unwrap()
}

fn rules() -> Vec<Value> {
    let groups = yaml("alerts.yaml");
    let groups = groups["groups"].as_array().unwrap().iter();
    groups
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&document::read("deploy/monitoring/dashboard.json").unwrap()).unwrap()
}

/// The expressions of all panels, with a value in place of each of Grafana's variables.
fn panel_expressions() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets
        .map(|target| target["expr"].as_str().unwrap())
        .map(|expr| {
            expr.replace("$__rate_interval", "5m")
                .replace("$namespace", ".*")
        })
        .collect()
}

/// Every word of a text that begins as the name of a metric of ours.
fn metric_names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("waxwing_"))
        .map(|word| word.trim_end_matches("_bucket").to_owned())
        .collect()
}

#[test]
fn prometheus_takes_the_alerts_and_each_fires_where_it_should() {
    promtool(
        &folder(),
        &[
            "check",
            "rules",
            "--lint=all",
            "--lint-fatal",
            "alerts.yaml",
        ],
    );
    promtool(&folder(), &["test", "rules", "alerts.test.yaml"]);
    let tests = document::read("deploy/monitoring/alerts.test.yaml").unwrap();
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap();
        let fires = format!("'ALERTS{{alertname=\"{name}\",alertstate=\"firing\"");
        assert!(tests.contains(&fires), "no test in which {name} fires");
    }
}

#[test]
fn every_alert_says_what_is_wrong_and_what_to_do() {
    for rule in rules() {
        let name = &rule["alert"];
        for annotation in ["summary", "description"] {
            assert!(
                rule["annotations"][annotation].is_string(),
                "{name}: {annotation}"
            );
        }
        let severity = rule["labels"]["severity"].as_str();
        assert!(
            ["info", "warning", "critical"]
                .map(Some)
                .contains(&severity),
            "{name}: {severity:?}"
        );
    }
}

#[test]
fn prometheus_takes_every_expression_of_the_dashboard() {
    let expressions = panel_expressions();
    assert!(expressions.len() > 20, "{} expressions", expressions.len());
    let records: Vec<Value> = expressions
        .iter()
        .enumerate()
        .map(|(number, expr)| json!({ "record": format!("panel_{number}"), "expr": expr }))
        .collect();
    let rules = json!({ "groups": [{ "name": "panels", "rules": records }] });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("panels.yaml"), rules.to_string()).unwrap();
    promtool(folder.path(), &["check", "rules", "panels.yaml"]);
}

#[test]
fn every_metric_that_is_named_is_there_and_every_metric_is_on_the_dashboard() {
    let documented: BTreeSet<String> = documented::metrics().into_keys().collect();
    let on_dashboard = metric_names(&panel_expressions().join("\n"));
    assert_eq!(on_dashboard, documented);
    let in_alerts = metric_names(&document::read("deploy/monitoring/alerts.yaml").unwrap());
    assert!(in_alerts.len() > 8, "{in_alerts:?}");
    let unknown: Vec<&String> = in_alerts.difference(&documented).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_panels_do_not_overlap_and_have_numbers_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["id"]);
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(x + w <= 24, "{}", panel["title"]);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(
                taken.insert(cell),
                "{} lies on another panel",
                panel["title"]
            );
        }
    }
}
