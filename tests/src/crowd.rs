//! Very many SealedSecrets at once, all with the same sealed value: sealing takes longer than applying.

use std::sync::Arc;

use kube::api::{ObjectMeta, PostParams};
use tokio::{sync::Semaphore, task::JoinSet};
use waxwing_api::{SealedSecret, SealedSecretSpec};
use waxwing_crypto::{Place, Recipient, ScopeKind};

use crate::{
    error::{Context, HarnessError},
    sealing,
    space::Space,
};

/// The one item that each has.
pub const ITEM: &str = "password";

/// How many requests are under way at the same time.
const AT_ONCE: usize = 16;

/// A value that is good for every object of a namespace, sealed to `recipient`.
///
/// # Panics
/// When the test gives a name that no scope can hold.
pub fn value(space: &Space, plaintext: &str, recipient: &Recipient) -> String {
    let place = Place {
        namespace: &space.namespace,
        name: "any",
        item: "any",
    };
    sealing::sealed_value(plaintext, &place, ScopeKind::Namespace, recipient)
        .expect("the names of tests are valid")
}

/// A SealedSecret of the namespace with that sealed value.
pub fn member(space: &Space, name: &str, value: &str) -> SealedSecret {
    SealedSecret {
        metadata: ObjectMeta {
            namespace: Some(space.namespace.clone()),
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: SealedSecretSpec {
            encrypted_data: [(ITEM.to_owned(), value.to_owned())].into(),
            ..SealedSecretSpec::default()
        },
        status: None,
    }
}

/// Creates all of them.
///
/// # Errors
/// The first refusal of the API server.
pub async fn create(
    space: &Space,
    objects: impl IntoIterator<Item = SealedSecret>,
) -> Result<(), HarnessError> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut requests = JoinSet::new();
    for object in objects {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let api = space.sealed_secrets();
        requests.spawn(async move {
            let _permit = permit;
            api.create(&PostParams::default(), &object).await.map(drop)
        });
        while let Some(created) = requests.try_join_next() {
            finish(created)?;
        }
    }
    while let Some(created) = requests.join_next().await {
        finish(created)?;
    }
    Ok(())
}

fn finish(
    created: Result<Result<(), kube::Error>, tokio::task::JoinError>,
) -> Result<(), HarnessError> {
    created
        .map_err(std::io::Error::other)
        .context("create SealedSecrets")?
        .context("create a SealedSecret")
}
