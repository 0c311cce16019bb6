//! `waxwing unseal`: offline recovery.

use serde_json::Value;

use crate::seal::SECRET;
use crate::workshop::{Workshop, mode};

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn a_secret_comes_back_whole_with_every_kind_of_key() {
    let workshop = Workshop::new();
    for algorithm in ["mlkem768x25519", "x25519"] {
        let recipient = workshop.keygen(algorithm, algorithm);
        let sealed = workshop
            .run_with(&["seal", "-r", &recipient], SECRET)
            .quiet();
        let secret = yaml(
            &workshop
                .run_with(&["unseal", "-i", algorithm], sealed)
                .quiet(),
        );
        assert_eq!(secret["kind"], "Secret");
        assert_eq!(secret["apiVersion"], "v1");
        assert_eq!(secret["type"], "kubernetes.io/basic-auth");
        assert_eq!(secret["immutable"], true);
        assert_eq!(secret["metadata"]["name"], "db");
        assert_eq!(secret["metadata"]["namespace"], "prod");
        assert_eq!(secret["metadata"]["labels"]["app"], "shop");
        assert_eq!(
            secret["metadata"]["annotations"],
            serde_json::json!({"note": "kept"})
        );
        assert_eq!(
            secret["data"],
            serde_json::json!({"username": "Y2FuYXJ5LXVzZXI=", "password": "Y2FuYXJ5IHBhc3N3b3Jk"})
        );
    }
}

#[test]
fn the_file_is_for_its_owner_alone() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.write("secret.yaml", SECRET);
    workshop
        .run(&[
            "seal",
            "-r",
            &recipient,
            "-f",
            "secret.yaml",
            "-o",
            "sealed.yaml",
        ])
        .quiet();
    workshop
        .run(&[
            "unseal",
            "-i",
            "key.txt",
            "-f",
            "sealed.yaml",
            "-o",
            "again.yaml",
        ])
        .quiet();
    assert_eq!(mode(&workshop.path("again.yaml")), 0o600);
}

#[test]
fn each_identity_file_opens_its_share_and_one_may_be_standard_input() {
    let workshop = Workshop::new();
    let (one, two) = (
        workshop.keygen("one", "x25519"),
        workshop.keygen("two", "mlkem768x25519"),
    );
    let first = workshop.run_with(&["seal", "-r", &one], SECRET).quiet();
    let second = workshop.run_with(&["seal", "-r", &two], SECRET).quiet();
    workshop.write("both.yaml", &format!("{first}---\n{second}"));
    let secrets = workshop
        .run_with(
            &["unseal", "-i", "one", "-i", "-", "-f", "both.yaml"],
            workshop.read("two"),
        )
        .quiet();
    assert_eq!(secrets.matches("kind: Secret\n").count(), 2);
}

#[test]
fn every_item_that_cannot_be_opened_is_told_with_its_reason_and_nothing_is_written() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.keygen("other.txt", "x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    let error = workshop
        .run_with(&["unseal", "-i", "other.txt"], &sealed)
        .refused();
    for item in ["password", "username"] {
        assert!(
            error.contains(&format!(
                "SealedSecret prod/db: item \"{item}\": sealed to no key at hand"
            )),
            "{error}"
        );
    }
    let moved = sealed.replacen("namespace: prod", "namespace: dev", 1);
    let error = workshop
        .run_with(&["unseal", "-i", "key.txt", "-o", "out.yaml"], moved)
        .refused();
    assert!(error.contains("strict prod/db/password"), "{error}");
    assert_eq!(workshop.files(), ["key.txt", "other.txt"]);
}

#[test]
fn a_tampered_value_is_refused() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    // The end of a value is its payload: swap its last four letters for others.
    let line = sealed
        .lines()
        .find(|line| line.trim_start().starts_with("username: "))
        .unwrap();
    let value = line
        .trim_start()
        .trim_start_matches("username: ")
        .trim_end_matches('=');
    let end = &value[value.len() - 8..value.len() - 4];
    let other = if end == "AAAA" { "BBBB" } else { "AAAA" };
    let error = workshop
        .run_with(&["unseal", "-i", "key.txt"], sealed.replacen(end, other, 1))
        .refused();
    assert!(
        error.contains("item \"username\": its payload was changed after sealing"),
        "{error}"
    );
}

#[test]
fn other_documents_pass_through_and_the_format_can_be_chosen() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let config = "kind: ConfigMap   # kept\napiVersion: v1\nmetadata: {name: c}\n";
    let sealed = workshop
        .run_with(
            &["seal", "-r", &recipient],
            format!("{config}---\n{SECRET}"),
        )
        .quiet();
    let opened = workshop
        .run_with(&["unseal", "-i", "key.txt"], &sealed)
        .quiet();
    assert!(opened.starts_with(config), "{opened}");
    let alone = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    let json = workshop
        .run_with(&["unseal", "-i", "key.txt", "--format", "json"], alone)
        .quiet();
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["kind"],
        "Secret"
    );
}

#[test]
fn items_made_by_a_template_are_left_out_and_the_user_is_told() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient, "--format", "json"], SECRET)
        .quiet();
    let mut sealed: Value = serde_json::from_str(&sealed).unwrap();
    sealed["spec"]["template"]["data"] = serde_json::json!({"url": "db://{{ username }}"});
    let run = workshop.run_with(&["unseal", "-i", "key.txt"], sealed.to_string());
    assert!(
        run.stderr.contains("warning: ") && run.stderr.contains("url"),
        "{}",
        run.stderr
    );
    let secret = yaml(&run.ok());
    assert_eq!(secret["data"].as_object().unwrap().len(), 2);
}
