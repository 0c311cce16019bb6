//! Secrets that someone else changes or deletes are put right.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;
use waxwing_tests::{Space, canary::plaintext, wait};

use crate::play;

#[tokio::test]
async fn a_deleted_secret_comes_back() {
    play("deleted", async |_, space| {
        let password = plaintext("p");
        space
            .unseal("db", &[("password", &password)])
            .await
            .unwrap();
        let first = space.secret("db").await.unwrap();
        space
            .secrets()
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        let second = space.holds("db", &[("password", &password)]).await.unwrap();
        assert_ne!(first.uid(), second.uid());
    })
    .await;
}

#[tokio::test]
async fn items_edited_removed_or_added_by_hand_are_put_right() {
    play("edited", async |_, space| {
        let [a, b] = ["a", "b"].map(plaintext);
        let expected = [("a", a.as_str()), ("b", b.as_str())];
        space.unseal("db", &expected).await.unwrap();
        let edits = [
            json!({ "stringData": { "a": "edited" } }),
            json!({ "data": { "a": null } }),
            json!({ "data": null }),
            json!({ "stringData": { "alien": "added" } }),
        ];
        for edit in edits {
            space.edit_secret("db", edit.clone()).await.unwrap();
            let put_right = space.holds("db", &expected).await;
            assert!(put_right.is_ok(), "{edit}: {}", put_right.unwrap_err());
        }
        space.ready("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn items_applied_by_another_field_manager_are_put_right() {
    play("applied", async |_, space| {
        let password = plaintext("p");
        space
            .unseal("db", &[("password", &password)])
            .await
            .unwrap();
        let mut theirs = Secret::default();
        theirs.metadata.name = Some("db".to_owned());
        theirs.string_data = Some(
            [
                ("password".to_owned(), "theirs".to_owned()),
                ("alien".to_owned(), "theirs".to_owned()),
            ]
            .into(),
        );
        let force = PatchParams::apply("another-tool").force();
        space
            .secrets()
            .patch("db", &force, &Patch::Apply(&theirs))
            .await
            .unwrap();
        space.holds("db", &[("password", &password)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_removed_label_or_owner_reference_is_put_back() {
    play("metadata-drift", async |_, space| {
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let before = space.secret("db").await.unwrap();
        for edit in [
            json!({ "labels": null }),
            json!({ "ownerReferences": null }),
        ] {
            space
                .edit_secret("db", json!({ "metadata": edit }))
                .await
                .unwrap();
            is_as(space, &before).await;
        }
    })
    .await;
}

/// Waits until labels and owner of the Secret are as they were.
async fn is_as(space: &Space, before: &Secret) {
    wait::until("labels and owner to be put back", async || {
        let now = space
            .secret("db")
            .await
            .map_err(|error| error.to_string())?;
        if now.labels() == before.labels() && now.owner_references() == before.owner_references() {
            Ok(())
        } else {
            Err(format!("{:?} {:?}", now.labels(), now.owner_references()))
        }
    })
    .await
    .unwrap();
}
