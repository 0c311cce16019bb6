//! ClusterSealedSecrets: one sealed object, and a Secret in every namespace that it selects.

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use waxwing_api::{DeletionPolicy, Reason, SecretTemplate};
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    cluster_wide::{all, apply, becomes, message, sealed},
    keys::{request_rollover, sealing_keys},
    wait,
};

use crate::play_alone;

/// Sets the label `team` of a namespace, or takes it away.
pub(crate) async fn set_team(space: &Space, team: Option<&str>) {
    let patch = json!({ "metadata": { "labels": { "team": team } } });
    Api::<Namespace>::all(space.client.clone())
        .patch(
            &space.namespace,
            &PatchParams::default(),
            &Patch::Merge(patch),
        )
        .await
        .unwrap();
}

fn team_a() -> Value {
    json!({ "matchLabels": { "team": "a" } })
}

#[tokio::test]
async fn its_secrets_follow_namespaces_as_they_come_and_go() {
    play_alone("follow", &[], async |stage, first| {
        let (client, recipient) = (&first.client, stage.primary().await.unwrap());
        let [value, changed] = ["p", "changed"].map(plaintext);
        set_team(first, Some("a")).await;
        apply(client, &sealed("db", &team_a(), &value, &recipient))
            .await
            .unwrap();
        becomes(client, "db", "Unsealed", 1).await.unwrap();
        let secret = first.holds("db", &[("password", &value)]).await.unwrap();
        assert_eq!(secret.owner_references()[0].kind, "ClusterSealedSecret");

        let second = stage.space("second").await.unwrap();
        let other = stage.space("other").await.unwrap();
        set_team(&second, Some("a")).await;
        second.holds("db", &[("password", &value)]).await.unwrap();
        becomes(client, "db", "Unsealed", 2).await.unwrap();
        let untouched = first.secret("db").await.unwrap().resource_version();
        assert_eq!(untouched, secret.resource_version());

        set_team(first, None).await;
        first.secret_gone("db").await.unwrap();
        becomes(client, "db", "Unsealed", 1).await.unwrap();

        second
            .secrets()
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        second.holds("db", &[("password", &value)]).await.unwrap();
        set_team(&other, Some("a")).await;
        apply(client, &sealed("db", &team_a(), &changed, &recipient))
            .await
            .unwrap();
        for space in [&second, &other] {
            space.holds("db", &[("password", &changed)]).await.unwrap();
        }
        becomes(client, "db", "Unsealed", 2).await.unwrap();

        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces
            .delete(&other.namespace, &DeleteParams::default())
            .await
            .unwrap();
        becomes(client, "db", "Unsealed", 1).await.unwrap();
        all(client)
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        second.secret_gone("db").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_restart_over_unchanged_secrets_unseals_and_writes_nothing() {
    play_alone("cluster-restart", &[], async |stage, space| {
        let recipient = stage.primary().await.unwrap();
        set_team(space, Some("a")).await;
        let object = sealed("db", &team_a(), &plaintext("p"), &recipient);
        apply(&space.client, &object).await.unwrap();
        let before = becomes(&space.client, "db", "Unsealed", 1).await.unwrap();
        stage.controller.take().unwrap().terminate().unwrap();
        let second = stage.space("while-down").await.unwrap();

        let controller = Controller::spawn(&stage.cluster, &[]).await.unwrap();
        stage.controller = Some(controller);
        is_known(stage).await;
        let controller = stage.controller.as_ref().unwrap();
        assert_eq!(controller.unseals("").await.unwrap(), 0);
        let after = all(&space.client).get("db").await.unwrap();
        assert_eq!(after.resource_version(), before.resource_version());

        set_team(&second, Some("a")).await;
        becomes(&space.client, "db", "Unsealed", 2).await.unwrap();
    })
    .await;
}

/// Waits until the controller has looked at the one object of the cluster.
async fn is_known(stage: &Stage) {
    let controller = stage.controller.as_ref().unwrap();
    wait::until("the object to be known", async || {
        let metrics = controller
            .metrics()
            .await
            .map_err(|error| error.to_string())?;
        let is_known = metrics.contains("waxwing_sealed_secrets{state=\"Ready\"} 1");
        if is_known { Ok(()) } else { Err(metrics) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_key_that_it_needs_has_a_dependent_and_a_rollover_renews_it() {
    play_alone("cluster-keys", &[], async |stage, space| {
        let old = stage.primary().await.unwrap();
        set_team(space, Some("a")).await;
        apply(
            &space.client,
            &sealed("db", &team_a(), &plaintext("p"), &old),
        )
        .await
        .unwrap();
        becomes(&space.client, "db", "Unsealed", 1).await.unwrap();
        let keys = sealing_keys(&space.client);
        let id = old.key_id().to_string();
        wait::until("a dependent", async || {
            let key = keys.get(&id).await.map_err(|error| error.to_string())?;
            let dependents = key.status.and_then(|status| status.dependents);
            if dependents == Some(1) {
                Ok(())
            } else {
                Err(format!("{dependents:?}"))
            }
        })
        .await
        .unwrap();

        request_rollover(&space.client, &id).await.unwrap();
        let renewed = wait::until("a renewal", async || {
            let object = all(&space.client)
                .get("db")
                .await
                .map_err(|error| error.to_string())?;
            let status = object.status.unwrap_or_default();
            status
                .renewal
                .ok_or_else(|| format!("{:?}", status.conditions))
        })
        .await
        .unwrap();
        let patch = json!({ "spec": { "encryptedData": renewed.encrypted_data } });
        let patch = Patch::Merge(patch);
        all(&space.client)
            .patch("db", &PatchParams::default(), &patch)
            .await
            .unwrap();
        let object = becomes(&space.client, "db", "Unsealed", 1).await.unwrap();
        assert_ne!(object.status.unwrap().key_ids, [id]);
    })
    .await;
}

#[tokio::test]
async fn under_retain_its_secrets_outlive_it_and_their_namespaces_selection() {
    play_alone("cluster-retain", &[], async |stage, first| {
        let recipient = stage.primary().await.unwrap();
        let second = stage.space("second").await.unwrap();
        for space in [first, &second] {
            set_team(space, Some("a")).await;
        }
        let value = plaintext("p");
        let mut object = sealed("db", &team_a(), &value, &recipient);
        object.spec.deletion_policy = DeletionPolicy::Retain;
        object.spec.template = Some(SecretTemplate {
            type_: Some("example.com/db".to_owned()),
            ..SecretTemplate::default()
        });
        apply(&first.client, &object).await.unwrap();
        becomes(&first.client, "db", "Unsealed", 2).await.unwrap();
        set_team(first, None).await;
        becomes(&first.client, "db", "Unsealed", 1).await.unwrap();
        all(&first.client)
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        // One that goes the ordinary way: when it is gone, the garbage collector has had its turn.
        second
            .unseal("other", &[("password", &value)])
            .await
            .unwrap();
        second.delete("other").await.unwrap();
        second.secret_gone("other").await.unwrap();
        for space in [first, &second] {
            space.holds("db", &[("password", &value)]).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn beside_a_sealed_secret_of_its_name_it_says_so_and_goes_on_elsewhere() {
    play_alone("cluster-name", &[], async |stage, first| {
        let recipient = stage.primary().await.unwrap();
        let second = stage.space("second").await.unwrap();
        let [own, wide] = ["own", "wide"].map(plaintext);
        first.unseal("db", &[("password", &own)]).await.unwrap();
        for space in [first, &second] {
            set_team(space, Some("a")).await;
        }
        apply(&first.client, &sealed("db", &team_a(), &wide, &recipient))
            .await
            .unwrap();
        let object = becomes(&first.client, "db", Reason::NotOwned.as_str(), 1)
            .await
            .unwrap();
        assert!(
            message(&object).contains(&first.namespace),
            "{}",
            message(&object)
        );
        let failed = object.status.unwrap().namespaces.unwrap().failed;
        assert_eq!(failed[0].name, first.namespace);
        first.holds("db", &[("password", &own)]).await.unwrap();
        second.holds("db", &[("password", &wide)]).await.unwrap();

        first.delete("db").await.unwrap();
        becomes(&first.client, "db", "Unsealed", 2).await.unwrap();
        first.holds("db", &[("password", &wide)]).await.unwrap();
    })
    .await;
}
