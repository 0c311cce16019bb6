//! `waxwing krm`: ResourceLists in, ResourceLists out. `tests/tests/places` runs it by kustomize.

use serde_json::{Value, json};

use crate::workshop::{Run, Workshop};

const KUSTOMIZE_ID: &str = "kustomize.config.k8s.io/id";

fn secret() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "db",
            "namespace": "prod",
            "annotations": {
                "note": "for the Secret",
                "internal.config.kubernetes.io/path": "db.yaml",
                "internal.config.kubernetes.io/needsHashSuffix": "enabled",
                KUSTOMIZE_ID: "kind: Secret\n",
            },
        },
        "data": { "password": "Y2FuYXJ5" },
    })
}

fn config_map() -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": "1" } })
}

fn function(kind: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "waxwing.dev/v1alpha1",
        "kind": kind,
        "metadata": { "name": "waxwing", "annotations": { "config.kubernetes.io/local-config": "true" } },
        "spec": spec,
    })
}

fn resource_list(items: &[Value], function: Option<&Value>) -> String {
    let mut list = json!({
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": items,
    });
    if let Some(function) = function {
        list["functionConfig"] = function.clone();
    }
    serde_yaml::to_string(&list).unwrap()
}

fn run(workshop: &Workshop, items: &[Value], kind: &str, spec: &Value) -> Run {
    let list = resource_list(items, Some(&function(kind, spec)));
    workshop.run_with(&["krm"], list)
}

fn items(text: &str) -> Vec<Value> {
    let list: Value = serde_yaml::from_str(text).unwrap();
    assert_eq!(list["kind"], "ResourceList", "{text}");
    list["items"].as_array().unwrap().clone()
}

/// The only item that `waxwing krm` makes of `secret()`.
fn sealed(workshop: &Workshop, recipient: &str) -> Value {
    let run = run(
        workshop,
        &[secret()],
        "SealSecrets",
        &json!({ "recipients": [recipient] }),
    );
    items(&run.quiet()).remove(0)
}

/// What a refused list says: its results, which come without any item, and the errors.
fn refused(run: &Run) -> (Vec<Value>, &str) {
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(!run.stdout.contains("Y2FuYXJ5"), "{}", run.stdout);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list["kind"], "ResourceList");
    assert_eq!(list["items"], json!([]));
    (list["results"].as_array().unwrap().clone(), &run.stderr)
}

#[test]
fn secrets_are_sealed_in_their_place_and_everything_else_stays() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let spec = json!({ "recipients": [recipient] });
    let function = function("SealSecrets", &spec);
    let list = resource_list(&[config_map(), secret()], Some(&function));
    let written = workshop.run_with(&["krm"], list).quiet();
    let list: Value = serde_yaml::from_str(&written).unwrap();
    assert_eq!(list["functionConfig"], function);
    assert_eq!(list["items"][0], config_map());
    let sealed = &list["items"][1];
    assert_eq!(sealed["kind"], "SealedSecret");
    let (of_object, of_secret) = (
        &sealed["metadata"]["annotations"],
        &sealed["spec"]["template"]["metadata"]["annotations"],
    );
    let path =
        json!({ "internal.config.kubernetes.io/path": "db.yaml", KUSTOMIZE_ID: "kind: Secret\n" });
    assert_eq!(
        *of_object, path,
        "the hash suffix would rename what is bound to its name"
    );
    assert_eq!(*of_secret, json!({ "note": "for the Secret" }));

    workshop.write("sealed.json", &sealed.to_string());
    let opened = workshop
        .run(&["unseal", "-i", "key.txt", "-f", "sealed.json"])
        .quiet();
    assert!(opened.contains("Y2FuYXJ5"), "{opened}");
}

#[test]
fn whom_to_seal_to_may_stand_in_the_config_of_the_repository() {
    let workshop = Workshop::new();
    let [prod, staging] = ["prod", "staging"].map(|name| workshop.keygen(name, "x25519"));
    workshop.write(
        ".waxwing.yaml",
        &format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  prod: {{recipients: [{prod}]}}\n  \
             staging: {{recipients: [{staging}]}}\nrules: [{{path: '*', clusters: [staging], scope: cluster}}]\n"
        ),
    );
    for (spec, scope, opens) in [
        (json!({ "clusters": ["prod"] }), "cluster", "prod"),
        (json!({}), "cluster", "staging"),
        (json!({ "scope": "namespace" }), "namespace", "staging"),
        (json!({ "recipients": [prod] }), "strict", "prod"),
    ] {
        let written = run(&workshop, &[secret()], "SealSecrets", &spec).quiet();
        workshop.write("sealed.json", &items(&written)[0].to_string());
        let report = workshop.run(&["inspect", "sealed.json"]).quiet();
        assert!(report.contains(&format!("  {scope}")), "{spec}: {report}");
        workshop
            .run(&["unseal", "-i", opens, "-f", "sealed.json"])
            .quiet();
    }
}

#[test]
fn a_namespace_that_is_not_known_yet_is_asked_for() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let mut secret = secret();
    secret["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    let spec = json!({ "recipients": [recipient] });
    let run_ = run(
        &workshop,
        std::slice::from_ref(&secret),
        "SealSecrets",
        &spec,
    );
    let (results, errors) = refused(&run_);
    assert_eq!(
        results,
        [json!({
            "message": "Secret db: has no namespace, which its values are bound to",
            "severity": "error",
            "resourceRef": { "apiVersion": "v1", "kind": "Secret", "name": "db" },
            "file": { "path": "db.yaml" },
        })]
    );
    assert!(
        errors.starts_with("error: db.yaml: Secret db: has no namespace"),
        "{errors}"
    );
    assert!(errors.contains("help: give the kustomization"), "{errors}");

    let spec = json!({ "recipients": [recipient], "namespace": "dev" });
    let written = run(&workshop, &[secret], "SealSecrets", &spec).quiet();
    assert_eq!(items(&written)[0]["metadata"]["namespace"], "dev");
}

#[test]
fn a_secret_that_kubernetes_fills_in_stays_as_it_is() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let token = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "t", "namespace": "prod" },
        "type": "kubernetes.io/service-account-token",
    });
    for (kind, spec) in [
        ("SealSecrets", json!({ "recipients": [recipient] })),
        ("ValidateSealedSecrets", json!({})),
    ] {
        let written = run(&workshop, std::slice::from_ref(&token), kind, &spec).quiet();
        assert_eq!(items(&written), std::slice::from_ref(&token), "{kind}");
    }
}

#[test]
fn every_finding_becomes_a_result() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let good = sealed(&workshop, &recipient);
    let mut renamed = good.clone();
    renamed["metadata"]["name"] = json!("late-db");

    let written = run(
        &workshop,
        std::slice::from_ref(&good),
        "ValidateSealedSecrets",
        &json!({}),
    )
    .quiet();
    assert_eq!(items(&written), std::slice::from_ref(&good));

    let all = [good, renamed.clone(), secret()];
    let run_ = run(&workshop, &all, "ValidateSealedSecrets", &json!({}));
    let (results, errors) = refused(&run_);
    let about: Vec<_> = results
        .iter()
        .map(|result| {
            (
                &result["resourceRef"]["kind"],
                &result["resourceRef"]["name"],
            )
        })
        .collect();
    assert_eq!(
        about,
        [
            (&json!("SealedSecret"), &json!("late-db")),
            (&json!("Secret"), &json!("db"))
        ]
    );
    assert_eq!(errors.matches("error: ").count(), 2, "{errors}");
    assert!(errors.contains("strict prod/db/password"), "{errors}");

    let spec = json!({ "recipients": [recipient] });
    let run_ = run(&workshop, &[renamed], "SealSecrets", &spec);
    assert_eq!(refused(&run_).0.len(), 1);
}

#[test]
fn a_config_that_does_not_say_what_to_do_is_refused_as_a_result_too() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let seal = |spec: &Value| Some(function("SealSecrets", spec));
    let cases = [
        (None, "has no functionConfig"),
        (
            Some(function("Seal", &json!({}))),
            "is not SealSecrets or ValidateSealedSecrets",
        ),
        (
            seal(&json!({ "recipient": recipient })),
            "unknown field \"recipient\"",
        ),
        (
            seal(&json!({ "recipients": ["age1nonsense"] })),
            "spec.recipients age1nonsense",
        ),
        (
            seal(&json!({ "scope": "galaxy" })),
            "is not strict or namespace or cluster",
        ),
        (seal(&json!({})), "names neither recipients nor clusters"),
        (
            seal(&json!({ "clusters": ["prod"] })),
            "there is no .waxwing.yaml in",
        ),
        (
            seal(&json!({ "recipients": [recipient], "clusters": ["prod"] })),
            "names recipients and clusters",
        ),
        (
            Some(function(
                "ValidateSealedSecrets",
                &json!({ "scope": "strict" }),
            )),
            "seals nothing",
        ),
    ];
    for (function, told) in cases {
        let list = resource_list(&[secret()], function.as_ref());
        let run = workshop.run_with(&["krm"], list);
        let (results, errors) = refused(&run);
        assert!(errors.contains(told), "{told} in {errors}");
        assert!(
            results[0]["message"].as_str().unwrap().contains(told),
            "{results:?}"
        );
    }
}

#[test]
fn a_manifest_is_for_another_command() {
    let workshop = Workshop::new();
    for input in [secret().to_string(), String::new(), "- a\n".to_owned()] {
        let error = workshop.run_with(&["krm"], input).refused();
        assert!(error.contains("is no ResourceList"), "{error}");
        assert!(error.contains("waxwing seal"), "{error}");
    }
}
