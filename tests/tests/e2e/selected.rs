//! A cluster that two controllers share: each looks after the objects that its label selector picks.

use std::{cell::RefCell, collections::BTreeMap};

use k8s_openapi::api::{
    core::v1::Namespace,
    rbac::v1::{Role, RoleBinding},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use waxwing_api::{ConditionType, SealedSecret, SealingKey, names::DEFAULT_NAMESPACE};
use waxwing_crypto::Recipient;
use waxwing_tests::{
    Cluster, Controller, Space, Stage, canary::plaintext, sealing, space::condition, wait,
};

/// The namespace of the second controller.
const SECOND: &str = "waxwing-second";

#[tokio::test]
async fn two_controllers_share_a_cluster_by_labels() {
    let cluster = Cluster::installed().await.unwrap();
    let client = cluster.client().await.unwrap();
    make_second_home(&client).await;
    let first = Controller::spawn(&cluster, &["--label-selector", "team=a"]).await;
    let args = ["--label-selector", "team=b", "--namespace", SECOND];
    let second = Controller::spawn(&cluster, &args).await.unwrap();
    let controller = Some(first.unwrap());
    let stage = Stage {
        controller,
        cluster,
    };
    let space = stage.space("shared").await.unwrap();

    let value = plaintext("p");
    for (team, home) in [("a", DEFAULT_NAMESPACE), ("b", SECOND)] {
        space
            .apply(&sealed(&space, team, home, &value).await)
            .await
            .unwrap();
        space.ready(team).await.unwrap();
        space.holds(team, &[("password", &value)]).await.unwrap();
    }
    let nobodys = sealed(&space, "c", SECOND, &value).await;
    space.apply(&nobodys).await.unwrap();

    // Handed over: the Secret stays, and the second controller says from now on how it stands.
    let to_second = json!({ "metadata": { "labels": { "team": "b" } } });
    let patch = Patch::Merge(to_second);
    let api = space.sealed_secrets();
    api.patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    let changed = sealed(&space, "a", SECOND, &plaintext("q")).await;
    let changed = json!({ "spec": changed.spec });
    let patch = Patch::Merge(changed);
    api.patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    space.ready("a").await.unwrap();
    space
        .holds("a", &[("password", &plaintext("q"))])
        .await
        .unwrap();

    let nobodys: SealedSecret = api.get("c").await.unwrap();
    assert_eq!(condition(&nobodys, ConditionType::Ready), None);
    second.terminate().unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_label_selector_that_is_none_ends_the_controller() {
    let cluster = Cluster::installed().await.unwrap();
    let controller = Controller::launch(&cluster, &["--label-selector", "a==b==c"]).unwrap();
    let controller = RefCell::new(controller);
    let status = wait::until("its end", async || {
        controller.borrow_mut().ended().ok_or("it runs".to_owned())
    });
    assert_eq!(status.await.unwrap().code(), Some(1));
    let log = controller.borrow().logs().unwrap();
    assert!(log.contains("\"a==b==c\" is no label selector"), "{log}");
}

/// An object with the label of its team, sealed to the primary key of the controller in `home`.
async fn sealed(space: &Space, team: &str, home: &str, value: &str) -> SealedSecret {
    let recipient = primary(&space.client, home).await;
    let items = [("password", value)];
    let mut sealed = sealing::sealed_secret(&space.namespace, team, &items, &recipient).unwrap();
    let labels = BTreeMap::from([("team".to_owned(), team.to_owned())]);
    sealed.metadata.labels = Some(labels);
    sealed
}

async fn primary(client: &Client, home: &str) -> Recipient {
    let keys: Api<SealingKey> = Api::namespaced(client.clone(), home);
    wait::until("a primary key", async || {
        let keys = keys
            .list(&Default::default())
            .await
            .map_err(|error| error.to_string())?;
        let primary = keys
            .iter()
            .find(|key| key.status.as_ref().is_some_and(|status| status.primary));
        let primary = primary.ok_or("none is primary")?;
        primary
            .spec
            .recipient
            .parse()
            .map_err(|_| "unreadable".to_owned())
    })
    .await
    .unwrap()
}

/// A namespace in which the controller's ServiceAccount may do what it may do at home.
async fn make_second_home(client: &Client) {
    let metadata = ObjectMeta {
        name: Some(SECOND.to_owned()),
        ..ObjectMeta::default()
    };
    let namespace = Namespace {
        metadata,
        ..Namespace::default()
    };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    copy::<Role>(client).await;
    copy::<RoleBinding>(client).await;
}

async fn copy<K>(client: &Client)
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let mut original = Api::<K>::namespaced(client.clone(), DEFAULT_NAMESPACE)
        .get("waxwing-controller")
        .await
        .unwrap();
    *original.meta_mut() = ObjectMeta {
        name: Some(original.name_any()),
        ..ObjectMeta::default()
    };
    let second = Api::<K>::namespaced(client.clone(), SECOND);
    second
        .create(&PostParams::default(), &original)
        .await
        .unwrap();
}
