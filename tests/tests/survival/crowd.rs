//! Ten thousand objects, created as fast as the API server takes them, and deleted at once.

use std::time::Duration;

use kube::api::{DeleteParams, ListParams};
use waxwing_tests::{Controller, Space, Stage, canary::plaintext, crowd, keys::sealing_keys, wait};

const OBJECTS: usize = 10_000;

/// Kubernetes collects garbage at its own pace.
const PATIENCE: Duration = Duration::from_secs(600);

const SEALED_SECRETS: &str = "waxwing_sealed_secrets";

fn memory(controller: &Controller) -> u64 {
    controller.usage().unwrap().memory_kib / 1024
}

/// The API server gives up a deletion that takes it more than a minute; what it did by then is done.
async fn delete_all(space: &Space) {
    let sealed = space.sealed_secrets();
    wait::until_within(PATIENCE, "all SealedSecrets to be deleted", async || {
        let deleted = sealed
            .delete_collection(&DeleteParams::default(), &ListParams::default())
            .await
            .map(drop);
        let left = sealed.list_metadata(&ListParams::default().limit(1)).await;
        match left.map_err(|error| error.to_string())?.items.len() {
            0 => Ok(()),
            _ => Err(format!("{deleted:?}")),
        }
    })
    .await
    .unwrap();
}

async fn no_secret_is_left(space: &Space) {
    let secrets = space.secrets();
    wait::until_within(PATIENCE, "all Secrets to be collected", async || {
        let list = secrets.list_metadata(&ListParams::default().limit(1)).await;
        let list = list.map_err(|error| error.to_string())?;
        match list.items.len() {
            0 => Ok(()),
            _ => Err(format!("{:?} more", list.metadata.remaining_item_count)),
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn ten_thousand_objects_deleted_at_once_leave_nothing_behind() {
    let stage = Stage::own(&[]).await.unwrap();
    let controller = stage.controller.as_ref().unwrap();
    let space = stage.space("crowd").await.unwrap();
    let key = stage.primary().await.unwrap();
    let empty = memory(controller);
    let value = crowd::value(&space, &plaintext("crowd"), &key);
    let names = (0..OBJECTS).map(|number| format!("object-{number}"));
    let objects = names.map(|name| crowd::member(&space, &name, &value));
    crowd::create(&space, objects).await.unwrap();
    let expected = u64::try_from(OBJECTS).unwrap();
    controller
        .to_count(SEALED_SECRETS, "state=\"Ready\"", expected, PATIENCE)
        .await
        .unwrap();
    let full = memory(controller);

    delete_all(&space).await;
    for metric in [
        SEALED_SECRETS,
        "waxwing_key_dependents",
        "waxwing_queue_depth",
    ] {
        controller.to_count(metric, "", 0, PATIENCE).await.unwrap();
    }
    let keys = sealing_keys(&space.client);
    wait::until("the key to have no dependents", async || {
        let key = keys.get(&key.key_id().to_string()).await;
        let key = key.map_err(|error| error.to_string())?;
        match key.status.and_then(|status| status.dependents) {
            Some(0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
    no_secret_is_left(&space).await;
    let value = plaintext("afterwards");
    space.unseal("db", &[("password", &value)]).await.unwrap();
    space.holds("db", &[("password", &value)]).await.unwrap();
    assert_eq!(controller.unseals("result=\"failure\"").await.unwrap(), 0);
    println!(
        "{OBJECTS} objects unsealed and deleted at once; the controller had {empty} MiB without them, {full} MiB with them, and {} MiB afterwards",
        memory(controller)
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}
