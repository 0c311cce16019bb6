//! The audit trail of a running controller.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;
use waxwing_api::Reason;
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::{
    Cluster, Controller, Stage, Waxwing,
    canary::{self, plaintext},
    document, sealing, wait,
};

/// Every line of a trail, each held against docs/audit.schema.json.
fn lines(trail: &str) -> Vec<Value> {
    let schema: Value =
        serde_json::from_str(&document::read("docs/audit.schema.json").unwrap()).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    trail
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            if let Err(error) = validator.validate(&line) {
                panic!("{error}: {line}");
            }
            line
        })
        .collect()
}

fn find<'a>(lines: &'a [Value], event: &str, name: &str) -> Vec<&'a Value> {
    let is_it = |line: &&Value| line["event"] == event && line["object"]["name"] == name;
    lines.iter().filter(is_it).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_schema_knows_every_reason() {
    let schema: Value =
        serde_json::from_str(&document::read("docs/audit.schema.json").unwrap()).unwrap();
    let reasons = Reason::ALL.map(Reason::as_str);
    let properties = &schema["properties"];
    let of_failure = &properties["failures"]["items"]["properties"]["reason"]["enum"];
    assert_eq!(of_failure, &serde_json::json!(reasons));
    let results = [&["Success"], &reasons[..]].concat();
    assert_eq!(properties["result"]["enum"], serde_json::json!(results));
}

#[tokio::test]
async fn every_unsealing_refusal_key_event_and_takeover_is_in_the_trail_and_no_plaintext() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let argument = path.display().to_string();
    let recovery = Identity::generate(Algorithm::X25519)
        .recipient()
        .to_string();
    let args = ["--audit-log", &argument, "--recovery-recipient", &recovery];
    let mut stage = Stage::own(&args).await.unwrap();
    let space = stage.space("audit").await.unwrap();
    let first = stage.primary().await.unwrap().key_id().to_string();
    let sealed = space.unseal("db", &[("k", &plaintext("k"))]).await.unwrap();

    let foreign = Identity::generate(Algorithm::MlKem768X25519);
    let items = [("a", &*plaintext("a")), ("b", &*plaintext("b"))];
    let unknown = sealing::sealed_secret(&space.namespace, "web", &items, foreign.recipient());
    space.apply(&unknown.unwrap()).await.unwrap();
    space.refused("web", Reason::UnknownKey).await.unwrap();
    let waxwing = Waxwing::of_admin(&stage.cluster);
    for command in [&["keys", "rotate"][..], &["keys", "retire", &first]] {
        let run = waxwing.run(command, "").unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let second = stage.primary().await.unwrap().key_id().to_string();
    let run = waxwing
        .run(&["keys", "revoke", "--yes", &first], "")
        .unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    space.refused("db", Reason::KeyRevoked).await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();

    let trail = read(&path);
    assert_eq!(
        canary::traces(&trail),
        [""; 0],
        "a plaintext is in the trail"
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let lines = lines(&trail);
    assert_eq!(lines.first().unwrap()["event"], "TookOver");
    assert_eq!(lines.last().unwrap()["event"], "StoodDown");
    for key in [&first, &second] {
        assert_eq!(find(&lines, "KeyCreated", key).len(), 1, "{trail}");
        assert_eq!(
            find(&lines, "KeyRevoked", key).len(),
            usize::from(*key == first),
            "{trail}"
        );
    }
    let unsealed = find(&lines, "Unsealed", "db");
    assert_eq!(unsealed.len(), 1, "{trail}");
    assert_eq!(
        unsealed[0]["object"]["uid"],
        *sealed.metadata.uid.as_ref().unwrap()
    );
    assert_eq!(unsealed[0]["object"]["generation"], 1);
    assert_eq!(unsealed[0]["keyIds"], serde_json::json!([first]));
    let refused = find(&lines, "Refused", "web");
    assert_eq!(refused.len(), 1, "{trail}");
    assert_eq!(refused[0]["result"], "UnknownKey");
    let items: BTreeSet<&str> = refused[0]["failures"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|failure| failure["item"].as_str())
        .collect();
    assert_eq!(items, ["a", "b"].into());
    let revoked = find(&lines, "Refused", "db");
    assert_eq!(revoked.len(), 1, "{trail}");
    assert_eq!(revoked[0]["result"], "KeyRevoked");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_trail_on_standard_output_is_apart_from_the_log() {
    let stage = Stage::own(&["--audit-log", "-", "--log-format", "json"])
        .await
        .unwrap();
    let space = stage.space("stdout").await.unwrap();
    space.unseal("db", &[("k", &plaintext("k"))]).await.unwrap();
    // The harness writes both outputs to one file, as Kubernetes does.
    let controller = stage.controller.as_ref().unwrap();
    wait::until("the unsealing in the trail", async || {
        let log = controller.logs().map_err(|error| error.to_string())?;
        let is_trail = |line: &&str| line.starts_with(r#"{"schema":"waxwing.dev/audit/v1""#);
        let trail: Vec<&str> = log.lines().filter(is_trail).collect();
        match find(&lines(&trail.join("\n")), "Unsealed", "db")[..] {
            [_] => Ok(()),
            _ => Err(log),
        }
    })
    .await
    .unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Nothing can be written to /dev/full, as to a disk that is full.
#[tokio::test]
async fn a_trail_that_cannot_be_written_is_told_and_holds_up_no_secret() {
    let stage = Stage::own(&["--audit-log", "/dev/full"]).await.unwrap();
    let space = stage.space("full").await.unwrap();
    for name in ["one", "two"] {
        space
            .unseal(name, &[("k", &plaintext(name))])
            .await
            .unwrap();
    }
    let controller = stage.controller.as_ref().unwrap();
    let log = controller.logs().unwrap();
    assert!(log.contains("the audit trail cannot be written"), "{log}");
    let metrics = controller.metrics().await.unwrap();
    assert!(
        !metrics.contains("waxwing_audit_write_failures_total 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_trail_that_cannot_be_opened_is_named_at_the_start() {
    let cluster = Cluster::installed().await.unwrap();
    let args = ["--audit-log", "/nonexistent/audit.jsonl"];
    let controller = Controller::launch(&cluster, &args).unwrap();
    let words = ["/nonexistent/audit.jsonl", "give another --audit-log"];
    controller.logged(&words).await.unwrap();
    assert_eq!(controller.terminate().unwrap().code(), Some(1));
}
