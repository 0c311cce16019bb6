//! The admission webhook: what it refuses, whom it tells, and that nobody depends on it.

use http::Method;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use waxwing_api::{Reason, SealedSecret, SecretTemplate};
use waxwing_tests::{Cluster, Controller, canary, canary::plaintext, cluster_wide};

use crate::webhook_door::{Door, SOMEONE, address, ask_at};

const DENIED: &str = "admission webhook \"sealedsecrets.waxwing.dev\" denied the request: ";

async fn merge(door: &Door, name: &str, patch: Value) -> kube::Result<SealedSecret> {
    let objects = door.space.sealed_secrets();
    let parameters = PatchParams::default();
    objects.patch(name, &parameters, &Patch::Merge(patch)).await
}

async fn create(client: &Client, sealed: &SealedSecret) -> kube::Result<SealedSecret> {
    let namespace = sealed.namespace().unwrap();
    let objects = Api::<SealedSecret>::namespaced(client.clone(), &namespace);
    objects.create(&PostParams::default(), sealed).await
}

async fn is_gone(door: &Door, name: &str) -> bool {
    let objects = door.space.sealed_secrets();
    objects.get_opt(name).await.unwrap().is_none()
}

/// The reason and message of a refusal.
fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> (String, String) {
    match result {
        Err(kube::Error::Api(status)) if status.code == 403 => {
            let message = status.message.strip_prefix(DENIED).unwrap_or_default();
            (status.reason.clone(), message.to_owned())
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_unsealed_is_refused_when_it_is_applied_with_the_words_of_its_condition() {
    let door = Door::open("refused", &[]).await;
    door.refuses().await;
    let mut broken = door.broken("db").await;
    let values = &mut broken.spec.encrypted_data;
    values.insert("moved".to_owned(), values["password"].clone());

    // Brought in by someone who may not read it: nobody told him, and the condition tells.
    let someone = door.someone_who_may(&["create"]).await;
    create(&someone, &broken).await.unwrap();
    let message = door
        .space
        .refused("db", Reason::ScopeMismatch)
        .await
        .unwrap();
    let expected = ("ScopeMismatch".to_owned(), message);

    // Now that it is there, it can be changed in all but its spec, and go.
    let spec = json!({ "spec": { "deletionPolicy": "Retain" } });
    assert_eq!(refusal(merge(&door, "db", spec).await), expected);
    let metadata = json!({ "labels": { "a": "b" }, "finalizers": ["example.com/x"] });
    merge(&door, "db", json!({ "metadata": metadata }))
        .await
        .unwrap();
    door.space.delete("db").await.unwrap();
    let no_finalizers = json!({ "metadata": { "finalizers": null } });
    merge(&door, "db", no_finalizers).await.unwrap();
    assert!(is_gone(&door, "db").await);

    assert_eq!(refusal(create(&door.space.client, &broken).await), expected);
    assert_eq!(refusal(door.dry_run(&broken).await), expected);
    assert!(is_gone(&door, "db").await);

    let items = [("password", &*plaintext("good"))];
    door.space.unseal("db", &items).await.unwrap();
    door.space.holds("db", &items).await.unwrap();

    let mut templated = door.good("templated").await;
    let data = [("url".to_owned(), "{{ pasword }}".to_owned())].into();
    templated.spec.template = Some(SecretTemplate {
        data,
        ..SecretTemplate::default()
    });
    let (reason, message) = refusal(door.dry_run(&templated).await);
    assert_eq!(reason, "TemplateError");
    assert!(message.starts_with("url: "), "{message}");

    let recipient = door.stage.primary().await.unwrap();
    let malformed = json!({ "matchExpressions": [{ "key": "a", "operator": "Like" }] });
    let everywhere = cluster_wide::sealed("wide", &malformed, &plaintext("w"), &recipient);
    let objects = cluster_wide::all(&door.space.client);
    let (reason, _) = refusal(objects.create(&PostParams::default(), &everywhere).await);
    assert_eq!(reason, "InvalidSelector");

    let metrics = door
        .stage
        .controller
        .as_ref()
        .unwrap()
        .metrics()
        .await
        .unwrap();
    for verdict in ["allowed", "denied", "unchecked"] {
        let none = format!("waxwing_webhook_reviews_total{{verdict=\"{verdict}\"}} 0");
        assert!(!metrics.contains(&none), "{metrics}");
    }
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}

/// As the API server asks about an object that someone makes.
fn question(sealed: &SealedSecret, user: &str, groups: &[&str]) -> String {
    let resource =
        json!({ "group": "waxwing.dev", "version": "v1alpha1", "resource": "sealedsecrets" });
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "7", "operation": "CREATE", "resource": resource,
            "kind": { "group": "waxwing.dev", "version": "v1alpha1", "kind": "SealedSecret" },
            "name": sealed.name_any(), "namespace": sealed.namespace(),
            "userInfo": { "username": user, "groups": groups }, "object": sealed,
        },
    })
    .to_string()
}

#[tokio::test]
async fn whoever_reaches_the_webhook_without_its_path_learns_nothing() {
    let door = Door::open("strangers", &[]).await;
    door.refuses().await;
    let path = door.path().await;
    assert!(path.len() > 40, "{path}");
    let (shorter, other) = (
        &path[..path.len() - 1],
        "/".to_owned() + &"0".repeat(path.len() - 1),
    );
    let body = question(&door.good("db").await, "admin", &["system:masters"]);
    for (method, wrong) in [
        (Method::POST, "/"),
        (Method::POST, "/validate"),
        (Method::POST, shorter),
        (Method::POST, &other),
        (Method::GET, &*path),
        (Method::GET, "/metrics"),
    ] {
        let answer = door.ask(method.clone(), wrong, &body).await;
        let not_found = matches!(&answer, Err(kube::Error::Api(status)) if status.code == 404);
        assert!(not_found, "{method} {wrong}: {answer:?}");
    }
    for nonsense in ["", "{}", "[1]", &body.replace("encryptedData", "encrypted")] {
        let answer = door.ask(Method::POST, &path, nonsense).await;
        let refused = matches!(&answer, Err(kube::Error::Api(status)) if status.code == 400);
        assert!(refused, "{nonsense}: {answer:?}");
    }
    // It would be answered, were it not that large; the connection may end before all is sent.
    let padded = body.clone() + &" ".repeat(5 << 20);
    assert!(door.ask(Method::POST, &path, &padded).await.is_err());

    let answer = door.ask(Method::POST, &path, &body).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["response"]["allowed"], true,
        "the path itself is right"
    );
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn whoever_may_not_read_an_object_hears_the_same_of_a_good_and_of_a_broken_one() {
    let door = Door::open("no-oracle", &[]).await;
    door.refuses().await;
    let path = door.path().await;
    let (good, broken) = (door.good("db").await, door.broken("db").await);
    let ask = async |sealed: &SealedSecret, user: &str, groups: &[&str]| {
        let body = question(sealed, user, groups);
        let answer = door.ask(Method::POST, &path, &body).await.unwrap();
        assert!(canary::traces(&answer).is_empty());
        answer
    };
    let strangers = ["system:authenticated"];
    let of_good = ask(&good, SOMEONE, &strangers).await;
    assert_eq!(of_good, ask(&broken, SOMEONE, &strangers).await);
    assert!(of_good.contains("did not check"), "{of_good}");
    let someone = door.someone_who_may(&["create", "update", "patch"]).await;
    assert_eq!(of_good, ask(&broken, SOMEONE, &strangers).await);
    create(&someone, &broken).await.unwrap();

    let masters = ["system:masters"];
    let of_good = ask(&good, "admin", &masters).await;
    let of_broken = ask(&broken, "admin", &masters).await;
    assert!(of_good.contains("\"allowed\":true") && !of_good.contains("did not check"));
    assert!(of_broken.contains("\"allowed\":false"), "{of_broken}");
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_replica_that_stands_by_answers_too_and_without_any_everything_is_admitted() {
    let mut door = Door::open("replicas", &[]).await;
    door.refuses().await;
    let cluster = &door.stage.cluster;
    let address = address();
    let standby = Controller::spawn(cluster, &["--webhook", &address])
        .await
        .unwrap();
    ask_at(cluster, &address).await;
    door.refuses().await;
    assert!(!standby.leads().await.unwrap());
    let answered = standby.metrics().await.unwrap();
    assert!(!answered.contains("waxwing_webhook_reviews_total{verdict=\"denied\"} 0"));

    standby.kill9();
    assert!(door.admits_anything().await);
    door.stage.controller.take().unwrap().kill9();
    assert!(door.admits_anything().await);
    let broken = door.broken("db").await;
    door.space.apply(&broken).await.unwrap();
    let again = Controller::spawn(&door.stage.cluster, &[]).await.unwrap();
    door.stage.controller = Some(again);
    door.space.refused("db", Reason::Malformed).await.unwrap();
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_and_rights_that_are_missing_are_named() {
    let cluster = Cluster::installed().await.unwrap();
    let args = ["--webhook", &address()];
    let controller = Controller::launch(&cluster, &args).unwrap();
    let missing = "watch failing: the controller may not watch validatingwebhookconfigurations; grant it the verb watch on validatingwebhookconfigurations";
    controller.logged(&[missing]).await.unwrap();
    assert!(!controller.is_ready().await.unwrap());

    let second = Controller::launch(&cluster, &args).unwrap();
    let taken = format!("{} cannot be listened on: ", args[1]);
    let words = [&*taken, "give another address for --webhook"];
    second.logged(&words).await.unwrap();
    assert_eq!(second.terminate().unwrap().code(), Some(1));
}
