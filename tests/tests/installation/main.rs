//! What deploy/ brings into a cluster: that the API server enforces every rule of the custom
//! resources, that the roles grant what is needed and nothing else, and that Helm and kustomize bring
//! the same.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod chart;
mod custom_resources;
mod pod;
mod rbac;
mod release;
mod sealed_secret;
mod sealing_key;
mod watched_namespace;
mod webhook;

use tokio::sync::OnceCell;
use waxwing_tests::Cluster;

/// The cluster that the tests of this file share: Waxwing is installed and no controller runs.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(async || Cluster::installed().await.unwrap())
        .await
}
