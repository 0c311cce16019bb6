//! A ClusterSealedSecret that lives in a file: sealed, applied, and brought to a new key.

use std::fs;

use kube::{
    Client,
    api::{Patch, PatchParams},
};
use waxwing_api::ClusterSealedSecret;
use waxwing_tests::{
    Stage, Waxwing,
    canary::plaintext,
    cluster_wide::{all, becomes},
    scratch::Scratch,
    wait,
};

use crate::{cluster_wide::set_team, lifecycle::roll_over, play_alone};

/// Runs `waxwing` for the admin, and returns what it prints if it goes well.
fn waxwing(stage: &Stage, args: &[&str], stdin: &str) -> String {
    let run = Waxwing::of_admin(&stage.cluster).run(args, stdin).unwrap();
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run.stdout
}

/// Applies the file as a GitOps tool would.
async fn apply(client: &Client, text: &str) {
    let object: ClusterSealedSecret = serde_yaml::from_str(text).unwrap();
    let parameters = PatchParams::apply("gitops").force();
    let patch = Patch::Apply(&object);
    let object = all(client).patch("registry", &parameters, &patch).await;
    object.unwrap();
}

#[tokio::test]
async fn it_is_sealed_applied_and_resealed_after_a_rollover_by_its_file_alone() {
    play_alone("cluster-git", &[], async |stage, first| {
        let (client, value) = (&first.client, plaintext("token"));
        let second = stage.space("second").await.unwrap();
        for space in [first, &second] {
            set_team(space, Some("a")).await;
        }
        let primary = stage.primary().await.unwrap();
        let folder = Scratch::new().unwrap();
        let path = folder.path().join("registry.yaml");
        let file = path.to_str().unwrap();
        let create = [
            "create",
            "generic",
            "registry",
            "--from-file=token=-",
            "-o",
            file,
        ];
        let selector = ["--namespace-selector", "team=a"];
        waxwing(stage, &[&create[..], &selector].concat(), &value);
        let sealed = fs::read_to_string(&path).unwrap();

        // A namespace in it, as kustomize writes one into every kind that it does not know.
        let name = "  name: registry\n";
        let namespaced = sealed.replace(name, &format!("{name}  namespace: prod\n"));
        assert_ne!(namespaced, sealed);
        apply(client, &namespaced).await;
        becomes(client, "registry", "Unsealed", 2).await.unwrap();
        for space in [first, &second] {
            space.holds("registry", &[("token", &value)]).await.unwrap();
        }
        let live = waxwing(stage, &["status", "--live", file], "");
        assert!(
            live.contains("*/registry") && live.contains("Ready"),
            "{live}"
        );

        let new = roll_over(stage, &primary).await.key_id().to_string();
        let admin = Waxwing::of_admin(&stage.cluster);
        let check = admin.run(&["reseal", "--check", file], "").unwrap();
        assert_eq!(check.code, 1, "{}", check.stderr);
        wait::until("the file to be resealed", async || {
            let run = admin
                .run(&["reseal", file], "")
                .map_err(|error| error.to_string())?;
            if run.code == 0 {
                Ok(())
            } else {
                Err(run.stderr)
            }
        })
        .await
        .unwrap();
        waxwing(stage, &["reseal", "--check", file], "");

        let resealed = fs::read_to_string(&path).unwrap();
        apply(client, &resealed).await;
        let object = becomes(client, "registry", "Unsealed", 2).await.unwrap();
        assert_eq!(object.status.unwrap().key_ids, [new]);
        for space in [first, &second] {
            space.holds("registry", &[("token", &value)]).await.unwrap();
        }
    })
    .await;
}
