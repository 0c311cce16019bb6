//! `waxwing inspect`: what a SealedSecret tells without any key.

use serde_json::Value;

use crate::seal::SECRET;
use crate::workshop::{Workshop, finish};

fn sealed(workshop: &Workshop, flags: &[&str]) -> String {
    workshop
        .run_with(&[&["seal"], flags].concat(), SECRET)
        .quiet()
}

#[test]
fn programs_learn_scope_keys_time_and_sizes_of_every_item() {
    let workshop = Workshop::new();
    let (one, two) = (
        workshop.keygen("one", "x25519"),
        workshop.keygen("two", "x25519"),
    );
    workshop.write(
        "db.yaml",
        &format!(
            "kind: ConfigMap\napiVersion: v1\nmetadata: {{name: c}}\n---\n{}",
            sealed(&workshop, &["-r", &one, "-r", &two])
        ),
    );
    let told = workshop.run(&["inspect", "-o", "json", "db.yaml"]).quiet();
    let told: Value = serde_json::from_str(&told).unwrap();
    let [object] = told.as_array().unwrap().as_slice() else {
        panic!("{told}")
    };
    assert_eq!(
        (&object["file"], &object["document"], &object["line"]),
        (&"db.yaml".into(), &2.into(), &5.into())
    );
    assert_eq!(
        (&object["namespace"], &object["name"]),
        (&"prod".into(), &"db".into())
    );
    let item = &object["items"][0];
    assert_eq!(item["item"], "password");
    let scope = serde_json::json!({"kind": "strict", "namespace": "prod", "name": "db", "item": "password"});
    assert_eq!(item["scope"], scope);
    assert_eq!(item["keys"].as_array().unwrap().len(), 2);
    assert_eq!(item["keys"][0]["algorithm"], "x25519");
    assert_eq!(item["valueBytes"], "canary password".len());
    assert!(item["sealedBytes"].as_u64().unwrap() > 300);
    assert!(item["sealedAt"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn people_get_a_table() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "mlkem768x25519");
    workshop.write(
        "db.yaml",
        &sealed(&workshop, &["-r", &recipient, "--scope", "namespace"]),
    );
    let table = workshop.run(&["inspect", "db.yaml"]).quiet();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "SealedSecret prod/db (db.yaml:1)");
    let head: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(head, ["ITEM", "SCOPE", "KEYS", "TYPE", "AGE", "SIZE"]);
    assert!(
        lines[2].starts_with("password  namespace prod  "),
        "{table}"
    );
    assert!(
        lines[2].contains("  mlkem768x25519  ") && lines[2].ends_with("  15 B"),
        "{table}"
    );
    assert!(lines[3].starts_with("username  "), "{table}");
    assert_eq!(lines.len(), 4);
    let mut forced = workshop.command(&["inspect", "db.yaml"]);
    let forced = finish(forced.env("CLICOLOR_FORCE", "1"), b"").quiet();
    assert!(forced.contains("\u{1b}[1mITEM"), "{forced:?}");
}

#[test]
fn a_single_sealed_value_can_be_inspected_too() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let value = workshop
        .run_with(
            &["seal", "--raw", "--scope", "cluster", "-r", &recipient],
            "x",
        )
        .quiet();
    let told = workshop
        .run_with(&["inspect", "-o", "json"], &value)
        .quiet();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        told[0]["items"][0]["scope"],
        serde_json::json!({"kind": "cluster"})
    );
    assert!(told[0].get("document").is_none());
    let error = workshop
        .run_with(&["inspect"], &value[..value.len() / 2])
        .refused();
    assert!(error.starts_with("error: stdin: "), "{error}");
}

#[test]
fn a_broken_item_is_told_and_the_others_are_shown() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let object = sealed(&workshop, &["-r", &recipient]);
    let broken = object.replacen(
        "encryptedData:\n",
        "encryptedData:\n    broken: bm9uc2Vuc2U=\n",
        1,
    );
    assert_ne!(broken, object);
    let run = workshop.run_with(&["inspect"], broken);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("SealedSecret prod/db: item \"broken\": not a sealed value"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("\npassword  "), "{}", run.stdout);
}

#[test]
fn a_file_without_any_sealed_secret_is_refused() {
    let error = Workshop::new().run_with(&["inspect"], SECRET).refused();
    assert!(error.contains("stdin: holds no SealedSecret"), "{error}");
}
