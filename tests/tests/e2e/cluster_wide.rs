//! ClusterSealedSecrets: one sealed object, and a Secret in every namespace that it selects.

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use waxwing_api::{ClusterSealedSecret, DeletionPolicy, Reason, SecretTemplate};
use waxwing_crypto::{Place, Recipient, ScopeKind};
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    keys::{request_rollover, sealing_keys},
    sealing, wait,
};

use crate::play_alone;

pub(crate) fn all(client: &Client) -> Api<ClusterSealedSecret> {
    Api::all(client.clone())
}

/// An object of one item of the scope cluster.
pub(crate) fn sealed(
    name: &str,
    selector: &Value,
    value: &str,
    recipient: &Recipient,
) -> ClusterSealedSecret {
    let anywhere = Place {
        namespace: "any",
        name: "any",
        item: "any",
    };
    let value = sealing::sealed_value(value, &anywhere, ScopeKind::Cluster, recipient).unwrap();
    let spec = json!({ "namespaceSelector": selector, "encryptedData": { "password": value } });
    ClusterSealedSecret::new(name, serde_json::from_value(spec).unwrap())
}

pub(crate) async fn apply(client: &Client, sealed: &ClusterSealedSecret) -> ClusterSealedSecret {
    let parameters = PatchParams::apply("gitops").force();
    let patch = Patch::Apply(sealed);
    all(client)
        .patch(&sealed.name_any(), &parameters, &patch)
        .await
        .unwrap()
}

/// Waits until the object, as it is now, has that reason at its condition Ready, and so many Secrets.
pub(crate) async fn becomes(
    client: &Client,
    name: &str,
    reason: &str,
    ready: i64,
) -> ClusterSealedSecret {
    wait::until(&format!("{name}: {reason}, {ready} Secrets"), async || {
        let object = all(client)
            .get(name)
            .await
            .map_err(|error| error.to_string())?;
        let status = object.status.clone().unwrap_or_default();
        let condition = status
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Ready");
        let namespaces = status.namespaces.clone().unwrap_or_default();
        let is_so = status.observed_generation == object.metadata.generation
            && condition.is_some_and(|condition| condition.reason == reason)
            && namespaces.ready == ready;
        if is_so {
            Ok(object)
        } else {
            Err(format!("{status:?}"))
        }
    })
    .await
    .unwrap()
}

pub(crate) fn message(object: &ClusterSealedSecret) -> String {
    let conditions = &object.status.as_ref().unwrap().conditions;
    let ready = conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    ready.unwrap().message.clone()
}

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
        apply(client, &sealed("db", &team_a(), &value, &recipient)).await;
        becomes(client, "db", "Unsealed", 1).await;
        let secret = first.holds("db", &[("password", &value)]).await.unwrap();
        assert_eq!(secret.owner_references()[0].kind, "ClusterSealedSecret");

        let second = stage.space("second").await.unwrap();
        let other = stage.space("other").await.unwrap();
        set_team(&second, Some("a")).await;
        second.holds("db", &[("password", &value)]).await.unwrap();
        becomes(client, "db", "Unsealed", 2).await;
        let untouched = first.secret("db").await.unwrap().resource_version();
        assert_eq!(untouched, secret.resource_version());

        set_team(first, None).await;
        first.secret_gone("db").await.unwrap();
        becomes(client, "db", "Unsealed", 1).await;

        second
            .secrets()
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        second.holds("db", &[("password", &value)]).await.unwrap();
        set_team(&other, Some("a")).await;
        apply(client, &sealed("db", &team_a(), &changed, &recipient)).await;
        for space in [&second, &other] {
            space.holds("db", &[("password", &changed)]).await.unwrap();
        }
        becomes(client, "db", "Unsealed", 2).await;

        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces
            .delete(&other.namespace, &DeleteParams::default())
            .await
            .unwrap();
        becomes(client, "db", "Unsealed", 1).await;
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
        apply(&space.client, &object).await;
        let before = becomes(&space.client, "db", "Unsealed", 1).await;
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
        becomes(&space.client, "db", "Unsealed", 2).await;
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
        .await;
        becomes(&space.client, "db", "Unsealed", 1).await;
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
        let object = becomes(&space.client, "db", "Unsealed", 1).await;
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
        apply(&first.client, &object).await;
        becomes(&first.client, "db", "Unsealed", 2).await;
        set_team(first, None).await;
        becomes(&first.client, "db", "Unsealed", 1).await;
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
        apply(&first.client, &sealed("db", &team_a(), &wide, &recipient)).await;
        let object = becomes(&first.client, "db", Reason::NotOwned.as_str(), 1).await;
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
        becomes(&first.client, "db", "Unsealed", 2).await;
        first.holds("db", &[("password", &wide)]).await.unwrap();
    })
    .await;
}
