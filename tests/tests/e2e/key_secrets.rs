//! Private keys that administrators put in, take away and restore, and such as are broken.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use waxwing_api::{KeyState, Reason, names::DEFAULT_NAMESPACE};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_tests::{
    Cluster, Controller, Stage,
    canary::plaintext,
    keys::{key_secrets, sealing_keys},
    space::items,
    wait,
};

use crate::{
    keys::{apply_sealed_to, create_key_secret, key_secret, published},
    play_alone,
};

#[tokio::test]
async fn a_key_added_by_hand_opens_values_live_and_does_not_become_primary() {
    play_alone("hand-added", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        let identity = Identity::generate(Algorithm::X25519);
        let password = plaintext("p");
        apply_sealed_to(
            space,
            "db",
            &[("password", &password)],
            identity.recipient(),
        )
        .await;
        space.refused("db", Reason::UnknownKey).await.unwrap();

        let content = format!(
            "# from the old cluster\n{}\n",
            identity.to_secret_string().as_str()
        );
        create_key_secret(&space.client, &key_secret("from-the-old-cluster", &content)).await;
        space.ready("db").await.unwrap();
        space.holds("db", &[("password", &password)]).await.unwrap();
        published(&space.client, identity.recipient(), KeyState::Retired).await;
        assert_eq!(stage.primary().await.unwrap(), primary);
    })
    .await;
}

#[tokio::test]
async fn a_key_taken_away_by_hand_opens_nothing_any_more() {
    play_alone("taken-away", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        let identity = Identity::generate(Algorithm::X25519);
        create_key_secret(
            &space.client,
            &key_secret("extra", identity.to_secret_string().as_str()),
        )
        .await;
        apply_sealed_to(
            space,
            "before",
            &[("password", &plaintext("p"))],
            identity.recipient(),
        )
        .await;
        space.ready("before").await.unwrap();

        let secrets: Api<Secret> = Api::namespaced(space.client.clone(), DEFAULT_NAMESPACE);
        secrets
            .delete("extra", &DeleteParams::default())
            .await
            .unwrap();
        apply_sealed_to(
            space,
            "after",
            &[("password", &plaintext("p"))],
            identity.recipient(),
        )
        .await;
        space.refused("after", Reason::UnknownKey).await.unwrap();
        assert!(space.has_secret("before").await.unwrap());
        assert_eq!(stage.primary().await.unwrap(), primary);
    })
    .await;
}

#[tokio::test]
async fn a_corrupt_key_secret_is_reported_and_no_new_key_is_made_in_its_place() {
    let mut stage = Stage {
        controller: None,
        cluster: Cluster::installed().await.unwrap(),
    };
    let client = stage.cluster.client().await.unwrap();
    let identity = Identity::generate(Algorithm::default());
    let name = identity.key_id().to_string();
    create_key_secret(&client, &key_secret(&name, "AGE-SECRET-KEY-PQ-1CORRUPT")).await;

    let controller = Controller::launch(&stage.cluster, &[]).unwrap();
    controller.logged(&[&name]).await.unwrap();
    // Time enough for a controller that started over to have done so.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(
        !controller.is_ready().await.unwrap(),
        "ready without a usable key"
    );
    assert_eq!(key_secrets(&client).await.unwrap().len(), 1);
    assert_eq!(
        sealing_keys(&client)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        0
    );
    assert!(
        !controller.logs().unwrap().contains("CORRUPT"),
        "the key Secret is quoted in the log"
    );

    // The administrator restores it from a backup, and the controller goes on without a restart.
    let secrets: Api<Secret> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    secrets
        .delete(&name, &DeleteParams::default())
        .await
        .unwrap();
    create_key_secret(
        &client,
        &key_secret(&name, identity.to_secret_string().as_str()),
    )
    .await;
    published(&client, identity.recipient(), KeyState::Retired).await;
    let space = stage.space("restored").await.unwrap();
    let password = plaintext("p");
    apply_sealed_to(
        &space,
        "db",
        &[("password", &password)],
        identity.recipient(),
    )
    .await;
    space.ready("db").await.unwrap();
    assert_eq!(
        space.items("db").await.unwrap(),
        items(&[("password", &password)])
    );
    stage.controller = Some(controller);
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_corrupt_key_secret_beside_a_good_one_stops_nothing() {
    play_alone("corrupt-beside", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        create_key_secret(&space.client, &key_secret("broken", "no identity")).await;
        wait::until("the corrupt key to be reported", async || {
            let logs = stage
                .controller
                .as_ref()
                .unwrap()
                .logs()
                .map_err(|error| error.to_string())?;
            if logs.contains("broken") {
                Ok(())
            } else {
                Err("not in the log".to_owned())
            }
        })
        .await
        .unwrap();
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        assert_eq!(stage.primary().await.unwrap(), primary);
        assert!(stage.controller.as_ref().unwrap().is_ready().await.unwrap());
    })
    .await;
}
