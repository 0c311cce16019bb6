//! The kubeconfig files by which programs reach the control plane.

use std::path::PathBuf;

use serde_json::json;

use super::ControlPlane;
use crate::error::HarnessError;

impl ControlPlane {
    /// Writes a kubeconfig for whom `token` stands for. Its context names no namespace.
    pub(crate) fn write_kubeconfig(
        &self,
        user: &str,
        token: &str,
    ) -> Result<PathBuf, HarnessError> {
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "waxwing-test",
                "cluster": {
                    "server": self.url(),
                    "certificate-authority": self.credentials.ca_certificate,
                },
            }],
            "users": [{ "name": user, "user": { "token": token } }],
            "contexts": [{ "name": user, "context": { "cluster": "waxwing-test", "user": user } }],
            "current-context": user,
        });
        self.scratch
            .write(&format!("{user}.kubeconfig"), &content.to_string())
    }
}
