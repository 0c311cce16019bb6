//! A controller that may neither list nor watch Secrets, installed as docs/controller.md says.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use waxwing_api::Reason;
use waxwing_tests::{Controller, Stage, canary::plaintext, space::items};

use crate::installed_by;

const SECTION: &str = "Without the right to list Secrets";

const ARGS: [&str; 2] = ["--drift-repair", "false"];

#[tokio::test]
async fn secrets_follow_their_sealed_secrets_and_nobody_else_is_put_right() {
    let cluster = installed_by(SECTION).await;
    let secrets: Api<Secret> =
        Api::namespaced(cluster.controller_client().await.unwrap(), "default");
    let error = secrets.list(&ListParams::default()).await.unwrap_err();
    assert!(error.to_string().contains("cannot list"), "{error}");

    let controller = Some(Controller::spawn(&cluster, &ARGS).await.unwrap());
    let mut stage = Stage {
        controller,
        cluster,
    };
    let space = stage.space("no-drift").await.unwrap();
    let first = [("password", &*plaintext("first"))];
    let second = [("password", &*plaintext("second"))];
    space.unseal("db", &first).await.unwrap();
    space.unseal("gone", &first).await.unwrap();
    space.create_secret(&foreign_secret()).await.unwrap();
    space
        .apply(&space.seal("foreign", &first).await.unwrap())
        .await
        .unwrap();
    space.refused("foreign", Reason::NotOwned).await.unwrap();

    space.unseal("db", &second).await.unwrap();
    space.holds("db", &second).await.unwrap();
    let delete = DeleteParams::default();
    space.secrets().delete("gone", &delete).await.unwrap();

    // A restart leaves alone what its status says is done: nothing is written.
    let version = space.secret("db").await.unwrap().metadata.resource_version;
    stage.controller.take().unwrap().terminate().unwrap();
    stage.controller = Some(Controller::spawn(&stage.cluster, &ARGS).await.unwrap());
    space.unseal("after", &first).await.unwrap();
    assert_eq!(
        space.secret("db").await.unwrap().metadata.resource_version,
        version
    );
    assert!(!space.has_secret("gone").await.unwrap());

    // A changed object brings its Secret back.
    space.unseal("gone", &second).await.unwrap();
    space.holds("gone", &second).await.unwrap();
    space.delete("db").await.unwrap();
    space.secret_gone("db").await.unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

fn foreign_secret() -> Secret {
    let mut secret = Secret {
        data: None,
        ..Secret::default()
    };
    secret.metadata.name = Some("foreign".to_owned());
    secret.string_data = Some(items(&[("owner", "someone else")]));
    secret
}
