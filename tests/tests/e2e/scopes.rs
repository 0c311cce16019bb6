//! Where a sealed value may be opened.

use waxwing_api::{Reason, SealedSecret};
use waxwing_crypto::{Place, ScopeKind};
use waxwing_tests::{Space, Stage, canary::plaintext, sealing};

use crate::play;

/// A SealedSecret `name` in `space` with one item, whose value was sealed for `place`.
async fn misplaced(
    stage: &Stage,
    space: &Space,
    name: &str,
    item: &str,
    place: Place<'_>,
    scope: ScopeKind,
) -> SealedSecret {
    let recipient = stage.primary().await.unwrap();
    let mut sealed = space.seal(name, &[]).await.unwrap();
    let value = sealing::sealed_value(&plaintext("moved"), &place, scope, &recipient).unwrap();
    sealed.spec.encrypted_data.insert(item.to_owned(), value);
    sealed
}

#[tokio::test]
async fn a_strict_value_does_not_open_anywhere_but_in_its_place() {
    play("strict", async |stage, space| {
        let here = space.namespace.as_str();
        let cases = [
            (
                "other-namespace",
                Place {
                    namespace: "elsewhere",
                    name: "other-namespace",
                    item: "password",
                },
            ),
            (
                "other-name",
                Place {
                    namespace: here,
                    name: "db",
                    item: "password",
                },
            ),
            (
                "other-item",
                Place {
                    namespace: here,
                    name: "other-item",
                    item: "pass",
                },
            ),
        ];
        for (name, place) in cases {
            let belongs = format!("strict {} {} {}", place.namespace, place.name, place.item)
                .replace(' ', "/");
            let sealed = misplaced(stage, space, name, "password", place, ScopeKind::Strict).await;
            space.apply(&sealed).await.unwrap();
            let message = space.refused(name, Reason::ScopeMismatch).await.unwrap();
            let told = message.replace(' ', "/");
            assert!(
                told.contains(&belongs),
                "{name}: not where it belongs ({belongs}) in: {message}"
            );
            assert!(!space.has_secret(name).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn a_namespace_wide_value_opens_under_every_name_of_its_namespace_only() {
    play("namespace-wide", async |stage, space| {
        let here = Place {
            namespace: &space.namespace,
            name: "any",
            item: "any",
        };
        let sealed = misplaced(stage, space, "db", "password", here, ScopeKind::Namespace).await;
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        space
            .holds("db", &[("password", &plaintext("moved"))])
            .await
            .unwrap();

        let elsewhere = Place {
            namespace: "elsewhere",
            name: "stray",
            item: "password",
        };
        let sealed = misplaced(
            stage,
            space,
            "stray",
            "password",
            elsewhere,
            ScopeKind::Namespace,
        )
        .await;
        space.apply(&sealed).await.unwrap();
        let message = space.refused("stray", Reason::ScopeMismatch).await.unwrap();
        assert!(
            message.contains("elsewhere"),
            "not where it belongs in: {message}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_cluster_wide_value_opens_everywhere() {
    play("cluster-wide", async |stage, space| {
        let elsewhere = Place {
            namespace: "elsewhere",
            name: "any",
            item: "any",
        };
        let sealed = misplaced(
            stage,
            space,
            "db",
            "password",
            elsewhere,
            ScopeKind::Cluster,
        )
        .await;
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        space
            .holds("db", &[("password", &plaintext("moved"))])
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_sealed_secret_may_mix_scopes() {
    play("mixed", async |stage, space| {
        let recipient = stage.primary().await.unwrap();
        let mut sealed = space
            .seal("db", &[("strict", &plaintext("strict"))])
            .await
            .unwrap();
        for (item, scope) in [
            ("namespace", ScopeKind::Namespace),
            ("cluster", ScopeKind::Cluster),
        ] {
            let place = Place {
                namespace: &space.namespace,
                name: "another",
                item: "another",
            };
            let value = sealing::sealed_value(&plaintext(item), &place, scope, &recipient).unwrap();
            sealed.spec.encrypted_data.insert(item.to_owned(), value);
        }
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        let values = ["cluster", "namespace", "strict"].map(|item| (item, plaintext(item)));
        let expected: Vec<_> = values
            .iter()
            .map(|(item, value)| (*item, value.as_str()))
            .collect();
        space.holds("db", &expected).await.unwrap();
    })
    .await;
}
