//! How fast the controller catches up: SealedSecrets of three items, sealed with the post-quantum
//! algorithm, are applied before it starts. Measured are the time until every Secret exists, and the
//! controller's CPU time and peak memory at that moment.
//!
//! Run it with `cargo bench -p waxwing-tests --bench thousand_objects [-- NUMBER]`; 1,000 objects
//! unless told otherwise.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use tokio::{sync::Semaphore, task::JoinSet};
use waxwing_crypto::Recipient;
use waxwing_tests::{Cluster, Controller, Programs, Space, Stage, sealing, wait};

const ITEMS: [&str; 3] = ["username", "password", "url"];

/// How many objects are applied at the same time.
const APPLIED_AT_ONCE: usize = 20;

/// How long all of it may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let objects = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000);
    let program = &Programs::release()?.controller;
    let mut stage = Stage {
        controller: None,
        cluster: Cluster::installed().await?,
    };
    let mut first = Controller::launch_program(program, &stage.cluster, &[])?;
    first.ready().await?;
    let primary = stage.primary().await?;
    first.terminate()?;

    let space = stage.space("bench").await?;
    let started = Instant::now();
    apply(&space, objects, primary).await?;
    println!(
        "{objects} SealedSecrets of {} items applied in {:.1?}",
        ITEMS.len(),
        started.elapsed()
    );

    let started = Instant::now();
    let controller = Controller::launch_program(program, &stage.cluster, &[])?;
    wait_for_secrets(&space, objects).await?;
    let elapsed = started.elapsed();
    let usage = controller.usage()?;
    println!("all {objects} Secrets exist {elapsed:.2?} after the start of the controller");
    println!(
        "controller: {:.2} s of CPU, {:.1} MiB at most",
        usage.cpu.as_secs_f64(),
        usage.peak_memory_kib as f64 / 1024.0
    );
    stage.controller = Some(controller);
    Ok(())
}

async fn apply(space: &Space, objects: usize, recipient: Recipient) -> Result<(), Box<dyn Error>> {
    let recipient = Arc::new(recipient);
    let permits = Arc::new(Semaphore::new(APPLIED_AT_ONCE));
    let mut applied = JoinSet::new();
    for number in 0..objects {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (api, namespace, recipient) = (
            space.sealed_secrets(),
            space.namespace.clone(),
            Arc::clone(&recipient),
        );
        applied.spawn(async move {
            let _permit = permit;
            let name = format!("object-{number}");
            let items = ITEMS.map(|item| (item, "correct horse battery staple"));
            let sealed = sealing::sealed_secret(&namespace, &name, &items, &recipient)
                .expect("the names are valid");
            api.patch(&name, &PatchParams::apply("bench"), &Patch::Apply(&sealed))
                .await
                .map(|_| ())
        });
    }
    while let Some(result) = applied.join_next().await {
        result??;
    }
    Ok(())
}

/// Asks for one Secret and how many more there are: cheap, so that it does not disturb the measurement.
async fn wait_for_secrets(space: &Space, objects: usize) -> Result<(), Box<dyn Error>> {
    let secrets: Api<Secret> = space.secrets();
    wait::until_within(PATIENCE, "all Secrets", async || {
        let list = secrets
            .list(&ListParams::default().limit(1))
            .await
            .map_err(|error| error.to_string())?;
        let more = list
            .metadata
            .remaining_item_count
            .and_then(|count| usize::try_from(count).ok());
        let found = list.items.len() + more.unwrap_or_default();
        if found >= objects {
            Ok(())
        } else {
            Err(format!("{found} of {objects}"))
        }
    })
    .await?;
    Ok(())
}
