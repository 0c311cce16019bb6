//! What etcd remembers of the past.

use base64::{Engine, prelude::BASE64_STANDARD};
use kube::Client;
use serde_json::{Value, json};

use super::{ControlPlane, plain_client};
use crate::error::{Context, HarnessError};

impl ControlPlane {
    /// Has etcd forget every revision but the last, as the API server has it do every few minutes: a
    /// watch that would go on where it stopped before is told that it is too late.
    pub(crate) async fn compact_history(&self) -> Result<(), HarnessError> {
        let etcd = plain_client(self.ports.etcd)?;
        let any = json!({ "key": BASE64_STANDARD.encode("any") });
        let answer = post(&etcd, "/v3/kv/range", &any).await?;
        let compaction = json!({ "revision": answer["header"]["revision"], "physical": true });
        post(&etcd, "/v3/kv/compaction", &compaction)
            .await
            .map(drop)
    }
}

async fn post(etcd: &Client, path: &str, body: &Value) -> Result<Value, HarnessError> {
    let request = http::Request::post(path)
        .body(body.to_string().into_bytes())
        .expect("the path is a URI");
    etcd.request(request)
        .await
        .context(format!("ask etcd for {path}"))
}
