//! What happens while parts of the system are down, and afterwards.

use std::time::Duration;

use kube::{ResourceExt, api::DeleteParams};
use rand::Rng;
use serde_json::json;
use waxwing_tests::{Controller, canary::plaintext, space::items};

use crate::play_alone;

/// The one Pod in which a killed controller starts again.
const POD: &str = "waxwing-controller-0";

#[tokio::test]
async fn what_changed_while_the_controller_was_down_is_made_good_at_its_start() {
    play_alone("down", &[], async |stage, space| {
        let [first, second] = ["first", "second"].map(plaintext);
        for name in ["same", "updated", "deleted", "edited", "lost"] {
            space.unseal(name, &[("password", &first)]).await.unwrap();
        }
        let unchanged = space.secret("same").await.unwrap().resource_version();
        stage.controller.take().unwrap().terminate().unwrap();

        space
            .apply(
                &space
                    .seal("created", &[("password", &first)])
                    .await
                    .unwrap(),
            )
            .await
            .unwrap();
        space
            .apply(
                &space
                    .seal("updated", &[("password", &second)])
                    .await
                    .unwrap(),
            )
            .await
            .unwrap();
        space.delete("deleted").await.unwrap();
        space
            .edit_secret("edited", json!({ "stringData": { "password": "edited" } }))
            .await
            .unwrap();
        space
            .secrets()
            .delete("lost", &DeleteParams::default())
            .await
            .unwrap();

        stage.controller = Some(Controller::spawn(&stage.cluster, &[]).await.unwrap());
        for (name, value) in [
            ("created", &first),
            ("updated", &second),
            ("edited", &first),
            ("lost", &first),
        ] {
            space.holds(name, &[("password", value)]).await.unwrap();
            space.ready(name).await.unwrap();
        }
        space.secret_gone("deleted").await.unwrap();
        assert_eq!(
            space.secret("same").await.unwrap().resource_version(),
            unchanged
        );
    })
    .await;
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_where_it_was() {
    const KILLS: usize = 15;
    play_alone("killed", &[], async |stage, space| {
        let names: Vec<String> = (0..8).map(|number| format!("db-{number}")).collect();
        for round in 0..KILLS {
            let value = plaintext(&format!("round-{round}"));
            for name in &names {
                space
                    .apply(&space.seal(name, &[("password", &value)]).await.unwrap())
                    .await
                    .unwrap();
            }
            tokio::time::sleep(Duration::from_millis(rand::thread_rng().gen_range(0..400))).await;
            stage.controller.take().unwrap().kill9();
            stage.controller = Some(Controller::launch_as(&stage.cluster, POD, &[]).unwrap());
        }
        stage.controller.as_mut().unwrap().ready().await.unwrap();
        let last = plaintext(&format!("round-{}", KILLS - 1));
        for name in &names {
            space.ready(name).await.unwrap();
            assert_eq!(
                space.items(name).await.unwrap(),
                items(&[("password", &last)])
            );
        }
    })
    .await;
}

/// With a rollover period of two seconds, some of the kills hit a key that is half made.
#[tokio::test]
async fn killed_during_rollovers_it_loses_no_key() {
    play_alone(
        "killed-keys",
        &["--key-rollover-period", "2s"],
        async |stage, space| {
            let mut sealed = Vec::new();
            for round in 0..10 {
                let name = format!("db-{round}");
                space
                    .apply(
                        &space
                            .seal(&name, &[("password", &plaintext(&name))])
                            .await
                            .unwrap(),
                    )
                    .await
                    .unwrap();
                sealed.push(name);
                tokio::time::sleep(Duration::from_millis(rand::thread_rng().gen_range(0..1000)))
                    .await;
                stage.controller.take().unwrap().kill9();
                let args = ["--key-rollover-period", "2s"];
                stage.controller = Some(Controller::launch_as(&stage.cluster, POD, &args).unwrap());
            }
            stage.controller.as_mut().unwrap().ready().await.unwrap();
            for name in &sealed {
                space.ready(name).await.unwrap();
                assert_eq!(
                    space.items(name).await.unwrap(),
                    items(&[("password", &plaintext(name))])
                );
            }
        },
    )
    .await;
}

#[tokio::test]
async fn it_outlives_a_restart_of_the_api_server_and_of_etcd() {
    play_alone("api-server", &[], async |stage, space| {
        let [before, after] = ["before", "after"].map(plaintext);
        space.unseal("db", &[("password", &before)]).await.unwrap();
        stage.cluster.kill_api_server();
        stage.cluster.kill_etcd();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(
            stage.controller.as_mut().unwrap().ended().is_none(),
            "it ended with the API server"
        );
        stage.cluster.start_etcd().unwrap();
        stage.cluster.start_api_server().await.unwrap();

        let space = stage.space("afterwards").await.unwrap();
        space.unseal("db", &[("password", &after)]).await.unwrap();
        space
            .secrets()
            .delete("db", &DeleteParams::default())
            .await
            .unwrap();
        space.holds("db", &[("password", &after)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn it_stops_gracefully_when_it_is_told_to() {
    play_alone("sigterm", &[], async |stage, space| {
        space
            .unseal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let status = stage.controller.take().unwrap().terminate().unwrap();
        assert_eq!(status.code(), Some(0));
    })
    .await;
}
