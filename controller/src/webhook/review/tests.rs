#![allow(clippy::unwrap_used)]

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use waxwing_crypto::{Algorithm, Identity, Place, ScopeKind, SealedValue};

use super::*;
use crate::keys::test_keys;

const PLAINTEXT: &str = "hunter2";

fn seal(key: &Identity, scope: ScopeKind) -> String {
    let place = Place {
        namespace: "prod",
        name: "db",
        item: "password",
    };
    let recipients = [key.recipient().clone()];
    SealedValue::seal(
        PLAINTEXT.as_bytes(),
        &scope.at(&place),
        &recipients,
        UNIX_EPOCH,
    )
    .unwrap()
    .to_base64()
}

fn object(value: &str) -> Value {
    json!({
        "apiVersion": "waxwing.dev/v1alpha1", "kind": "SealedSecret",
        "metadata": { "namespace": "prod", "name": "db", "labels": { "team": "a" } },
        "spec": { "encryptedData": { "password": value } },
    })
}

fn cluster_wide(value: &str, selector: &Value) -> Value {
    json!({
        "apiVersion": "waxwing.dev/v1alpha1", "kind": "ClusterSealedSecret",
        "metadata": { "name": "db" },
        "spec": { "encryptedData": { "password": value }, "namespaceSelector": selector },
    })
}

/// As the API server asks; with `old`, about a change.
fn request(resource: &str, object: &Value, old: Option<&Value>) -> Value {
    json!({
        "uid": "7", "kind": { "group": "", "version": "", "kind": "" },
        "resource": { "group": "waxwing.dev", "version": "v1alpha1", "resource": resource },
        "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
        "name": "db", "namespace": "prod", "userInfo": {}, "object": object, "oldObject": old,
    })
}

/// Of an object.
type Change = fn(&mut Value);

async fn judge(request: Value, scope: &Scope, keys: &Keys) -> Verdict {
    let request = serde_json::from_value(request).unwrap();
    match subject(&request, scope).unwrap() {
        Some(subject) => subject.verdict(keys).await,
        None => Verdict::Allowed,
    }
}

async fn is_denied(request: Value, scope: &Scope, keys: &Keys) -> bool {
    matches!(judge(request, scope, keys).await, Verdict::Denied { .. })
}

#[tokio::test]
async fn what_cannot_be_unsealed_is_denied_with_reason_and_message_of_the_condition() {
    let [ours, foreign, revoked] = [0; 3].map(|_| Identity::generate(Algorithm::X25519));
    let keys = test_keys(&[&ours], &[&revoked]);
    let good = seal(&ours, ScopeKind::Strict);
    let mut elsewhere = object(&good);
    elsewhere["metadata"]["name"] = json!("elsewhere");
    let mut broken_before = object("AAAA");
    broken_before["spec"]["deletionPolicy"] = json!("Retain");
    let cases = [
        ("good", object(&good), None),
        ("elsewhere", elsewhere, Some(Reason::ScopeMismatch)),
        (
            "foreign",
            object(&seal(&foreign, ScopeKind::Strict)),
            Some(Reason::UnknownKey),
        ),
        (
            "revoked",
            object(&seal(&revoked, ScopeKind::Strict)),
            Some(Reason::KeyRevoked),
        ),
        ("nonsense", object("AAAA"), Some(Reason::Malformed)),
    ];
    for (name, object, expected) in cases {
        for old in [None, Some(&broken_before)] {
            let asked = request("sealedsecrets", &object, old);
            let verdict = judge(asked, &Scope::default(), &keys).await;
            let Some(expected) = expected else {
                assert_eq!(verdict, Verdict::Allowed, "{name}");
                continue;
            };
            let sealed: SealedSecret = serde_json::from_value(object.clone()).unwrap();
            let failures = unseal(&sealed, &keys).await.result.err().unwrap();
            let message = status::list(&failures);
            assert!(
                !message.contains(PLAINTEXT) && !message.is_empty(),
                "{name}"
            );
            let reason = expected;
            assert_eq!(verdict, Verdict::Denied { reason, message }, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_sealed_for_the_whole_cluster_is_held_against_its_selector_too() {
    let ours = Identity::generate(Algorithm::X25519);
    let keys = test_keys(&[&ours], &[]);
    let (wide, narrow) = (
        seal(&ours, ScopeKind::Cluster),
        seal(&ours, ScopeKind::Strict),
    );
    let malformed = json!({ "matchExpressions": [{ "key": "a", "operator": "Like" }] });
    for (name, object, expected) in [
        ("good", cluster_wide(&wide, &json!({})), None),
        (
            "narrow",
            cluster_wide(&narrow, &json!({})),
            Some(Reason::ScopeMismatch),
        ),
        (
            "selector",
            cluster_wide(&wide, &malformed),
            Some(Reason::InvalidSelector),
        ),
    ] {
        let asked = request("clustersealedsecrets", &object, None);
        let reason = match judge(asked, &Scope::default(), &keys).await {
            Verdict::Denied { reason, .. } => Some(reason),
            _ => None,
        };
        assert_eq!(reason, expected, "{name}");
    }
}

#[tokio::test]
async fn a_broken_object_may_be_changed_in_all_but_its_spec_and_go() {
    let keys = test_keys(&[], &[]);
    let old = object("AAAA");
    let with = |change: Change| {
        let mut object = old.clone();
        change(&mut object);
        request("sealedsecrets", &object, Some(&old))
    };
    let everything = Scope::default();
    let spec: Change = |object| object["spec"]["deletionPolicy"] = json!("Retain");
    assert!(
        is_denied(with(spec), &everything, &keys).await,
        "a change of the spec"
    );
    let harmless: [(&str, Change); 4] = [
        ("finalizers", |it| {
            it["metadata"]["finalizers"] = json!(["example.com/x"]);
        }),
        ("labels", |it| it["metadata"]["labels"] = json!({})),
        ("status", |it| {
            it["status"] = json!({ "observedGeneration": 3 });
        }),
        ("going", |it| {
            it["metadata"]["deletionTimestamp"] = json!("2026-11-24T06:00:00Z");
            it["spec"]["deletionPolicy"] = json!("Retain");
        }),
    ];
    for (name, change) in harmless {
        assert!(!is_denied(with(change), &everything, &keys).await, "{name}");
    }
}

#[tokio::test]
async fn only_the_sealed_values_of_what_is_looked_after_are_judged() {
    let keys = test_keys(&[], &[]);
    let asked = || request("sealedsecrets", &object("AAAA"), None);
    let of = |field: &str, value: Value| {
        let mut request = asked();
        request[field] = value;
        request
    };
    let everything = Scope::default();
    let scoped = |namespace: &str| Scope::new(&[namespace.to_owned()], None);
    let labelled = |selector| Scope::new(&[], Some(selector));
    let wide = request(
        "clustersealedsecrets",
        &cluster_wide("AAAA", &json!({})),
        None,
    );
    for (name, request, scope, denied) in [
        ("a new one", asked(), &everything, true),
        ("its namespace is watched", asked(), &scoped("prod"), true),
        ("another one is", asked(), &scoped("dev"), false),
        (
            "its label is selected",
            asked(),
            &labelled("team in (a)"),
            true,
        ),
        ("another one is", asked(), &labelled("team=b"), false),
        ("of the whole cluster", wide.clone(), &everything, true),
        ("of more than is watched", wide, &scoped("prod"), false),
        (
            "a subresource",
            of("subResource", json!("status")),
            &everything,
            false,
        ),
        (
            "a deletion",
            of("operation", json!("DELETE")),
            &everything,
            false,
        ),
        (
            "another kind",
            request("sealingkeys", &object("AAAA"), None),
            &everything,
            false,
        ),
        ("nothing", of("object", Value::Null), &everything, false),
    ] {
        assert_eq!(is_denied(request, scope, &keys).await, denied, "{name}");
    }
}

#[test]
fn an_object_of_another_shape_is_no_subject() {
    let mut strange = object("AAAA");
    strange["spec"]["encryptedData"] = json!(["AAAA"]);
    let request = serde_json::from_value(request("sealedsecrets", &strange, None)).unwrap();
    assert!(subject(&request, &Scope::default()).is_err());
}

#[test]
fn what_may_work_out_at_the_next_try_is_not_denied() {
    let failure = |reason| Failure::of_object(reason, "because");
    for (reasons, denied) in [
        (&[][..], false),
        (&[Reason::TemplateError], true),
        (&[Reason::ApiError], false),
        (&[Reason::TemplateError, Reason::ApiError], false),
    ] {
        let failures: Vec<Failure> = reasons.iter().map(|&reason| failure(reason)).collect();
        let is_denied = matches!(Verdict::of(&failures), Verdict::Denied { .. });
        assert_eq!(is_denied, denied, "{reasons:?}");
    }
}
