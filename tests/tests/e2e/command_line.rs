//! `waxwing` where it needs the cluster: the public key, and clear words where it cannot be had.

use waxwing_api::SealedSecret;
use waxwing_crypto::SealedValue;
use waxwing_tests::{Cluster, Stage, Waxwing, canary::plaintext};

use crate::play;

fn manifest(namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: {namespace}\nstringData:\n  \
         password: {}\n",
        plaintext("p")
    )
}

#[tokio::test]
async fn a_raw_value_sealed_to_the_cluster_opens_in_its_place() {
    play("raw", async |stage, space| {
        stage.primary().await.unwrap();
        let value = plaintext("raw");
        let args = [
            "seal",
            "--raw",
            "--name",
            "db",
            "--item",
            "password",
            "-n",
            &space.namespace,
        ];
        let run = Waxwing::of_user(&stage.cluster).run(&args, &value).unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut sealed = space.seal("db", &[]).await.unwrap();
        sealed
            .spec
            .encrypted_data
            .insert("password".to_owned(), run.stdout.trim_end().to_owned());
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        space.holds("db", &[("password", &value)]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn it_seals_to_the_primary_key() {
    play("primary", async |stage, space| {
        let primary = stage.primary().await.unwrap();
        let run = Waxwing::of_user(&stage.cluster)
            .run(&["seal"], &manifest(&space.namespace))
            .unwrap();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let sealed: SealedSecret = serde_yaml::from_str(&run.stdout).unwrap();
        let value = SealedValue::parse(&sealed.spec.encrypted_data["password"]).unwrap();
        assert_eq!(
            value.header().key_ids().collect::<Vec<_>>(),
            [primary.key_id()]
        );
    })
    .await;
}

#[tokio::test]
async fn without_a_cluster_it_says_what_was_tried_and_that_a_recipient_works_offline() {
    let run = Waxwing::offline()
        .run(&["seal"], &manifest("prod"))
        .unwrap();
    assert_eq!(run.code, 1);
    assert!(run.stdout.is_empty());
    for word in ["/nonexistent", "-r"] {
        assert!(run.stderr.contains(word), "no {word:?} in: {}", run.stderr);
    }
}

#[tokio::test]
async fn with_a_cluster_that_is_down_it_names_the_server() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.kill_api_server();
    let run = Waxwing::of_user(&cluster)
        .run(&["seal"], &manifest("prod"))
        .unwrap();
    assert_eq!(run.code, 1);
    for word in [cluster.url().as_str(), "-r"] {
        assert!(run.stderr.contains(word), "no {word:?} in: {}", run.stderr);
    }
}

#[tokio::test]
async fn with_a_cluster_that_lacks_the_custom_resources_it_says_so() {
    let cluster = Cluster::start().await.unwrap();
    let run = Waxwing::of_admin(&cluster)
        .run(&["seal"], &manifest("prod"))
        .unwrap();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("SealingKey") || run.stderr.contains("sealingkeys"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("install"),
        "no next step in: {}",
        run.stderr
    );
}

#[tokio::test]
async fn with_a_cluster_that_has_no_key_yet_it_says_so() {
    let cluster = Cluster::installed().await.unwrap();
    let run = Waxwing::of_user(&cluster)
        .run(&["seal"], &manifest("prod"))
        .unwrap();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("waxwing-system"),
        "not where it looked in: {}",
        run.stderr
    );
}

#[tokio::test]
async fn without_the_right_to_read_keys_it_names_verb_and_resource() {
    let stage = Stage::shared().await.unwrap();
    let args = ["seal", "--controller-namespace", "kube-system"];
    let run = Waxwing::of_user(&stage.cluster)
        .run(&args, &manifest("prod"))
        .unwrap();
    assert_eq!(run.code, 1);
    for word in ["list", "sealingkeys", "kube-system"] {
        assert!(run.stderr.contains(word), "no {word:?} in: {}", run.stderr);
    }
}
