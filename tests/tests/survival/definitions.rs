//! The definition of SealedSecrets changes, and goes away, while the controller runs.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ObjectMeta, PostParams},
};
use serde_json::json;
use waxwing_tests::{Cluster, Stage, wait};

use crate::{churn::Churn, rollovers::Rollovers};

const NAME: &str = "sealedsecrets.waxwing.dev";
const OBJECTS: usize = 40;

fn definitions(client: &Client) -> Api<CustomResourceDefinition> {
    Api::all(client.clone())
}

#[tokio::test]
async fn an_upgraded_definition_loses_no_object_and_unseals_nothing_anew() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("upgrade").await.unwrap();
    let mut churn = Churn::new(&space, 6);
    for _ in 0..OBJECTS {
        churn.create().await;
    }
    churn.comes_out_right().await;
    let controller = stage.controller.as_ref().unwrap();
    let unsealed = controller.unseals("").await.unwrap();

    let present = definitions(&space.client).get(NAME).await.unwrap();
    definitions(&space.client)
        .replace(NAME, &PostParams::default(), &upgraded(present))
        .await
        .unwrap();
    use_field(&stage, &space.namespace).await;
    churn.create().await;
    churn.comes_out_right().await;
    let again = controller.unseals("").await.unwrap() - unsealed;
    assert_eq!(again, 2, "more was unsealed than two objects that changed");
    println!("upgraded definition: {churn}; {again} unsealings after it");
    assert_eq!(stage.controller.as_mut().unwrap().ended(), None);
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// With a field more, and another version that is served beside the present one.
fn upgraded(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let versions = &mut definition.spec.versions;
    add_field(&mut versions[0]);
    let next = CustomResourceDefinitionVersion {
        name: "v1alpha2".to_owned(),
        storage: false,
        ..versions[0].clone()
    };
    versions.push(next);
    definition
}

fn add_field(version: &mut CustomResourceDefinitionVersion) {
    let schema = version
        .schema
        .as_mut()
        .unwrap()
        .open_api_v3_schema
        .as_mut()
        .unwrap();
    let spec = schema.properties.as_mut().unwrap().get_mut("spec").unwrap();
    let note = JSONSchemaProps {
        type_: Some("string".to_owned()),
        ..JSONSchemaProps::default()
    };
    spec.properties
        .as_mut()
        .unwrap()
        .insert("note".to_owned(), note);
}

/// Waits until the API server keeps the new field of an object, in the new version.
async fn use_field(stage: &Stage, namespace: &str) {
    let client = stage.cluster.client().await.unwrap();
    let path = format!("/apis/waxwing.dev/v1alpha2/namespaces/{namespace}/sealedsecrets/db-0");
    let patch = json!({ "spec": { "note": "new" } }).to_string();
    wait::until("the new field to be kept", async || {
        let request = http::Request::patch(&path)
            .header("Content-Type", "application/merge-patch+json")
            .body(patch.clone().into_bytes())
            .unwrap();
        let object = client.request::<serde_json::Value>(request).await;
        match object.map_err(|error| error.to_string())?["spec"]["note"].as_str() {
            Some("new") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
}

/// Kubernetes deletes all objects with their definition. What is left are the keys, and the files in Git.
#[tokio::test]
async fn a_definition_deleted_by_mistake_is_named_and_everything_comes_back_with_it() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("deleted").await.unwrap();
    let mut churn = Churn::new(&space, 7);
    let mut rollovers = Rollovers::of(&space.client).await;
    for _ in 0..OBJECTS {
        churn.create().await;
    }
    churn.comes_out_right().await;

    let definition = definitions(&space.client).get(NAME).await.unwrap();
    definitions(&space.client)
        .delete(NAME, &DeleteParams::default())
        .await
        .unwrap();
    let controller = stage.controller.as_ref().unwrap();
    wait::until("the missing definition to be named", async || {
        let problems = controller
            .problems()
            .await
            .map_err(|error| error.to_string())?;
        let named = problems.contains("does not serve sealedsecrets");
        if named { Ok(()) } else { Err(problems) }
    })
    .await
    .unwrap();

    make_again(&stage.cluster, definition).await;
    stage.controller.as_mut().unwrap().ready().await.unwrap();
    churn.apply_again().await;
    churn.comes_out_right().await;
    rollovers.come_out_right().await;
    println!("deleted definition: {churn}; {rollovers}");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Makes the definition again as soon as the old one is gone.
async fn make_again(cluster: &Cluster, old: CustomResourceDefinition) {
    let definition = CustomResourceDefinition {
        metadata: ObjectMeta {
            name: old.metadata.name,
            ..ObjectMeta::default()
        },
        spec: old.spec,
        status: None,
    };
    let api = definitions(&cluster.client().await.unwrap());
    wait::until("the definition to be made again", async || {
        let made = api.create(&PostParams::default(), &definition).await;
        made.map(drop).map_err(|error| error.to_string())
    })
    .await
    .unwrap();
}
