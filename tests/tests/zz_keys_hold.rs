#![allow(missing_docs, clippy::unwrap_used)]
#[tokio::test]
async fn hold() {
    let stage = waxwing_tests::Stage::own(&[]).await.unwrap();
    let space = stage.space("hold").await.unwrap();
    space.unseal("db", &[("k", "v")]).await.unwrap();
    std::fs::write("/tmp/keys-hold", stage.cluster.kubeconfig().display().to_string()).unwrap();
    while std::path::Path::new("/tmp/keys-hold").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}
