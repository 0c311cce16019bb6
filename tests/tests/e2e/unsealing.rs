//! The life of a SealedSecret: sealed, applied, changed, deleted.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Api, ResourceExt, api::DeleteParams};
use serde_json::json;
use waxwing_api::{ConditionType, DeletionPolicy, Reason, SealedSecret};
use waxwing_tests::{
    Waxwing,
    canary::plaintext,
    space::{condition, items},
    wait,
};

use crate::play;

#[tokio::test]
async fn a_secret_sealed_by_an_ordinary_user_comes_out_as_it_was() {
    play("main-job", async |stage, space| {
        let [password, token] = ["password", "token"].map(plaintext);
        let manifest = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: {}\n  labels:\n    app: shop\n  \
             annotations:\n    note: for the shop\ntype: example.com/db\nstringData:\n  password: {password}\n  \
             token: {token}\n",
            space.namespace
        );
        stage.primary().await.unwrap();
        let run = Waxwing::of_user(&stage.cluster).run(&["seal"], &manifest).unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let sealed: SealedSecret = serde_yaml::from_str(&run.stdout).unwrap();
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();

        let secret = space.holds("db", &[("password", &password), ("token", &token)]).await.unwrap();
        assert_eq!(secret.type_.as_deref(), Some("example.com/db"));
        assert_eq!(secret.labels().get("app").map(String::as_str), Some("shop"));
        assert_eq!(secret.annotations().get("note").map(String::as_str), Some("for the shop"));
    })
    .await;
}

#[tokio::test]
async fn the_status_says_what_was_done_and_with_which_keys() {
    play("status", async |stage, space| {
        let sealed = space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let status = sealed.status.clone().unwrap();
        assert_eq!(status.observed_generation, sealed.metadata.generation);
        assert_eq!(
            status.key_ids,
            [stage.primary().await.unwrap().key_id().to_string()]
        );
        assert!(status.oldest_sealed_at.is_some());
        assert_ne!(
            condition(&sealed, ConditionType::Stalled)
                .map(|c| c.status)
                .as_deref(),
            Some("True")
        );
        assert_ne!(
            condition(&sealed, ConditionType::Stale)
                .map(|c| c.status)
                .as_deref(),
            Some("True")
        );
    })
    .await;
}

#[tokio::test]
async fn a_changed_added_or_removed_item_changes_in_the_secret() {
    play("update", async |_, space| {
        let [first, second, other] = ["first", "second", "other"].map(plaintext);
        space
            .unseal("db", &[("password", &first), ("extra", &other)])
            .await
            .unwrap();
        space
            .holds("db", &[("password", &first), ("extra", &other)])
            .await
            .unwrap();

        space
            .unseal("db", &[("password", &second), ("extra", &other)])
            .await
            .unwrap();
        space
            .holds("db", &[("password", &second), ("extra", &other)])
            .await
            .unwrap();

        space
            .unseal(
                "db",
                &[("password", &second), ("extra", &other), ("new", &first)],
            )
            .await
            .unwrap();
        space
            .holds(
                "db",
                &[("password", &second), ("extra", &other), ("new", &first)],
            )
            .await
            .unwrap();

        space.unseal("db", &[("password", &second)]).await.unwrap();
        space.holds("db", &[("password", &second)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_renamed_item_stands_under_its_new_name_only() {
    play("rename", async |_, space| {
        let password = plaintext("password");
        space.unseal("db", &[("pass", &password)]).await.unwrap();
        space
            .unseal("db", &[("password", &password)])
            .await
            .unwrap();
        space.holds("db", &[("password", &password)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn changed_labels_and_annotations_change_on_the_secret() {
    play("metadata", async |_, space| {
        let mut sealed = space
            .seal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let template = |labels: serde_json::Value, annotations: serde_json::Value| {
            let template = json!({ "metadata": { "labels": labels, "annotations": annotations } });
            Some(serde_json::from_value(template).unwrap())
        };
        sealed.spec.template = template(json!({ "a": "1", "b": "1" }), json!({ "x": "1" }));
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        sealed.spec.template = template(json!({ "a": "2" }), json!({ "y": "1" }));
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();

        let secret = space.secret("db").await.unwrap();
        assert_eq!(secret.labels().get("a").map(String::as_str), Some("2"));
        assert!(!secret.labels().contains_key("b"));
        assert!(!secret.annotations().contains_key("x"));
        assert!(secret.annotations().contains_key("y"));
    })
    .await;
}

#[tokio::test]
async fn a_templated_item_is_made_from_the_sealed_ones() {
    play("template", async |_, space| {
        let password = plaintext("password");
        let mut sealed = space.seal("db", &[("password", &password)]).await.unwrap();
        let data = BTreeMap::from([(
            "url".to_owned(),
            "postgres://app:{{ password }}@db/shop".to_owned(),
        )]);
        sealed.spec.template = Some(waxwing_api::SecretTemplate {
            data,
            ..Default::default()
        });
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        let url = format!("postgres://app:{password}@db/shop");
        space
            .holds("db", &[("password", &password), ("url", &url)])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn deleting_a_sealed_secret_deletes_its_secret() {
    play("delete", async |_, space| {
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        space.delete("db").await.unwrap();
        space.secret_gone("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sealed_secret_that_is_deleted_and_applied_again_at_once_has_its_secret() {
    play("again", async |_, space| {
        let [first, second] = ["first", "second"].map(plaintext);
        space.unseal("db", &[("password", &first)]).await.unwrap();
        let deleted = space.secret("db").await.unwrap();
        space.delete("db").await.unwrap();
        let applied = space
            .apply(&space.seal("db", &[("password", &second)]).await.unwrap())
            .await
            .unwrap();
        space.holds("db", &[("password", &second)]).await.unwrap();
        space.ready("db").await.unwrap();
        let secret = space.secret("db").await.unwrap();
        assert_ne!(secret.owner_references(), deleted.owner_references());
        assert_eq!(
            Some(&secret.owner_references()[0].uid),
            applied.uid().as_ref()
        );
    })
    .await;
}

#[tokio::test]
async fn a_secret_under_the_policy_retain_outlives_its_sealed_secret() {
    play("retain", async |_, space| {
        let password = plaintext("p");
        let mut sealed = space.seal("db", &[("password", &password)]).await.unwrap();
        sealed.spec.deletion_policy = DeletionPolicy::Retain;
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        assert!(
            space
                .secret("db")
                .await
                .unwrap()
                .owner_references()
                .is_empty()
        );
        // A second one goes the ordinary way: when it is gone, the garbage collector has had its turn.
        space
            .unseal("other", &[("password", &plaintext("o"))])
            .await
            .unwrap();
        space.delete("db").await.unwrap();
        space.delete("other").await.unwrap();
        space.secret_gone("other").await.unwrap();
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &password)])
        );
    })
    .await;
}

#[tokio::test]
async fn a_changed_deletion_policy_takes_effect() {
    play("policy", async |_, space| {
        let mut sealed = space
            .seal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        for (policy, owners) in [
            (DeletionPolicy::Delete, 1),
            (DeletionPolicy::Retain, 0),
            (DeletionPolicy::Delete, 1),
        ] {
            sealed.spec.deletion_policy = policy;
            space.apply(&sealed).await.unwrap();
            space.ready("db").await.unwrap();
            assert_eq!(
                space.secret("db").await.unwrap().owner_references().len(),
                owners,
                "{policy:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_namespace_with_sealed_secrets_can_be_deleted() {
    play("namespace", async |_, space| {
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let namespaces: Api<Namespace> = Api::all(space.client.clone());
        namespaces
            .delete(&space.namespace, &DeleteParams::default())
            .await
            .unwrap();
        wait::until("the namespace to be gone", async || {
            match namespaces.get_opt(&space.namespace).await {
                Ok(None) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_immutable_secret_is_made_and_its_change_is_refused_until_it_is_deleted() {
    play("immutable", async |_, space| {
        let [first, second] = ["first", "second"].map(plaintext);
        let immutable = async |value: &str| {
            let mut sealed = space.seal("db", &[("password", value)]).await.unwrap();
            sealed.spec.template = Some(waxwing_api::SecretTemplate {
                immutable: Some(true),
                ..Default::default()
            });
            space.apply(&sealed).await.unwrap();
        };
        immutable(&first).await;
        space.ready("db").await.unwrap();
        assert_eq!(space.secret("db").await.unwrap().immutable, Some(true));

        immutable(&second).await;
        let message = space.refused("db", Reason::ImmutableSecret).await.unwrap();
        assert!(message.contains("delete"), "no next step in: {message}");
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &first)])
        );

        space
            .secrets()
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        space.holds("db", &[("password", &second)]).await.unwrap();
        space.ready("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_has_not_changed_is_not_written_again() {
    play("unchanged", async |_, space| {
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let written = space.secret("db").await.unwrap().resource_version();
        // Sealed anew, the same value is another ciphertext.
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let secret: Secret = space.secret("db").await.unwrap();
        assert_eq!(secret.resource_version(), written);
    })
    .await;
}
