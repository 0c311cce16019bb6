//! `waxwing init` and `waxwing recipients sync`, as far as they need no cluster.

use std::fs;
use std::net::TcpListener;

use crate::workshop::{Workshop, finish};

#[test]
fn a_new_config_seals_every_file_for_the_cluster_and_for_recovery() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "mlkem768x25519");
    let recovery = workshop.keygen("recovery.txt", "mlkem768x25519");
    let args = [
        "init",
        "-r",
        &key,
        "--recovery-recipient",
        &recovery,
        "--cluster",
        "prod",
    ];
    let said = workshop.run(&args).quiet();
    assert!(
        said.starts_with("wrote .waxwing.yaml: cluster prod, key "),
        "{said}"
    );
    let text = workshop.read(".waxwing.yaml");
    assert!(text.starts_with("# "), "no comments in {text}");
    let value = workshop
        .run_with(&["seal", "--raw", "--scope", "cluster"], "value")
        .quiet();
    let table = workshop.run_with(&["inspect"], &value).quiet();
    assert!(table.contains("mlkem768x25519"), "{table}");
    assert_eq!(table.matches(',').count(), 1, "not two keys in {table}");
}

#[test]
fn programs_learn_which_file_was_written_and_whose_keys_are_in_it() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    let told = workshop
        .run(&["init", "-r", &key, "--cluster", "prod", "-o", "json"])
        .quiet();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["file"], &told["cluster"]),
        (&".waxwing.yaml".into(), &"prod".into())
    );
    let ids = told["keys"].as_array().unwrap();
    assert_eq!(ids.len(), 1);
    assert_eq!(ids[0].as_str().unwrap().len(), 16);
}

#[test]
fn a_config_is_never_overwritten() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    workshop.write(".waxwing.yaml", "mine");
    let error = workshop.run(&["init", "-r", &key]).refused();
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(workshop.read(".waxwing.yaml"), "mine");
}

#[test]
fn it_is_written_at_the_root_of_the_git_repository_or_where_it_is_wanted() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    for folder in [".git", "apps/shop"] {
        fs::create_dir_all(workshop.path(folder)).unwrap();
    }
    let mut command = workshop.command(&["init", "-r", &key]);
    let said = finish(command.current_dir(workshop.path("apps/shop")), b"").quiet();
    assert!(
        said.starts_with("wrote ../../.waxwing.yaml: cluster default"),
        "{said}"
    );
    workshop.run(&["init", "-r", &key, "apps"]).quiet();
    assert!(workshop.path("apps/.waxwing.yaml").exists());
    let error = workshop.run(&["init", "-r", &key, "gone"]).refused();
    assert!(
        error.contains("gone/.waxwing.yaml: cannot be written"),
        "{error}"
    );
}

#[test]
fn bad_recipients_and_names_are_refused_and_nothing_is_written() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    let pq = workshop.keygen("pq.txt", "mlkem768x25519");
    let secret = workshop.read("key.txt").lines().last().unwrap().to_owned();
    let cases = [
        (
            "mixed",
            vec!["-r", &key, "--recovery-recipient", &pq],
            "cannot be mixed",
        ),
        (
            "private",
            vec!["-r", &key, "--recovery-recipient", &secret],
            "--recovery-recipient AGE-SECRET-KEY-…",
        ),
        ("name", vec!["-r", &key, "--cluster", "a b"], "--cluster"),
        ("no cluster", vec![], "-r RECIPIENT"),
    ];
    for (case, args, told) in cases {
        let error = workshop.run(&[&["init"], &args[..]].concat()).refused();
        assert!(error.contains(told), "{case}: {error}");
        assert!(!error.contains(&secret), "{case}: {error}");
        assert!(!workshop.path(".waxwing.yaml").exists(), "{case}");
    }
}

#[test]
fn sync_tells_of_clusters_that_it_cannot_ask_and_leaves_the_file_alone() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    let config = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  away: {{context: away, recipients: [{key}]}}\n  \
         lost: {{context: lost, recipients: [{key}]}}\n  offline: {{recipients: [{key}]}}\n"
    );
    workshop.write(".waxwing.yaml", &config);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    workshop.write(
        "kube.yaml",
        &format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}]\n\
             users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: away, context: {{cluster: c, user: u}}}}]\n"
        ),
    );
    let run = workshop.run(&[
        "recipients",
        "sync",
        "--kubeconfig",
        "kube.yaml",
        "-o",
        "json",
    ]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let states: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["state"])
        .collect();
    assert_eq!(states, ["failed", "failed", "notAsked"]);
    for told in [
        ".waxwing.yaml: cluster away: no cluster reachable at http://127.0.0.1",
        ".waxwing.yaml: cluster lost: kubeconfig kube.yaml: has no context \"lost\"",
    ] {
        assert!(run.stderr.contains(told), "{told} in {}", run.stderr);
    }
    assert_eq!(workshop.read(".waxwing.yaml"), config);
}

#[test]
fn sync_without_a_config_or_with_a_wrong_cluster_says_what_to_do() {
    let workshop = Workshop::new();
    let error = workshop.run(&["recipients", "sync"]).refused();
    assert!(error.contains("waxwing init"), "{error}");
    let key = workshop.keygen("key.txt", "x25519");
    workshop
        .run(&["init", "-r", &key, "--cluster", "prod"])
        .quiet();
    let error = workshop
        .run(&["recipients", "sync", "--cluster", "prd"])
        .refused();
    assert!(error.contains("did you mean \"prod\"?"), "{error}");
    let error = workshop
        .run(&["recipients", "sync", "--cluster", "prod"])
        .refused();
    assert!(error.contains("cluster prod has no context"), "{error}");
}

#[test]
fn a_context_without_any_kubeconfig_is_never_taken_for_the_cluster_of_this_pod() {
    let workshop = Workshop::new();
    let key = workshop.keygen("key.txt", "x25519");
    let config = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters: {{prod: {{context: prod, recipients: [{key}]}}}}\n"
    );
    workshop.write(".waxwing.yaml", &config);
    let run = workshop.run(&["recipients", "sync"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("has no context \"prod\""),
        "{}",
        run.stderr
    );
}

#[test]
fn the_schema_is_the_one_that_is_published() {
    let schema = Workshop::new().run(&["schema"]).quiet();
    let published = include_str!("../../../docs/waxwing.schema.json");
    assert_eq!(schema, published);
}
