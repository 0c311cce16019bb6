//! What deploy/ brings into a cluster: that the API server enforces every rule of the custom
//! resources, and that the roles grant what is needed and nothing else.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod custom_resources;
mod pod;
mod rbac;
mod sealed_secret;
mod sealing_key;
mod watched_namespace;

use tokio::sync::OnceCell;
use waxwing_tests::Cluster;

/// The cluster that the tests of this file share: Waxwing is installed and no controller runs.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(async || Cluster::installed().await.unwrap())
        .await
}
