//! Many objects at once.

use std::sync::Arc;

use kube::api::{Patch, PatchParams};
use tokio::task::JoinSet;
use waxwing_tests::{canary::plaintext, sealing};

use crate::play;

#[tokio::test]
async fn two_hundred_sealed_secrets_at_once_all_come_out_right() {
    const OBJECTS: usize = 200;
    play("many", async |stage, space| {
        let recipient = Arc::new(stage.primary().await.unwrap());
        let mut applied = JoinSet::new();
        for number in 0..OBJECTS {
            let (api, recipient) = (space.sealed_secrets(), Arc::clone(&recipient));
            let namespace = space.namespace.clone();
            applied.spawn(async move {
                let name = format!("db-{number}");
                let values =
                    ["a", "b", "c"].map(|item| (item, plaintext(&format!("{name}-{item}"))));
                let pairs: Vec<_> = values
                    .iter()
                    .map(|(item, value)| (*item, value.as_str()))
                    .collect();
                let sealed = sealing::sealed_secret(&namespace, &name, &pairs, &recipient).unwrap();
                api.patch(&name, &PatchParams::apply("gitops"), &Patch::Apply(&sealed))
                    .await
                    .unwrap();
            });
        }
        while let Some(result) = applied.join_next().await {
            result.unwrap();
        }
        for number in 0..OBJECTS {
            let name = format!("db-{number}");
            let values = ["a", "b", "c"].map(|item| (item, plaintext(&format!("{name}-{item}"))));
            let pairs: Vec<_> = values
                .iter()
                .map(|(item, value)| (*item, value.as_str()))
                .collect();
            space.ready(&name).await.unwrap();
            space.holds(&name, &pairs).await.unwrap();
        }
    })
    .await;
}
