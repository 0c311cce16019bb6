//! `waxwing status`, as far as it goes without a cluster.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use waxwing_crypto::{Recipient, Scope, SealedValue};

use crate::workshop::{Run, Workshop, finish};

/// A repository for the clusters prod and staging, with a recovery key, and the recipients of a key
/// that is none of these.
struct Repository {
    workshop: Workshop,
    prod: String,
    staging: String,
    recovery: String,
    stranger: String,
}

impl Repository {
    fn new() -> Self {
        let workshop = Workshop::new();
        for folder in [".git", "prod", "both", "loose"] {
            fs::create_dir(workshop.path(folder)).unwrap();
        }
        let key = |name| workshop.keygen(name, "x25519");
        let [prod, staging, recovery] = ["prod.key", "staging.key", "recovery.key"].map(key);
        workshop.write(
            ".waxwing.yaml",
            &format!(
                "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
                 prod: {{recipients: [{prod}]}}\n  staging: {{recipients: [{staging}]}}\n\
                 recovery: [{recovery}]\nrules:\n  - {{path: /prod/, clusters: [prod]}}\n  \
                 - {{path: /both/, clusters: [prod, staging]}}\n"
            ),
        );
        Self {
            prod,
            staging,
            recovery,
            stranger: workshop.keygen("stranger.key", "x25519"),
            workshop,
        }
    }

    /// Writes a SealedSecret of two items, sealed to these recipients.
    fn seal(&self, file: &str, name: &str, recipients: &[&String]) {
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: shop}}\n\
             stringData: {{password: canary, user: canary}}\n"
        );
        let mut args = vec!["seal"];
        for recipient in recipients {
            args.extend(["-r", recipient]);
        }
        let sealed = self.workshop.run_with(&args, secret).ok();
        self.workshop.write(file, &sealed);
    }

    fn status(&self, args: &[&str]) -> Run {
        self.workshop.run(&[&["status"], args].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        let run = self.status(&[args, &["-o", "json"]].concat());
        serde_json::from_str(&run.stdout).unwrap()
    }
}

/// The cells of a table's rows, up to the ages, which depend on the clock.
fn rows(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .skip(1)
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .take(5)
                .collect()
        })
        .collect()
}

fn key_id(recipient: &str) -> String {
    let recipient: Recipient = recipient.parse().unwrap();
    recipient.key_id().to_string()
}

#[test]
fn every_sealed_secret_is_compared_with_what_the_config_says_of_its_file() {
    let repository = Repository::new();
    let Repository {
        prod,
        staging,
        recovery,
        stranger,
        ..
    } = &repository;
    repository.seal("prod/current.yaml", "current", &[prod, recovery]);
    repository.seal("prod/old.yaml", "old", &[stranger, recovery]);
    repository.seal("prod/wrong.yaml", "wrong", &[staging, recovery]);
    repository.seal("both/half.yaml", "half", &[prod, recovery]);
    repository.seal("both/rolled.yaml", "rolled", &[prod, stranger, recovery]);
    repository.seal("loose/by-key.yaml", "by-key", &[staging, recovery]);
    repository.seal("loose/nobody.yaml", "nobody", &[stranger]);

    let run = repository.status(&[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let other = key_id(stranger);
    let expected = [
        [
            "shop/half",
            "both/half.yaml",
            "prod,staging",
            "incomplete (staging)",
            "-",
        ],
        [
            "shop/rolled",
            "both/rolled.yaml",
            "prod,staging",
            "stale (staging)",
            &other,
        ],
        [
            "shop/by-key",
            "loose/by-key.yaml",
            "staging",
            "current",
            "-",
        ],
        ["shop/nobody", "loose/nobody.yaml", "-", "unknown", &other],
        ["shop/current", "prod/current.yaml", "prod", "current", "-"],
        ["shop/old", "prod/old.yaml", "prod", "stale", &other],
        [
            "shop/wrong",
            "prod/wrong.yaml",
            "prod",
            "incomplete",
            "staging",
        ],
    ];
    assert_eq!(rows(&run.stdout), expected);
    assert_eq!(
        run.stderr,
        "7 SealedSecrets in 7 files: 2 current, 2 incomplete, 2 stale, 1 unknown\n"
    );
}

#[test]
fn without_a_config_the_keys_are_shown_and_nothing_is_judged() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\n\
                  stringData: {a: canary}\n";
    let sealed = workshop.run_with(&["seal", "-r", &key], secret).ok();
    workshop.write("db.yaml", &sealed.replace("  namespace: shop\n", ""));
    let run = workshop.run(&["status", "-n", "shop"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let other = key_id(&key);
    assert_eq!(
        rows(&run.stdout),
        [["shop/db", "db.yaml", "-", "unknown", &other]]
    );
}

#[test]
fn the_whole_repository_is_shown_from_any_folder_in_it_and_a_path_alone_if_it_is_named() {
    let repository = Repository::new();
    repository.seal(
        "prod/a.yaml",
        "a",
        &[&repository.prod, &repository.recovery],
    );
    repository.seal("both/b.yaml", "b", &[&repository.prod]);
    let mut command = repository.workshop.command(&["status"]);
    command.current_dir(repository.workshop.path("prod"));
    let table = finish(&mut command, b"").ok();
    let files: Vec<&str> = rows(&table).iter().map(|row| row[1]).collect();
    assert_eq!(files, ["../both/b.yaml", "../prod/a.yaml"]);

    let table = repository.status(&["prod"]).ok();
    let files: Vec<&str> = rows(&table).iter().map(|row| row[1]).collect();
    assert_eq!(files, ["prod/a.yaml"]);

    let run = repository.status(&["prod.key"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, "no SealedSecret\n");
}

#[test]
fn broken_files_among_many_are_told_with_their_lines_and_the_rest_is_shown() {
    let repository = Repository::new();
    let good = [&repository.prod, &repository.recovery];
    for n in 0..100 {
        repository.seal(&format!("prod/{n:03}.yaml"), &format!("n{n}"), &good[..1]);
    }
    let half = "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {a: ";
    repository.workshop.write("prod/050.yaml", half);
    let text = repository.workshop.read("prod/060.yaml");
    let broken = text.replacen("password: YWdl", "password: YWdm", 1);
    repository.workshop.write("prod/060.yaml", &broken);
    let line = 1 + broken
        .lines()
        .position(|line| line.contains("password:"))
        .unwrap();

    let run = repository.status(&[]);
    assert_eq!(run.code, 1);
    assert_eq!(rows(&run.stdout).len(), 99);
    for told in [
        "error: prod/050.yaml:3:".to_owned(),
        format!(
            "error: prod/060.yaml:{line}: document 1: SealedSecret shop/n60: item \"password\":"
        ),
        "99 SealedSecrets in 99 files: 98 incomplete, 1 broken\n".to_owned(),
    ] {
        assert!(run.stderr.contains(&told), "{told} in {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("error:").count(), 2, "{}", run.stderr);
}

#[test]
fn a_broken_config_is_told_once_and_the_files_are_shown() {
    let repository = Repository::new();
    repository.seal("prod/a.yaml", "a", &[&repository.prod]);
    repository.seal("both/b.yaml", "b", &[&repository.prod]);
    repository.workshop.write(".waxwing.yaml", "kind: Config\n");
    let run = repository.status(&[]);
    assert_eq!(run.code, 1);
    assert_eq!(rows(&run.stdout).len(), 2);
    assert_eq!(run.stderr.matches("error:").count(), 1, "{}", run.stderr);
}

#[test]
fn values_older_than_the_policy_are_named_and_fail_the_run() {
    let repository = Repository::new();
    repository.seal("prod/a.yaml", "a", &[&repository.prod]);
    let text = repository.workshop.read("prod/a.yaml");
    let line = 1 + text
        .lines()
        .position(|line| line.contains("password:"))
        .unwrap();
    let new = text.lines().nth(line - 1).unwrap();
    let scope = Scope::Cluster;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let recipient = repository.prod.parse().unwrap();
    let old = SealedValue::seal(b"canary", &scope, &[recipient], long_ago).unwrap();
    let text = text.replace(new, &format!("    password: {}", old.to_base64()));
    repository.workshop.write("prod/a.yaml", &text);

    let run = repository.status(&["--max-age", "90d"]);
    assert_eq!(run.code, 1);
    assert_eq!(rows(&run.stdout).len(), 1);
    let told = format!(
        "error: prod/a.yaml:{line}: document 1: SealedSecret shop/a: item \"password\": was sealed "
    );
    let error = run.stderr.lines().find(|line| line.starts_with("error:"));
    let error = error.unwrap();
    assert!(
        error.starts_with(&told) && error.ends_with("ago, which is more than 90d"),
        "{error}"
    );
    assert_eq!(run.stderr.matches("error:").count(), 1, "{}", run.stderr);
    repository.status(&["--max-age", "500y"]).ok();
    let run = repository.status(&["--max-age", "soon"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn programs_get_every_item_and_the_counts() {
    let repository = Repository::new();
    let keys = [&repository.staging, &repository.stranger];
    repository.seal("prod/a.yaml", "a", &keys);
    let report = repository.json(&[]);
    let entry = &report["sealedSecrets"][0];
    let mut others = vec![
        json!({ "id": key_id(keys[0]), "owner": "staging" }),
        json!({ "id": key_id(keys[1]) }),
    ];
    others.sort_by_key(|key| key["id"].to_string());
    let expected = json!({
        "file": "prod/a.yaml", "document": 1, "line": 1,
        "kind": "SealedSecret", "namespace": "shop", "name": "a",
        "clusters": ["prod"], "state": "stale", "lacking": ["prod", "recovery"], "otherKeys": others,
        "oldestSealedAt": entry["items"][0]["sealedAt"], "items": entry["items"],
    });
    assert_eq!(*entry, expected);
    let [password, user] = entry["items"].as_array().unwrap().as_slice() else {
        panic!("{entry}")
    };
    assert_eq!(
        (&password["item"], &user["item"]),
        (&json!("password"), &json!("user"))
    );
    assert_eq!(password["keys"], json!(keys.map(|key| key_id(key))));
    assert_eq!(
        report["summary"],
        json!({
            "sealedSecrets": 1, "files": 1,
            "current": 0, "incomplete": 0, "stale": 1, "unknown": 0, "broken": 0,
        })
    );
}

#[test]
fn a_cluster_that_cannot_be_asked_is_told_and_the_files_are_shown() {
    let repository = Repository::new();
    let config = repository.workshop.read(".waxwing.yaml");
    let config = config.replace("prod: {", "prod: {context: away, ");
    repository.workshop.write(".waxwing.yaml", &config);
    let keys = [&repository.prod, &repository.staging, &repository.recovery];
    repository.seal("both/b.yaml", "b", &keys);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    repository.workshop.write(
        "kube.json",
        &json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "away", "users": [],
            "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
            "contexts": [{"name": "away", "context": {"cluster": "c", "user": ""}}],
        })
        .to_string(),
    );
    let run = repository.status(&["--live", "--kubeconfig", "kube.json"]);
    assert_eq!(run.code, 1);
    let row = run.stdout.lines().nth(1).unwrap();
    assert!(
        row.starts_with("shop/b ") && row.ends_with("prod: no answer,staging: no context"),
        "{row}"
    );
    let told = format!("error: no cluster reachable at http://127.0.0.1:{port}");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
    let run = repository.status(&["--context", "gone", "--kubeconfig", "kube.json"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("has no context \"gone\""),
        "{}",
        run.stderr
    );
}
