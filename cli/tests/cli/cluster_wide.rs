//! ClusterSealedSecrets in files: made by `seal`, `create` and `generate`, and everything else that
//! SealedSecrets have done to them.

use serde_json::{Value, json};

use crate::shelf::Shelf;
use crate::workshop::{Run, Workshop};

const FILE: &str = "registry.yaml";

/// A repository with a ClusterSealedSecret in [`FILE`], for the namespaces of a team.
fn shelf() -> Shelf {
    let shelf = Shelf::new();
    let args = [
        "create",
        "generic",
        "registry",
        "--namespace-selector",
        "team in (a,b),!old",
        "--from-literal=token=first",
        "--from-literal=user=app",
        "-o",
        FILE,
    ];
    shelf.run(&args).ok();
    shelf
}

fn object(shelf: &Shelf) -> Value {
    serde_yaml::from_str(&shelf.read(FILE)).unwrap()
}

fn json_of(run: Run) -> Value {
    serde_json::from_str(&run.ok()).unwrap()
}

/// The items of [`FILE`] in clear.
fn opened(shelf: &Shelf) -> Value {
    let args = ["unseal", "-i", "key.txt", "-f", FILE, "--format", "json"];
    json_of(shelf.run(&args))
}

/// The Secret `registry`, which names no namespace unless it is this one.
fn secret(namespace: Option<&str>, data: &Value) -> Value {
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "registry" }, "data": data,
    });
    if let Some(namespace) = namespace {
        secret["metadata"]["namespace"] = json!(namespace);
    }
    secret
}

#[test]
fn it_is_made_from_values_and_from_a_secret_for_some_namespaces_or_for_all() {
    let shelf = shelf();
    let some = json!({
        "matchExpressions": [
            { "key": "team", "operator": "In", "values": ["a", "b"] },
            { "key": "old", "operator": "DoesNotExist" },
        ],
    });
    let made = object(&shelf);
    assert_eq!(made["kind"], "ClusterSealedSecret");
    assert_eq!(made["metadata"], json!({ "name": "registry" }));
    assert_eq!(made["spec"]["namespaceSelector"], some);
    shelf.run(&["validate", FILE]).quiet();

    let args = ["generate", "password", "registry", "--all-namespaces"];
    let made: Value = serde_yaml::from_str(&shelf.run(&args).ok()).unwrap();
    assert_eq!(made["kind"], "ClusterSealedSecret");
    assert_eq!(made["spec"]["namespaceSelector"], json!({}));

    let data = json!({ "token": "Zmlyc3Q=", "user": "YXBw" });
    shelf.write("secret.json", &secret(None, &data).to_string());
    let args = [
        "seal",
        "--namespace-selector",
        "team=a",
        "--scope",
        "cluster",
        "-f",
        "secret.json",
    ];
    let made: Value = serde_json::from_str(&shelf.run(&args).ok()).unwrap();
    assert_eq!(made["kind"], "ClusterSealedSecret");
    let selector = json!({ "matchLabels": { "team": "a" } });
    assert_eq!(made["spec"]["namespaceSelector"], selector);
}

#[test]
fn it_is_inspected_and_opened_without_any_namespace() {
    let shelf = shelf();
    let table = shelf.run(&["inspect", FILE]).ok();
    assert!(
        table.starts_with("ClusterSealedSecret registry (registry.yaml:1)\n"),
        "{table}"
    );
    let report = json_of(shelf.run(&["inspect", "-o", "json", FILE]));
    assert_eq!(report[0]["kind"], "ClusterSealedSecret");
    assert_eq!(report[0]["items"][0]["scope"], json!({ "kind": "cluster" }));

    let data = json!({ "token": "Zmlyc3Q=", "user": "YXBw" });
    assert_eq!(opened(&shelf), secret(None, &data));
    let args = [
        "unseal", "-i", "key.txt", "-n", "prod", "-f", FILE, "--format", "json",
    ];
    assert_eq!(json_of(shelf.run(&args)), secret(Some("prod"), &data));
}

#[test]
fn its_items_are_edited_and_stay_of_the_scope_cluster() {
    let shelf = shelf();
    let set = shelf.run(&[
        "set",
        FILE,
        "--from-literal=extra=x",
        "--from-literal=token=second",
    ]);
    for told in [
        "registry.yaml: ClusterSealedSecret registry: item \"extra\": added, cluster\n",
        "registry.yaml: ClusterSealedSecret registry: item \"token\": replaced, cluster\n",
    ] {
        assert!(set.stderr.contains(told), "{}", set.stderr);
    }
    set.ok();
    shelf.run(&["rename", FILE, "user", "login"]).ok();
    shelf
        .run(&[
            "generate", "token", "registry", "--item", "made", "--into", FILE,
        ])
        .ok();
    let report = json_of(shelf.run(&["unset", FILE, "made", "-o", "json"]));
    assert_eq!(report["kind"], "ClusterSealedSecret");
    assert_eq!(report.get("namespace"), None);
    let data = json!({ "extra": "eA==", "login": "YXBw", "token": "c2Vjb25k" });
    assert_eq!(opened(&shelf), secret(None, &data));

    let mut edit = shelf.0.workshop.command(&["edit", "-i", "key.txt", FILE]);
    edit.env("EDITOR", "sed -i s/second/third/")
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TMPDIR", shelf.0.workshop.path("."));
    let run = crate::workshop::finish(&mut edit, b"");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let data = json!({ "extra": "eA==", "login": "YXBw", "token": "dGhpcmQ=" });
    assert_eq!(opened(&shelf), secret(None, &data));
    shelf.run(&["validate", FILE]).quiet();
}

#[test]
fn it_is_resealed_offline_and_shown_by_status_and_diff() {
    let shelf = shelf();
    shelf.write("db.yaml", &shelf.sealed("registry", "strict", &["token"]));
    let status = shelf.run(&["status"]);
    assert!(
        status
            .stdout
            .contains("\n*/registry     registry.yaml  prod"),
        "{}",
        status.stdout
    );
    assert_eq!(
        status.stderr,
        "1 SealedSecret and 1 ClusterSealedSecret in 2 files: 2 current\n"
    );
    let report = json_of(shelf.run(&["status", "-o", "json", FILE]));
    assert_eq!(report["sealedSecrets"][0]["kind"], "ClusterSealedSecret");

    let new = shelf.0.workshop.keygen("new.txt", "x25519");
    let before = shelf.read(FILE);
    shelf
        .run(&["reseal", "-i", "key.txt", "-r", &new, FILE])
        .ok();
    let changed = shelf.read(FILE).replace("- a\n", "- c\n");
    shelf.write("new.yaml", &changed);
    shelf.write("old.yaml", &before);
    let diff = shelf.run(&["diff", "old.yaml", "new.yaml"]).ok();
    let mut lines = diff.lines();
    assert_eq!(lines.next(), Some("ClusterSealedSecret registry"));
    for start in ["  token: resealed, ", "  user: resealed, "] {
        assert!(lines.next().unwrap().starts_with(start), "{diff}");
    }
    let selector = "  spec.namespaceSelector.matchExpressions: changed";
    assert_eq!(lines.next(), Some(selector));
    let diff = shelf.run(&["diff", "db.yaml", FILE]).ok();
    assert!(
        diff.contains("SealedSecret prod/registry: removed\n"),
        "{diff}"
    );
    assert!(
        diff.contains("\nClusterSealedSecret registry: added\n"),
        "{diff}"
    );
}

#[test]
fn a_selector_that_is_none_and_what_cannot_go_with_one_is_wrong_usage() {
    let workshop = Workshop::new();
    let cases: [(&[&str], &str); 6] = [
        (
            &["--namespace-selector", ""],
            "is empty, and would pick everything",
        ),
        (
            &["--namespace-selector", "team a"],
            "is not one of KEY=VALUE",
        ),
        (
            &["--namespace-selector", "team=a", "-n", "prod"],
            "cannot be used with",
        ),
        (
            &["--namespace-selector", "team=a", "--all-namespaces"],
            "cannot be used with",
        ),
        (&["--all-namespaces", "-n", "prod"], "cannot be used with"),
        (&["--all-namespaces", "--raw"], "cannot be used with"),
    ];
    for (args, told) in cases {
        let run = workshop.run(&[&["seal"], args].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(run.stderr.contains(told), "{args:?}: {}", run.stderr);
    }
    let args = [
        "generate",
        "token",
        "db",
        "--into",
        "db.yaml",
        "--all-namespaces",
    ];
    assert_eq!(workshop.run(&args).code, 2);
}

#[test]
fn a_value_that_opens_in_one_place_only_is_refused() {
    let shelf = shelf();
    let narrow = "error: --scope strict: a ClusterSealedSecret takes values of the scope cluster only, since no \
                  other one opens in more than one namespace\nhelp: leave out --scope; ";
    let create = [
        "create",
        "generic",
        "x",
        "--all-namespaces",
        "--from-literal=a=b",
        "--scope",
        "strict",
    ];
    let set = ["set", FILE, "--from-literal=a=b", "--scope", "strict"];
    for args in [&create[..], &set[..]] {
        let refused = shelf.run(args).refused();
        assert!(refused.contains(narrow), "{refused}");
    }

    shelf.write(
        "secret.json",
        &secret(Some("prod"), &json!({ "a": "eA==" })).to_string(),
    );
    let refused = shelf
        .run(&["seal", "--all-namespaces", "-f", "secret.json"])
        .refused();
    assert_eq!(
        refused,
        "error: secret.json:1: document 1: Secret prod/registry: names the namespace prod, and is to be in all \
         that are selected\nhelp: remove metadata.namespace, or seal it without a selector\n"
    );

    let strict = shelf.sealed("registry", "strict", &["token"]);
    let strict = strict.replace("kind: ", "kind: Cluster");
    let strict = strict.replace("spec:\n", "spec:\n  namespaceSelector: {}\n");
    shelf.write("strict.yaml", &strict);
    let run = shelf.run(&["validate", "strict.yaml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.starts_with(
            "strict.yaml:9: document 1: ClusterSealedSecret registry: item \"token\": sealed for one place \
             (strict prod/registry/token), but "
        ) && run.stdout.ends_with(" [wrong-scope]\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_krm_function_checks_it() {
    let shelf = shelf();
    let mut object = object(&shelf);
    let check = |object: &Value| {
        let list = json!({
            "apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [object],
            "functionConfig": {
                "apiVersion": "waxwing.dev/v1alpha1", "kind": "ValidateSealedSecrets",
                "metadata": { "name": "check" },
            },
        });
        shelf.0.workshop.run_with(&["krm"], list.to_string())
    };
    check(&object).quiet();
    object["spec"]["namespaceSelector"] = Value::Null;
    let run = check(&object);
    assert_eq!(run.code, 1);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    let reference = json!({
        "apiVersion": "waxwing.dev/v1alpha1", "kind": "ClusterSealedSecret", "name": "registry",
    });
    assert_eq!(list["results"][0]["resourceRef"], reference);
    let message = list["results"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("spec.namespaceSelector: is missing"),
        "{message}"
    );
}
