//! Objects as large as the API server and etcd take them.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use waxwing_api::{ConditionType, SealedSecret};
use waxwing_tests::{
    Controller, Space, Stage,
    canary::plaintext,
    cluster_wide::{self, becomes},
    crowd,
    keys::request_rollover,
    space::condition,
    wait,
};

use crate::rest::comes_to_rest;

/// The limit of Kubernetes on the items of a Secret together, in bytes.
const LARGEST_SECRET: usize = 1 << 20;

const PADDING: &str = "example.com/padding";

/// No less than what is allowed of annotations together, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

/// A plaintext of that length, in bytes.
fn long(label: &str, len: usize) -> String {
    let mut text = plaintext(label);
    text.extend(std::iter::repeat_n('x', len - text.len()));
    text
}

/// Creates the largest object that the API server takes, by the padding in an annotation. Returns how long
/// that is, in bytes.
async fn create_largest<K>(api: &Api<K>, mut object: K) -> usize
where
    K: Resource + Clone + Debug + Serialize + DeserializeOwned,
{
    let name = object.name_any();
    let mut pad = |len: usize| {
        let padding = [(PADDING.to_owned(), "x".repeat(len))].into();
        object.meta_mut().annotations = Some(padding);
        object.clone()
    };
    let (mut fits, mut too_long) = (0, ANNOTATIONS - PADDING.len());
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        match api.create(&PostParams::default(), &pad(middle)).await {
            Ok(_) => {
                api.delete(&name, &DeleteParams::default()).await.unwrap();
                fits = middle;
            }
            Err(error) => {
                assert!(error.to_string().contains("too large"), "{error}");
                too_long = middle;
            }
        }
    }
    api.create(&PostParams::default(), &pad(fits))
        .await
        .unwrap();
    fits
}

/// Waits until the condition Stale has that reason, and asserts that Ready is True.
async fn stale<K>(
    api: &Api<K>,
    name: &str,
    reason: &str,
    conditions: impl Fn(&K) -> Vec<Condition>,
) -> K
where
    K: Clone + Debug + DeserializeOwned,
{
    wait::until(&format!("{name} to be stale: {reason}"), async || {
        let object = api.get(name).await.map_err(|error| error.to_string())?;
        let conditions = conditions(&object);
        let find = |type_: ConditionType| {
            let mut all = conditions.iter();
            all.find(|condition| condition.type_ == type_.as_str())
        };
        let ready = find(ConditionType::Ready).map(|ready| ready.status.as_str());
        assert_eq!(ready, Some("True"), "{conditions:?}");
        match find(ConditionType::Stale) {
            Some(stale) if stale.reason == reason => Ok(object),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap()
}

async fn roll_over(stage: &Stage, space: &Space) {
    let old = stage.primary().await.unwrap();
    let name = old.key_id().to_string();
    request_rollover(&space.client, &name).await.unwrap();
    wait::until("another primary", async || match stage.primary().await {
        Ok(primary) if primary != old => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_largest_secret_is_unsealed_and_stays_ready_where_its_renewal_has_no_room() {
    let stage = Stage::own(&[]).await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("largest").await.unwrap();
    // A megabyte does not fit beside its renewal; half of it does.
    for (name, len) in [
        ("largest", LARGEST_SECRET),
        ("half", LARGEST_SECRET / 2 - 8 * 1024),
    ] {
        let value = long(name, len);
        space.unseal(name, &[("value", &value)]).await.unwrap();
        space.holds(name, &[("value", &value)]).await.unwrap();
    }
    let recipient = stage.primary().await.unwrap();
    let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": space.namespace } });
    let value = long("everywhere", LARGEST_SECRET);
    let object = cluster_wide::sealed("everywhere", &here, &value, &recipient);
    // Half of it is longer than one annotation may be, so it is not applied from the client's side.
    cluster_wide::apply(&space.client, &object).await.unwrap();
    becomes(&space.client, "everywhere", "Unsealed", 1)
        .await
        .unwrap();
    space
        .holds("everywhere", &[("password", &value)])
        .await
        .unwrap();

    roll_over(&stage, &space).await;
    let of = |sealed: &SealedSecret| sealed.status.clone().unwrap_or_default().conditions;
    let sealed = space.sealed_secrets();
    let largest = stale(&sealed, "largest", "NoRoomForRenewal", of).await;
    assert!(largest.status.unwrap().renewal.is_none());
    wait::until("the renewal of the half", async || {
        let half = stale(&sealed, "half", "NotPrimaryKey", of).await;
        let renewal = half.status.and_then(|status| status.renewal);
        renewal.map(drop).ok_or_else(|| "none yet".to_owned())
    })
    .await
    .unwrap();
    let all = cluster_wide::all(&space.client);
    let everywhere = stale(&all, "everywhere", "NoRoomForRenewal", |object| {
        object.status.clone().unwrap_or_default().conditions
    })
    .await;
    assert!(everywhere.status.unwrap().renewal.is_none());
    comes_to_rest(controller).await;
    println!(
        "Secrets of {LARGEST_SECRET} bytes unsealed, and Ready after a rollover; of the sealed ones, one of half the size has its renewal"
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn an_object_that_leaves_no_room_for_its_status_has_its_secret_and_is_told_of_by_an_event() {
    let mut stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("full").await.unwrap();
    let primary = stage.primary().await.unwrap();
    stage.controller.take().unwrap().terminate().unwrap();
    // 1.33 MiB when it is sealed; annotations fill the rest.
    let value = long("full", 1_000_000);
    let sealed = crowd::member(&space, "full", &crowd::value(&space, &value, &primary));
    let padding = create_largest(&space.sealed_secrets(), sealed).await;
    let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": space.namespace } });
    let object = cluster_wide::sealed("everywhere", &here, &value, &primary);
    create_largest(&cluster_wide::all(&space.client), object).await;

    let controller = Controller::spawn(&stage.cluster, &[]).await.unwrap();
    space.holds("full", &[(crowd::ITEM, &value)]).await.unwrap();
    space
        .holds("everywhere", &[("password", &value)])
        .await
        .unwrap();
    for name in ["full", "everywhere"] {
        is_told_of(&space, name).await;
    }
    counts_too_large(&controller, 2).await;
    comes_to_rest(&controller).await;
    for resource in ["sealedsecrets", "clustersealedsecrets"] {
        let refused = format!("resource=\"{resource}/status\",code=\"500\"");
        let refused = controller.total("waxwing_api_requests_total", &refused);
        let refused = refused.await.unwrap();
        assert_eq!(refused, 1, "{resource}: attempts to write the status");
    }

    // Less annotations make room, though they are no new generation.
    let less = json!({ "metadata": { "annotations": { PADDING: null } } });
    let patch = Patch::Merge(less);
    let sealed = space.sealed_secrets();
    sealed
        .patch("full", &PatchParams::default(), &patch)
        .await
        .unwrap();
    let ready = space.ready("full").await.unwrap();
    assert_eq!(
        condition(&ready, ConditionType::Ready).unwrap().reason,
        "Unsealed"
    );
    counts_too_large(&controller, 1).await;
    stage.controller = Some(controller);
    println!("an object of 1.5 MiB, {padding} bytes of them padding, was unsealed and told of");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

async fn counts_too_large(controller: &Controller, number: u64) {
    let state = "state=\"TooLarge\"";
    let counted = controller.to_count("waxwing_sealed_secrets", state, number, wait::PATIENCE);
    counted.await.unwrap();
}

async fn is_told_of(space: &Space, name: &str) {
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::all(space.client.clone());
    let about = kube::api::ListParams::default().fields(&format!("involvedObject.name={name}"));
    wait::until(&format!("an event about {name}"), async || {
        let list = events
            .list(&about)
            .await
            .map_err(|error| error.to_string())?;
        let reasons: Vec<_> = list
            .iter()
            .filter_map(|event| event.reason.clone())
            .collect();
        match &reasons[..] {
            [reason] if reason == "TooLarge" => Ok(()),
            _ => Err(format!("{reasons:?}")),
        }
    })
    .await
    .unwrap();
}
