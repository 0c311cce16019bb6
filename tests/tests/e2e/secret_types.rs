//! Every type of Secret that Kubernetes knows, and one that it does not.

use serde_json::json;
use waxwing_api::{Reason, SecretTemplate};
use waxwing_tests::canary::plaintext;

use crate::play;

/// The name of a Secret, its type, and its items.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// A template of that type. The annotation is what service-account-token demands; the other types
/// do not mind it.
fn typed(type_: &str) -> Option<SecretTemplate> {
    let annotations = json!({ "kubernetes.io/service-account.name": "default" });
    let template = json!({ "type": type_, "metadata": { "annotations": annotations } });
    Some(serde_json::from_value(template).unwrap())
}

#[tokio::test]
async fn a_secret_of_every_type_comes_out_with_its_type() {
    play("types", async |_, space| {
        let value = plaintext("value");
        let docker = format!(r#"{{"auths":{{"registry.example":{{"auth":"{value}"}}}}}}"#);
        let cases: [Case<'_>; 9] = [
            ("opaque", "Opaque", &[("any", &value)]),
            ("custom", "example.com/custom", &[("any", &value)]),
            (
                "basic-auth",
                "kubernetes.io/basic-auth",
                &[("username", "u"), ("password", &value)],
            ),
            (
                "ssh-auth",
                "kubernetes.io/ssh-auth",
                &[("ssh-privatekey", &value)],
            ),
            (
                "tls",
                "kubernetes.io/tls",
                &[("tls.crt", "c"), ("tls.key", &value)],
            ),
            (
                "docker-config",
                "kubernetes.io/dockerconfigjson",
                &[(".dockerconfigjson", &docker)],
            ),
            (
                "docker-cfg",
                "kubernetes.io/dockercfg",
                &[(".dockercfg", &docker)],
            ),
            (
                "bootstrap",
                "bootstrap.kubernetes.io/token",
                &[("token-secret", &value)],
            ),
            (
                "account",
                "kubernetes.io/service-account-token",
                &[("extra", &value)],
            ),
        ];
        for (name, type_, items) in cases {
            let mut sealed = space.seal(name, items).await.unwrap();
            sealed.spec.template = typed(type_);
            space.apply(&sealed).await.unwrap();
            space.ready(name).await.unwrap();
            let secret = space.holds(name, items).await.unwrap();
            assert_eq!(secret.type_.as_deref(), Some(type_));
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_its_type_forbids_is_refused_without_a_word_of_its_content() {
    play("invalid", async |_, space| {
        let value = plaintext("value");
        let cases: [Case<'_>; 3] = [
            ("tls", "kubernetes.io/tls", &[("tls.key", &value)]),
            (
                "docker-config",
                "kubernetes.io/dockerconfigjson",
                &[(".dockerconfigjson", &value)],
            ),
            (
                "basic-auth",
                "kubernetes.io/basic-auth",
                &[("user", &value)],
            ),
        ];
        for (name, type_, items) in cases {
            let mut sealed = space.seal(name, items).await.unwrap();
            sealed.spec.template = typed(type_);
            space.apply(&sealed).await.unwrap();
            space.refused(name, Reason::InvalidSecret).await.unwrap();
            assert!(!space.has_secret(name).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn the_type_of_a_secret_changes_only_when_it_is_deleted_by_hand() {
    play("type-change", async |_, space| {
        let value = plaintext("value");
        space.unseal("db", &[("password", &value)]).await.unwrap();
        let mut sealed = space.seal("db", &[("password", &value)]).await.unwrap();
        sealed.spec.template = typed("example.com/other");
        space.apply(&sealed).await.unwrap();
        let message = space.refused("db", Reason::ImmutableSecret).await.unwrap();
        assert!(message.contains("delete"), "no next step in: {message}");
        assert_eq!(
            space.secret("db").await.unwrap().type_.as_deref(),
            Some("Opaque")
        );

        space
            .secrets()
            .delete("db", &kube::api::DeleteParams::default())
            .await
            .unwrap();
        space.ready("db").await.unwrap();
        assert_eq!(
            space.secret("db").await.unwrap().type_.as_deref(),
            Some("example.com/other")
        );
    })
    .await;
}
