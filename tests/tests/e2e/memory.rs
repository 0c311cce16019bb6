//! What is left of plaintexts in the memory of a controller that has unsealed.

use std::time::Instant;

use waxwing_tests::{canary::plaintext, wait};

use crate::play_alone;

const OBJECTS: usize = 500;

/// Items of different sizes: small ones share buffers, large ones have their own.
const PADDING: [usize; 3] = [0, 2_000, 40_000];

#[tokio::test]
async fn after_five_hundred_unsealings_no_plaintext_is_left_in_memory() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may read the memory of the controller");
        return;
    }
    play_alone("memory", &[], async |stage, space| {
        let value = |number: usize| {
            plaintext(&number.to_string()) + &"x".repeat(PADDING[number % PADDING.len()])
        };
        for number in 0..OBJECTS {
            let name = format!("s{number}");
            let items = [("a", &*value(number)), ("b", &*value(number + 1))];
            space
                .apply(&space.seal(&name, &items).await.unwrap())
                .await
                .unwrap();
        }
        for number in 0..OBJECTS {
            space.ready(&format!("s{number}")).await.unwrap();
        }
        let controller = stage.controller.as_ref().unwrap();
        assert!(controller.has_in_memory(&space.namespace).unwrap());
        let done = Instant::now();
        let describe = || {
            let traces = controller.plaintexts_in_memory().unwrap();
            traces
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        eprintln!("at once: {}", describe());
        wait::until("no plaintext in the memory", async || match describe() {
            found if found.is_empty() => Ok(()),
            found => Err(found),
        })
        .await
        .unwrap();
        eprintln!("none is left after {:?}", done.elapsed());
    })
    .await;
}
