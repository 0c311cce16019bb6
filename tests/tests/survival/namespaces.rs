//! Namespaces that are deleted with all that is in them, and made again.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use waxwing_api::SealedSecret;
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    cluster_wide::{self, becomes},
    wait,
};

use crate::rest::comes_to_rest;

/// Kubernetes empties a namespace in several rounds, and on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(600);

const OBJECTS: usize = 60;

fn all(space: &Space) -> Api<Namespace> {
    Api::all(space.client.clone())
}

async fn delete(space: &Space) {
    all(space)
        .delete(&space.namespace, &DeleteParams::default())
        .await
        .unwrap();
}

async fn gone(space: &Space) {
    let what = format!("namespace {} to be gone", space.namespace);
    wait::until_within(PATIENCE, &what, async || {
        match all(space).get_opt(&space.namespace).await {
            Ok(None) => Ok(()),
            Ok(Some(namespace)) => Err(format!("{:?}", namespace.status)),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap();
}

async fn make(space: &Space, team: Option<&str>) {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(space.namespace.clone()),
            labels: team.map(|team| [("team".to_owned(), team.to_owned())].into()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    all(space)
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
}

/// Deletes the namespace with all that is in it, and makes one of that name again.
pub(crate) async fn renew(space: &Space) {
    delete(space).await;
    gone(space).await;
    make(space, None).await;
}

/// What a repository holds for one namespace.
async fn manifests(space: &Space) -> Vec<SealedSecret> {
    let mut sealed = Vec::new();
    for number in 0..OBJECTS {
        let name = format!("db-{number}");
        let value = plaintext(&name);
        sealed.push(space.seal(&name, &[("password", &value)]).await.unwrap());
    }
    sealed
}

async fn apply(space: &Space, manifests: &[SealedSecret]) {
    for sealed in manifests {
        space.apply(sealed).await.unwrap();
    }
}

async fn come_out_right(space: &Space, manifests: &[SealedSecret]) {
    for sealed in manifests {
        let name = sealed.name_any();
        space.ready(&name).await.unwrap();
        space
            .holds(&name, &[("password", &plaintext(&name))])
            .await
            .unwrap();
    }
}

/// How often the controller has refused an object, and how often it has tried to send an event.
async fn complaints(controller: &Controller) -> (u64, u64) {
    (
        controller.unseals("result=\"failure\"").await.unwrap(),
        controller
            .total("waxwing_api_requests_total", "resource=\"events\"")
            .await
            .unwrap(),
    )
}

#[tokio::test]
async fn a_namespace_that_is_deleted_and_made_again_has_its_secrets_again_and_nobody_complains() {
    const ROUNDS: usize = 3;
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("renewed").await.unwrap();
    let manifests = manifests(&space).await;
    let before = complaints(stage.controller.as_ref().unwrap()).await;
    apply(&space, &manifests).await;
    come_out_right(&space, &manifests).await;
    for _ in 0..ROUNDS {
        renew(&space).await;
        apply(&space, &manifests).await;
        come_out_right(&space, &manifests).await;
    }
    assert_eq!(complaints(stage.controller.as_ref().unwrap()).await, before);

    stage.controller.take().unwrap().terminate().unwrap();
    renew(&space).await;
    apply(&space, &manifests).await;
    stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
    come_out_right(&space, &manifests).await;
    assert_eq!(complaints(stage.controller.as_ref().unwrap()).await, (0, 0));
    println!(
        "{OBJECTS} SealedSecrets, and their namespace deleted and made again {ROUNDS} times with the controller at work and once without"
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Its Secrets are deleted, and it stays for as long as someone else's finalizer holds it. A SealedSecret of
/// its own finalizer is there as well, and going.
#[tokio::test]
async fn in_a_namespace_that_cannot_go_nothing_is_tried_again_and_again() {
    let stage = Stage::own(&[]).await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("stuck").await.unwrap();
    let manifests = manifests(&space).await;
    let before = complaints(controller).await;
    apply(&space, &manifests).await;
    come_out_right(&space, &manifests).await;
    let holds = json!({ "metadata": { "finalizers": ["example.com/hold"] } });
    let sealed = space.sealed_secrets();
    sealed
        .patch("db-0", &PatchParams::default(), &Patch::Merge(&holds))
        .await
        .unwrap();
    let held = ConfigMap {
        metadata: ObjectMeta {
            name: Some("held".to_owned()),
            finalizers: Some(vec!["example.com/hold".to_owned()]),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    };
    let config_maps: Api<ConfigMap> = Api::namespaced(space.client.clone(), &space.namespace);
    config_maps
        .create(&PostParams::default(), &held)
        .await
        .unwrap();
    delete(&space).await;
    let secrets = space.secrets();
    wait::until_within(PATIENCE, "all Secrets to be deleted", async || {
        let list = secrets.list_metadata(&ListParams::default()).await;
        match list.map_err(|error| error.to_string())?.items.len() {
            0 => Ok(()),
            count => Err(format!("{count} Secrets")),
        }
    })
    .await
    .unwrap();
    comes_to_rest(controller).await;
    assert_eq!(complaints(controller).await, before);

    let lets_go = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    let parameters = PatchParams::default();
    sealed.patch("db-0", &parameters, &lets_go).await.unwrap();
    let free = config_maps.patch("held", &parameters, &lets_go);
    free.await.unwrap();
    gone(&space).await;
    println!("a namespace of {OBJECTS} SealedSecrets held up: no attempt and no event meanwhile");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_cluster_sealed_secret_follows_twenty_namespaces_that_are_deleted_and_made_again() {
    const NAMESPACES: usize = 20;
    let stage = Stage::own(&[]).await.unwrap();
    let client = stage.cluster.client().await.unwrap();
    let recipient = stage.primary().await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let before = complaints(controller).await;
    let spaces: Vec<Space> = (0..NAMESPACES)
        .map(|number| Space {
            client: client.clone(),
            namespace: format!("team-{number}"),
        })
        .collect();
    for space in &spaces {
        make(space, Some("a")).await;
    }
    let team_a = json!({ "matchLabels": { "team": "a" } });
    let value = plaintext("registry");
    let object = cluster_wide::sealed("registry", &team_a, &value, &recipient);
    cluster_wide::apply(&client, &object).await.unwrap();
    let selected = i64::try_from(NAMESPACES).unwrap();
    becomes(&client, "registry", "Unsealed", selected)
        .await
        .unwrap();
    for space in &spaces {
        delete(space).await;
    }
    for space in &spaces {
        gone(space).await;
    }
    becomes(&client, "registry", "Unsealed", 0).await.unwrap();
    for space in &spaces {
        make(space, Some("a")).await;
    }
    becomes(&client, "registry", "Unsealed", selected)
        .await
        .unwrap();
    for space in &spaces {
        space
            .holds("registry", &[("password", &value)])
            .await
            .unwrap();
    }
    assert_eq!(complaints(controller).await, before);
    let events: Api<Event> = Api::all(client);
    let about = ListParams::default().fields("involvedObject.name=registry");
    assert_eq!(events.list(&about).await.unwrap().items.len(), 0);
    println!("{NAMESPACES} namespaces of one ClusterSealedSecret deleted and made again");
    stage.assert_no_plaintext_leaked().await.unwrap();
}
