//! A controller for some namespaces, installed without any ClusterRole as docs/controller.md says.

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use waxwing_tests::{Cluster, Controller, Space, Stage, canary::plaintext, stage, wait};

use crate::installed_by;

/// The section of docs/controller.md whose commands install it.
const SECTION: &str = "Watch some namespaces only";

async fn space(cluster: &Cluster, namespace: &str) -> Space {
    Space {
        client: cluster.client().await.unwrap(),
        namespace: namespace.to_owned(),
    }
}

#[tokio::test]
async fn it_needs_no_cluster_role_for_the_namespaces_that_it_watches() {
    let cluster = installed_by(SECTION).await;
    let prod = space(&cluster, "prod").await;
    let client = prod.client.clone();
    for names in [
        names::<ClusterRole>(&client).await,
        names::<ClusterRoleBinding>(&client).await,
    ] {
        assert!(
            !names.iter().any(|name| name.contains("waxwing")),
            "{names:?}"
        );
    }

    let args = ["--watch-namespace", "prod"];
    let controller = Some(Controller::spawn(&cluster, &args).await.unwrap());
    let stage = Stage {
        controller,
        cluster,
    };
    let elsewhere = stage.space("elsewhere").await.unwrap();
    let value = plaintext("p");
    let unheeded = elsewhere.seal("db", &[("password", &value)]).await.unwrap();
    elsewhere.apply(&unheeded).await.unwrap();
    prod.unseal("db", &[("password", &value)]).await.unwrap();
    prod.secrets()
        .delete("db", &DeleteParams::default())
        .await
        .unwrap();
    prod.holds("db", &[("password", &value)]).await.unwrap();
    prod.delete("db").await.unwrap();
    prod.secret_gone("db").await.unwrap();
    assert!(!elsewhere.has_secret("db").await.unwrap());
    let unheeded = elsewhere.sealed_secrets().get("db").await.unwrap();
    assert!(unheeded.status.unwrap().conditions.is_empty());
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_namespace_that_it_may_not_watch_is_named_and_holds_up_no_other_one() {
    let cluster = installed_by(SECTION).await;
    let args = ["--watch-namespace", "prod,nowhere"];
    let controller = Controller::launch(&cluster, &args).unwrap();
    let prod = space(&cluster, "prod").await;
    stage::primary(&prod.client).await.unwrap();
    prod.unseal("db", &[("password", &plaintext("p"))])
        .await
        .unwrap();
    assert!(!controller.is_ready().await.unwrap());
    wait::until("the missing permission in the log", async || {
        let log = controller.logs().map_err(|error| error.to_string())?;
        let told = log
            .lines()
            .any(|line| line.contains("in nowhere") && line.contains("may not watch secrets"));
        if told { Ok(()) } else { Err(log) }
    })
    .await
    .unwrap();
}

async fn names<K>(client: &kube::Client) -> Vec<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let all = Api::<K>::all(client.clone())
        .list(&ListParams::default())
        .await;
    all.unwrap().iter().map(ResourceExt::name_any).collect()
}
