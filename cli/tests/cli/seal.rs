//! `waxwing seal`: Secrets in, SealedSecrets out, everything else as it was.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::workshop::{Workshop, mode};

pub(crate) const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: prod
  labels:
    app: shop
  annotations:
    note: kept
    kubectl.kubernetes.io/last-applied-configuration: '{\"canary\": \"from kubectl\"}'
type: kubernetes.io/basic-auth
immutable: true
data:
  username: Y2FuYXJ5LXVzZXI=
  password: b3ZlcnJpZGRlbg==
stringData:
  password: canary password
";

const OTHERS: &str = "\
# A comment before everything.
apiVersion: v1
kind: ConfigMap   # not aligned
metadata: {name:   settings}
data:
    note: |
      kept   as it is
";

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn a_secret_becomes_a_sealed_secret_with_everything_that_is_no_secret() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "mlkem768x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    assert!(!sealed.contains("canary"), "{sealed}");
    let object = yaml(&sealed);
    assert_eq!(object["apiVersion"], "waxwing.dev/v1alpha1");
    assert_eq!(object["kind"], "SealedSecret");
    assert_eq!(object["metadata"]["name"], "db");
    assert_eq!(object["metadata"]["namespace"], "prod");
    let template = &object["spec"]["template"];
    assert_eq!(template["type"], "kubernetes.io/basic-auth");
    assert_eq!(template["immutable"], true);
    assert_eq!(template["metadata"]["labels"]["app"], "shop");
    assert_eq!(
        template["metadata"]["annotations"],
        serde_json::json!({"note": "kept"})
    );
    let items: Vec<&String> = object["spec"]["encryptedData"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(items, ["password", "username"]);
}

#[test]
fn other_documents_pass_through_byte_for_byte() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let stream = format!("{OTHERS}---\n{SECRET}---\n{OTHERS}");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], stream)
        .quiet();
    let documents: Vec<&str> = sealed.split("---\n").collect();
    assert_eq!(documents.len(), 3, "{sealed}");
    assert_eq!((documents[0], documents[2]), (OTHERS, OTHERS));
    assert_eq!(yaml(documents[1])["kind"], "SealedSecret");
}

#[test]
fn the_secrets_in_a_list_are_sealed_in_their_places() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [yaml(OTHERS), yaml(SECRET)]});
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], list.to_string())
        .quiet();
    let sealed: Value = serde_json::from_str(&sealed).unwrap();
    assert_eq!(sealed["kind"], "List");
    assert_eq!(sealed["items"][0], yaml(OTHERS));
    assert_eq!(sealed["items"][1]["kind"], "SealedSecret");
}

#[test]
fn the_output_has_the_format_of_the_input_unless_another_is_asked_for() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let json = yaml(SECRET).to_string();
    for (input, flags, is_json) in [
        (SECRET, &[][..], false),
        (&json, &[], true),
        (SECRET, &["--format", "json"], true),
        (&json, &["--format", "yaml"], false),
    ] {
        let args = [&["seal", "-r", &recipient], flags].concat();
        let sealed = workshop.run_with(&args, input).quiet();
        assert_eq!(
            serde_json::from_str::<Value>(&sealed).is_ok(),
            is_json,
            "{flags:?}: {sealed}"
        );
        assert_eq!(yaml(&sealed)["kind"], "SealedSecret");
    }
}

#[test]
fn the_scope_is_strict_unless_a_wider_one_is_asked_for() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    for (flags, expected) in [
        (&[][..], "strict"),
        (&["--scope", "strict"], "strict"),
        (&["--scope", "namespace"], "namespace"),
        (&["--scope", "cluster"], "cluster"),
    ] {
        let args = [&["seal", "-r", &recipient], flags].concat();
        let sealed = workshop.run_with(&args, SECRET).quiet();
        let told = workshop
            .run_with(&["inspect", "-o", "json"], sealed)
            .quiet();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told[0]["items"][0]["scope"]["kind"], expected, "{flags:?}");
    }
}

#[test]
fn a_value_is_sealed_to_every_recipient_once_however_often_it_is_given() {
    let workshop = Workshop::new();
    let (one, two) = (
        workshop.keygen("one", "x25519"),
        workshop.keygen("two", "x25519"),
    );
    workshop.write("team.txt", &format!("# the team\n{one}\n\n{two}\n"));
    let sealed = workshop
        .run_with(&["seal", "-r", &one, "-r", &one, "-R", "team.txt"], SECRET)
        .quiet();
    let told = workshop
        .run_with(&["inspect", "-o", "json"], &sealed)
        .quiet();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told[0]["items"][0]["keys"].as_array().unwrap().len(), 2);
    for key in ["one", "two"] {
        workshop.run_with(&["unseal", "-i", key], &sealed).quiet();
    }
}

#[test]
fn a_file_is_written_whole_keeps_its_mode_and_may_be_the_input_itself() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.write("db.yaml", SECRET);
    fs::set_permissions(workshop.path("db.yaml"), Permissions::from_mode(0o640)).unwrap();
    let printed = workshop
        .run(&["seal", "-r", &recipient, "-f", "db.yaml", "-o", "db.yaml"])
        .quiet();
    assert_eq!(printed, "");
    assert_eq!(yaml(&workshop.read("db.yaml"))["kind"], "SealedSecret");
    assert_eq!(mode(&workshop.path("db.yaml")), 0o640);
    assert_eq!(workshop.files(), ["db.yaml", "key.txt"]);
}

#[test]
fn one_bad_secret_among_good_ones_leaves_the_output_alone_and_every_problem_is_told() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.write("out.yaml", "as it was");
    let bad = "apiVersion: v1\nkind: Secret\nmetadata: {name: bad, namespace: prod}\ndata:\n  good: Z29vZA==\n  one: '%%%'\n";
    let empty = "apiVersion: v1\nkind: Secret\nmetadata: {name: empty, namespace: prod}\n";
    workshop.write("in.yaml", &format!("{SECRET}---\n{bad}---\n{empty}"));
    let error = workshop
        .run(&["seal", "-r", &recipient, "-f", "in.yaml", "-o", "out.yaml"])
        .refused();
    assert!(
        error.contains("document 2: Secret prod/bad: item \"one\": is not valid base64"),
        "{error}"
    );
    assert!(
        error.contains("document 3: Secret prod/empty: has no items"),
        "{error}"
    );
    assert!(!error.contains("%%%"), "{error}");
    assert_eq!(workshop.read("out.yaml"), "as it was");
    assert_eq!(workshop.files(), ["in.yaml", "key.txt", "out.yaml"]);
}

#[test]
fn a_pipeline_lets_through_what_there_is_nothing_to_seal_in() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    let token = "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\ntype: \
                 kubernetes.io/service-account-token\n";
    let rest = format!("{OTHERS}---\n{token}---\n{sealed}");
    let pass_through = ["seal", "--pass-through", "-r", &recipient];
    assert_eq!(workshop.run_with(&pass_through, &rest).quiet(), rest);
    assert_eq!(workshop.run_with(&pass_through, "").quiet(), "");
    let written = workshop
        .run_with(&pass_through, format!("{rest}---\n{SECRET}"))
        .quiet();
    assert_eq!(written.matches("kind: SealedSecret").count(), 2);
    assert!(written.starts_with(&rest), "{written}");

    // Nobody is asked for a key where there is nothing to seal.
    workshop
        .run_with(&["seal", "--pass-through"], OTHERS)
        .quiet();
    let error = workshop
        .run_with(&pass_through, SECRET.replace("b3Zlc", "b3Zl?"))
        .refused();
    assert!(error.contains("not valid base64"), "{error}");
}
