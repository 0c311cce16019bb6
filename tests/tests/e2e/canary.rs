//! The search for plaintexts that ends every scenario finds them.

use std::collections::BTreeMap;

use waxwing_tests::{Cluster, Stage, canary::plaintext};

async fn is_found(stage: Stage) -> bool {
    let search = tokio::spawn(async move { stage.assert_no_plaintext_leaked().await.unwrap() });
    search.await.is_err_and(|error| error.is_panic())
}

#[tokio::test]
async fn a_plaintext_in_a_log_is_found() {
    let stage = Stage {
        controller: None,
        cluster: Cluster::start().await.unwrap(),
    };
    std::fs::write(
        stage.cluster.scratch().logs().join("any.log"),
        plaintext("p"),
    )
    .unwrap();
    assert!(is_found(stage).await);
}

#[tokio::test]
async fn a_plaintext_in_an_object_is_found() {
    let stage = Stage {
        controller: None,
        cluster: Cluster::installed().await.unwrap(),
    };
    let space = stage.space("leak").await.unwrap();
    let mut sealed = waxwing_tests::sealing::sealed_secret(
        &space.namespace,
        "db",
        &[("a", "a")],
        waxwing_crypto::Identity::generate(waxwing_crypto::Algorithm::X25519).recipient(),
    )
    .unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
    sealed.metadata.annotations = Some(BTreeMap::from([("note".to_owned(), plaintext("p"))]));
    space.apply(&sealed).await.unwrap();
    assert!(is_found(stage).await);
}
