//! Secrets to sealed objects and back, and what can be said of these without a key.

#![allow(clippy::unwrap_used)]

mod cluster_wide;
#[path = "../common/mod.rs"]
mod common;
mod one_namespace;
mod round_trips;
mod validating;

use waxwing_crypto::KeyRing;
use waxwing_manifest::{Unsealed, unseal};

use common::{documents, lines};

const SECRET: &str = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/basic-auth\nimmutable: true\nmetadata:\n  \
                      name: db\n  namespace: prod\n  labels: {app: web}\n  annotations: {a/b: \"c\\nd\"}\n\
                      stringData: {username: ada, password: hunter2}\n";

fn unseal_first(
    text: &str,
    namespace: Option<&str>,
    ring: &KeyRing,
) -> Result<Unsealed, Vec<String>> {
    let documents = documents(text);
    let object = documents[0].objects().next().unwrap();
    unseal(&object, namespace, ring).map_err(|errors| lines(&errors))
}
