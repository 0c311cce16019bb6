//! The findings of `waxwing validate` for programs: JSON, SARIF and the annotations of GitHub Actions.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::seal::SECRET;
use crate::workshop::Workshop;

/// A repository with an error, and a warning in a file that URIs cannot name as it is.
fn repository() -> Workshop {
    let workshop = Workshop::new();
    let prod = workshop.keygen("prod.key", "x25519");
    let other = workshop.keygen("other.key", "x25519");
    workshop.write(".gitignore", "*.key\n");
    workshop
        .run(&["init", "--cluster", "prod", "-r", &prod])
        .ok();
    workshop.write("a.yaml", SECRET);
    let sealed = workshop.run_with(&["seal", "-r", &other], SECRET).quiet();
    workshop.write("b c%.yaml", &sealed);
    workshop
}

fn told(workshop: &Workshop, format: &str) -> String {
    let run = workshop.run(&["validate", "-o", format, "."]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    run.stdout
}

/// The rules of docs/cli.md with their severities.
fn documented_rules() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| rule | severity | meaning |\n").unwrap();
    let rows = table.split("\n\n").next().unwrap().lines().skip(1);
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| (cells[1].trim_matches('`').to_owned(), cells[2].to_owned()))
        .collect()
}

#[test]
fn sarif_is_as_its_specification_wants_it_and_has_the_rules_of_the_document() {
    let log: Value = serde_json::from_str(&told(&repository(), "sarif")).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(driver["name"], "waxwing");
    let rules: Vec<(String, String)> = driver["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            let summary = rule["shortDescription"]["text"].as_str().unwrap();
            assert!(summary.ends_with('.'), "{summary}");
            let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
            (rule["id"].as_str().unwrap().to_owned(), level.to_owned())
        })
        .collect();
    assert_eq!(rules, documented_rules());

    let results = log["runs"][0]["results"].as_array().unwrap();
    let places: Vec<(&str, &str, u64)> = results
        .iter()
        .map(|result| {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            let (id, level) = &rules[index];
            assert_eq!(
                (&result["ruleId"], &result["level"]),
                (&id.as_str().into(), &level.as_str().into())
            );
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let line = place["region"]["startLine"].as_u64().unwrap();
            (id.as_str(), uri, line)
        })
        .collect();
    let line = places[1].2;
    assert_eq!(
        places,
        [
            ("plaintext-secret", "a.yaml", 1),
            ("unknown-key", "b%20c%25.yaml", line)
        ]
    );
    assert!(line > 1);
}

#[test]
fn github_shows_findings_beside_their_lines() {
    let told = told(&repository(), "github");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines[0],
        "::error file=a.yaml,line=1,title=waxwing plaintext-secret::Secret prod/db: has values in clear: username, password"
    );
    assert!(
        lines[1].starts_with("::warning file=b c%25.yaml,line="),
        "{told}"
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn programs_get_findings_and_counts_and_a_warning_alone_is_no_failure() {
    let workshop = repository();
    let report: Value = serde_json::from_str(&told(&workshop, "json")).unwrap();
    assert_eq!(
        report["findings"][0],
        serde_json::json!({
            "rule": "plaintext-secret", "severity": "error", "file": "a.yaml", "line": 1, "document": 1,
            "message": "Secret prod/db: has values in clear: username, password",
        })
    );
    assert_eq!(
        report["summary"],
        serde_json::json!({
            "files": 4, "errors": 1, "warnings": 1, "allowed": 0, "templates": 0, "tooLarge": [],
        })
    );
    let run = workshop.run(&["validate", "b c%.yaml"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains(": warning: document 1: SealedSecret prod/db: items \"password\", \"username\": sealed to "), "{}", run.stdout);
}

#[test]
fn a_file_that_no_rule_matches_and_one_for_another_cluster_are_errors() {
    let workshop = Workshop::new();
    let prod = workshop.keygen("prod.key", "x25519");
    let staging = workshop.keygen("staging.key", "x25519");
    let config = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  prod: {{recipients: [{prod}]}}\n  \
         staging: {{recipients: [{staging}]}}\nrules: [{{path: prod.yaml, clusters: [prod]}}]\n"
    );
    workshop.write(".waxwing.yaml", &config);
    let sealed = workshop.run_with(&["seal", "-r", &staging], SECRET).quiet();
    workshop.write("prod.yaml", &sealed);
    workshop.write("stray.yaml", &sealed);
    let run = workshop.run(&["validate", "prod.yaml", "stray.yaml"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines[0].ends_with(
            "sealed to no key of prod, which .waxwing.yaml says the file is for [wrong-cluster]"
        ) && lines[1].ends_with("no rule of .waxwing.yaml matches this file; add one [no-rule]"),
        "{}",
        run.stdout
    );
    assert_eq!((run.code, lines.len()), (1, 2));
    workshop.write(".waxwing.yaml", "kind: Config\n");
    let run = workshop.run(&["validate", "prod.yaml", "stray.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(
        run.stderr.matches("error: .waxwing.yaml:1").count(),
        1,
        "{}",
        run.stderr
    );
}
