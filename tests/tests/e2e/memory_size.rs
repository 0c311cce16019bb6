//! How much memory the controller needs, whatever the values are.

use waxwing_crypto::Recipient;
use waxwing_tests::{Controller, Space, canary::plaintext, crowd};

use crate::play_alone;

const OBJECTS: usize = 200;
const LARGE: usize = 200 * 1024;

/// What is in the hands of a worker is in memory; with few of them it is told from what is kept.
const ARGS: [&str; 2] = ["--concurrency", "4"];

fn name(number: usize) -> String {
    format!("s{number}")
}

/// Creates objects with one value of so many bytes each, and returns how many bytes of sealed values that are.
async fn create(space: &Space, recipient: &Recipient, len: usize) -> usize {
    let value = crowd::value(space, &(plaintext("p") + &"x".repeat(len)), recipient);
    let objects = (0..OBJECTS).map(|number| crowd::member(space, &name(number), &value));
    crowd::create(space, objects).await.unwrap();
    OBJECTS * value.len()
}

async fn all_ready(space: &Space) {
    for number in 0..OBJECTS {
        space.ready(&name(number)).await.unwrap();
    }
}

fn peak_bytes(controller: &Controller) -> u64 {
    controller.usage().unwrap().peak_memory_kib * 1024
}

#[tokio::test]
async fn memory_does_not_grow_with_the_size_of_the_values() {
    play_alone("small", &ARGS, async |stage, small| {
        let recipient = stage.primary().await.unwrap();
        create(small, &recipient, 10).await;
        all_ready(small).await;
        let with_small = peak_bytes(stage.controller.as_ref().unwrap());
        stage.controller.take().unwrap().terminate().unwrap();

        let large = stage.space("large").await.unwrap();
        let sealed = create(&large, &recipient, LARGE).await;
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
