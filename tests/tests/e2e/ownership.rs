//! Secrets that are there already and are not Waxwing's.

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use serde_json::json;
use waxwing_api::{
    Reason,
    names::{ADOPT_ANNOTATION, DEFAULT_NAMESPACE},
};
use waxwing_tests::{Space, canary::plaintext, space::items};

use crate::play;

/// What the foreign Secret holds. It is no plaintext of Waxwing's, so it has no canary.
const FOREIGN: (&str, &str) = ("foreign", "value");

/// Creates a Secret by hand.
async fn create_foreign(space: &Space, adopt: Option<&str>) -> Secret {
    let annotations = adopt.map(|value| [(ADOPT_ANNOTATION.to_owned(), value.to_owned())].into());
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some("db".to_owned()),
            annotations,
            ..ObjectMeta::default()
        },
        data: Some([(FOREIGN.0.to_owned(), ByteString(FOREIGN.1.into()))].into()),
        ..Secret::default()
    };
    space.create_secret(&secret).await.unwrap()
}

#[tokio::test]
async fn a_foreign_secret_is_left_alone_and_the_way_to_adopt_it_is_told() {
    play("foreign", async |_, space| {
        let before = create_foreign(space, None).await;
        space
            .apply(
                &space
                    .seal("db", &[("password", &plaintext("p"))])
                    .await
                    .unwrap(),
            )
            .await
            .unwrap();
        let message = space.refused("db", Reason::NotOwned).await.unwrap();
        assert!(
            message.contains(ADOPT_ANNOTATION),
            "no next step in: {message}"
        );
        assert_eq!(
            space.secret("db").await.unwrap().resource_version(),
            before.resource_version()
        );
    })
    .await;
}

#[tokio::test]
async fn a_foreign_secret_outlives_the_sealed_secret_that_could_not_have_it() {
    play("foreign-delete", async |_, space| {
        create_foreign(space, None).await;
        space
            .apply(
                &space
                    .seal("db", &[("password", &plaintext("p"))])
                    .await
                    .unwrap(),
            )
            .await
            .unwrap();
        space.refused("db", Reason::NotOwned).await.unwrap();
        space
            .unseal("other", &[("password", &plaintext("o"))])
            .await
            .unwrap();
        space.delete("db").await.unwrap();
        space.delete("other").await.unwrap();
        space.secret_gone("other").await.unwrap();
        assert_eq!(space.items("db").await.unwrap(), items(&[FOREIGN]));
    })
    .await;
}

#[tokio::test]
async fn a_secret_whose_owner_consents_is_taken_over_whole() {
    play("adopt", async |_, space| {
        let password = plaintext("p");
        create_foreign(space, Some("true")).await;
        space
            .unseal("db", &[("password", &password)])
            .await
            .unwrap();
        let secret = space.holds("db", &[("password", &password)]).await.unwrap();
        assert_eq!(secret.owner_references().len(), 1);
        space.delete("db").await.unwrap();
        space.secret_gone("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn consent_that_comes_later_is_taken_up() {
    play("adopt-later", async |_, space| {
        let password = plaintext("p");
        create_foreign(space, None).await;
        space
            .apply(&space.seal("db", &[("password", &password)]).await.unwrap())
            .await
            .unwrap();
        space.refused("db", Reason::NotOwned).await.unwrap();
        let consent = json!({ "metadata": { "annotations": { ADOPT_ANNOTATION: "true" } } });
        space.edit_secret("db", consent).await.unwrap();
        space.ready("db").await.unwrap();
        space.holds("db", &[("password", &password)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn merged_items_stand_beside_the_owners_and_the_secret_stays_the_owners() {
    play("merge", async |_, space| {
        let [first, second] = ["first", "second"].map(plaintext);
        create_foreign(space, Some("merge")).await;
        space
            .unseal("db", &[("password", &first), ("extra", &first)])
            .await
            .unwrap();
        let secret = space
            .holds("db", &[FOREIGN, ("password", &first), ("extra", &first)])
            .await
            .unwrap();
        assert!(secret.owner_references().is_empty());

        // The owner goes on with its own items, and Waxwing with its own.
        space
            .edit_secret("db", json!({ "stringData": { "foreign": "changed" } }))
            .await
            .unwrap();
        space.unseal("db", &[("password", &second)]).await.unwrap();
        space
            .holds("db", &[("foreign", "changed"), ("password", &second)])
            .await
            .unwrap();

        space
            .unseal("other", &[("password", &plaintext("o"))])
            .await
            .unwrap();
        space.delete("db").await.unwrap();
        space.delete("other").await.unwrap();
        space.secret_gone("other").await.unwrap();
        assert_eq!(
            space
                .items("db")
                .await
                .unwrap()
                .get("foreign")
                .map(String::as_str),
            Some("changed")
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_of_another_controller_is_not_taken_over_even_with_consent() {
    play("controlled", async |_, space| {
        let metadata = ObjectMeta { name: Some("owner".to_owned()), ..ObjectMeta::default() };
        let owners: Api<ConfigMap> = Api::namespaced(space.client.clone(), &space.namespace);
        let owner = ConfigMap { metadata, ..ConfigMap::default() };
        let owner = owners.create(&PostParams::default(), &owner).await.unwrap();
        create_foreign(space, Some("true")).await;
        let reference = json!([{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid(), "controller": true,
        }]);
        space.edit_secret("db", json!({ "metadata": { "ownerReferences": reference } })).await.unwrap();
        space.apply(&space.seal("db", &[("password", &plaintext("p"))]).await.unwrap()).await.unwrap();
        space.refused("db", Reason::NotOwned).await.unwrap();
        assert_eq!(space.items("db").await.unwrap(), items(&[FOREIGN]));
    })
    .await;
}

/// Whoever may create SealedSecrets beside the keys still cannot have a key overwritten.
#[tokio::test]
async fn a_private_key_is_not_overwritten_by_a_sealed_secret_of_its_name() {
    play("key-name", async |stage, space| {
        let name = stage.primary().await.unwrap().key_id().to_string();
        let keys = Space {
            client: space.client.clone(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
        };
        let before = keys.secret(&name).await.unwrap();
        let sealed = keys
            .seal(&name, &[("identity", &plaintext("p"))])
            .await
            .unwrap();
        keys.apply(&sealed).await.unwrap();
        keys.refused(&name, Reason::NotOwned).await.unwrap();
        assert_eq!(
            keys.secret(&name).await.unwrap().resource_version(),
            before.resource_version()
        );
        keys.delete(&name).await.unwrap();
    })
    .await;
}
