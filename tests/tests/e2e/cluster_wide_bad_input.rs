//! ClusterSealedSecrets that ask for what they do not get.

use serde_json::json;
use waxwing_api::Reason;
use waxwing_crypto::{Place, ScopeKind};
use waxwing_tests::{
    Space,
    canary::plaintext,
    cluster_wide::{apply, becomes, message, sealed},
    sealing,
};

use crate::play_alone;

#[tokio::test]
async fn no_selector_reaches_a_protected_namespace() {
    play_alone("protected", &[], async |stage, space| {
        let recipient = stage.primary().await.unwrap();
        let value = plaintext("p");
        let object = apply(&space.client, &sealed("db", &json!({}), &value, &recipient))
            .await
            .unwrap();
        // The namespace of the test, and Kubernetes' own default.
        let object = becomes(&space.client, &object.metadata.name.unwrap(), "Unsealed", 2)
            .await
            .unwrap();
        let protected = [
            "kube-node-lease",
            "kube-public",
            "kube-system",
            "waxwing-system",
        ];
        let text = message(&object);
        assert!(text.contains(&protected.join(", ")), "{text}");
        assert_eq!(
            object.status.unwrap().namespaces.unwrap().protected,
            protected
        );
        for namespace in protected {
            let space = Space {
                client: space.client.clone(),
                namespace: namespace.to_owned(),
            };
            assert!(!space.has_secret("db").await.unwrap(), "{namespace}");
        }

        let only_protected =
            json!({ "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } });
        apply(
            &space.client,
            &sealed("db", &only_protected, &value, &recipient),
        )
        .await
        .unwrap();
        let object = becomes(&space.client, "db", "Unsealed", 0).await.unwrap();
        assert!(
            message(&object).contains("protected"),
            "{}",
            message(&object)
        );
        space.secret_gone("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_value_of_a_narrower_scope_is_refused_with_the_reason_and_its_secrets_stay() {
    play_alone("narrow", &[], async |stage, space| {
        let recipient = stage.primary().await.unwrap();
        let value = plaintext("p");
        let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": space.namespace } });
        let mut object = sealed("db", &here, &value, &recipient);
        apply(&space.client, &object).await.unwrap();
        becomes(&space.client, "db", "Unsealed", 1).await.unwrap();

        let place = Place {
            namespace: &space.namespace,
            name: "db",
            item: "token",
        };
        for scope in [ScopeKind::Strict, ScopeKind::Namespace] {
            let token = sealing::sealed_value(&value, &place, scope, &recipient).unwrap();
            object.spec.encrypted_data.insert("token".to_owned(), token);
            apply(&space.client, &object).await.unwrap();
            let refused = becomes(&space.client, "db", Reason::ScopeMismatch.as_str(), 0)
                .await
                .unwrap();
            let text = message(&refused);
            assert!(
                text.contains("token") && text.contains("the scope cluster only"),
                "{text}"
            );
        }
        space.holds("db", &[("password", &value)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_selector_that_is_none_is_told_and_nothing_is_written() {
    play_alone("selector", &[], async |stage, space| {
        let recipient = stage.primary().await.unwrap();
        let selector = json!({ "matchExpressions": [{ "key": "a", "operator": "Matches" }] });
        apply(
            &space.client,
            &sealed("db", &selector, &plaintext("p"), &recipient),
        )
        .await
        .unwrap();
        let object = becomes(&space.client, "db", Reason::InvalidSelector.as_str(), 0)
            .await
            .unwrap();
        assert!(message(&object).contains("NotIn"), "{}", message(&object));
        assert!(!space.has_secret("db").await.unwrap());
    })
    .await;
}
