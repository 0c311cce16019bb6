//! How much memory the controller needs, whatever the values are.

use kube::api::{Patch, PatchParams};
use waxwing_crypto::Recipient;
use waxwing_tests::{Controller, Space, canary::plaintext, sealing};

use crate::play_alone;

const OBJECTS: usize = 200;
const LARGE: usize = 200 * 1024;

/// What is in the hands of a worker is in memory; with few of them it is told from what is kept.
const ARGS: [&str; 2] = ["--concurrency", "4"];

/// Applies objects with one value of so many bytes each, and returns how many bytes of sealed values that are.
async fn apply(space: &Space, recipient: &Recipient, len: usize) -> usize {
    let value = plaintext("p") + &"x".repeat(len);
    let mut bytes = 0;
    for number in 0..OBJECTS {
        let name = format!("s{number}");
        let items = [("value", &*value)];
        let sealed = sealing::sealed_secret(&space.namespace, &name, &items, recipient).unwrap();
        let values = sealed.spec.encrypted_data.values();
        bytes += values.map(String::len).sum::<usize>();
        let api = space.sealed_secrets();
        api.patch(&name, &PatchParams::apply("gitops"), &Patch::Apply(&sealed))
            .await
            .unwrap();
    }
    bytes
}

async fn all_ready(space: &Space) {
    for number in 0..OBJECTS {
        space.ready(&format!("s{number}")).await.unwrap();
    }
}

fn peak_bytes(controller: &Controller) -> u64 {
    controller.usage().unwrap().peak_memory_kib * 1024
}

#[tokio::test]
async fn memory_does_not_grow_with_the_size_of_the_values() {
    play_alone("small", &ARGS, async |stage, small| {
        let recipient = stage.primary().await.unwrap();
        apply(small, &recipient, 10).await;
        all_ready(small).await;
        let with_small = peak_bytes(stage.controller.as_ref().unwrap());
        stage.controller.take().unwrap().terminate().unwrap();

        let large = stage.space("large").await.unwrap();
        let sealed = apply(&large, &recipient, LARGE).await;
        let controller = Controller::spawn(&stage.cluster, &ARGS).await.unwrap();
        all_ready(&large).await;
        let unsealed = peak_bytes(&controller);
        controller.terminate().unwrap();
        let controller = Controller::spawn(&stage.cluster, &ARGS).await.unwrap();
        let restarted = peak_bytes(&controller);
        stage.controller = Some(controller);
        eprintln!(
            "{with_small} B, {unsealed} B with {sealed} B of values, {restarted} B over them"
        );

        // What is on its way at one moment takes memory, and the rest does not.
        assert!(unsealed < with_small + sealed as u64 / 2);
        assert!(restarted < 2 * with_small);
    })
    .await;
}
