//! Several clusters in one kubeconfig.

use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    error::{Context, HarnessError},
};

/// A kubeconfig, as text, with a context of the given name for the admin of each of these clusters.
///
/// # Errors
/// When a cluster's own kubeconfig cannot be read.
pub fn kubeconfig(clusters: &[(&str, &Cluster)]) -> Result<String, HarnessError> {
    let (mut servers, mut users, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, cluster) in clusters {
        let own = cluster.kubeconfig();
        let what = || format!("read {}", own.display());
        let text = std::fs::read(own).context(what())?;
        let file: Value = serde_json::from_slice(&text)
            .map_err(std::io::Error::from)
            .context(what())?;
        servers.push(json!({ "name": name, "cluster": file["clusters"][0]["cluster"] }));
        users.push(json!({ "name": name, "user": file["users"][0]["user"] }));
        contexts.push(json!({ "name": name, "context": { "cluster": name, "user": name } }));
    }
    let file = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": servers, "users": users, "contexts": contexts,
    });
    Ok(file.to_string())
}
