//! How fast and how small the controller is, on the real API server, beside what that server itself can do
//! in the same run. SealedSecrets of three items, sealed with the post-quantum algorithm.
//!
//! `cargo xtask bench controller` runs it, with the number of objects, that of runs, and the controller to
//! measure unless it is to be built for release.

#![forbid(unsafe_code)]

mod latency;
mod load;
mod report;

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use waxwing_tests::{Cluster, Controller, Programs, Stage, wait};

use report::Figures;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// How long one step may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(900);

#[tokio::main]
async fn main() -> Result {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let objects = words.next().ok_or("how many objects?")?.parse()?;
    let runs = words.next().ok_or("how many runs?")?.parse()?;
    let program = match words.next() {
        Some(path) => PathBuf::from(path),
        None => Programs::release()?.controller.clone(),
    };
    let mut all = Vec::new();
    for run in 1..=runs {
        let figures = measure(&program, objects).await?;
        println!("run {run} of {runs}:\n{figures}");
        all.push(figures);
    }
    println!(
        "medians of {runs} runs, {objects} objects of {} items:\n{}",
        load::ITEMS.len(),
        report::medians(&all)
    );
    Ok(())
}

async fn measure(program: &Path, objects: usize) -> Result<Figures> {
    let mut stage = Stage {
        controller: None,
        cluster: Cluster::installed().await?,
    };
    let first = start(program, &stage).await?;
    let primary = stage.primary().await?;
    first.terminate()?;
    let space = stage.space("bench").await?;
    load::apply(&space, objects, &primary).await?;

    let started = Instant::now();
    let controller = start(program, &stage).await?;
    load::wait_for_secrets(&space, objects).await?;
    let all_secrets = started.elapsed();
    until_ready(&controller, objects).await?;
    let all_told = started.elapsed();
    let filled = controller.usage()?;
    controller.terminate()?;

    let version = load::newest_version(&space).await?;
    let started = Instant::now();
    let controller = start(program, &stage).await?;
    until_ready(&controller, objects).await?;
    let restart = started.elapsed();
    let restarted = controller.usage()?;
    let unseals = controller.unseals("").await?;
    assert!(unseals == 0, "the restart unsealed something");
    assert!(
        load::newest_version(&space).await? == version,
        "the restart wrote something"
    );

    let reading = load::read_plainly(&space).await?;

    let at_rest = latency::at_rest(&space, &primary).await?;
    let under_load = latency::under_load(&space, &primary).await?;
    controller.terminate()?;

    let limit = stage.space("limit").await?;
    load::apply(&limit, objects, &primary).await?;
    let server = load::write_plainly(&limit, objects).await?;
    stage.controller = None;
    Ok(Figures {
        all_secrets,
        all_told,
        server,
        fill_cpu: filled.cpu,
        fill_memory_kib: filled.peak_memory_kib,
        restart,
        reading,
        restart_cpu: restarted.cpu,
        restart_memory_kib: restarted.peak_memory_kib,
        at_rest,
        under_load,
    })
}

async fn start(program: &Path, stage: &Stage) -> Result<Controller> {
    let mut controller = Controller::launch_program(program, &stage.cluster, &[])?;
    controller.ready().await?;
    Ok(controller)
}

/// Waits until the controller knows that so many objects are Ready.
async fn until_ready(controller: &Controller, objects: usize) -> Result {
    let line = format!("waxwing_sealed_secrets{{state=\"Ready\"}} {objects}");
    wait::until_within(PATIENCE, &line, async || {
        let metrics = controller
            .metrics()
            .await
            .map_err(|error| error.to_string())?;
        let ready = metrics.lines().find(|found| {
            found.contains("state=\"Ready\"") && found.starts_with("waxwing_sealed_secrets{")
        });
        if ready == Some(&line) {
            Ok(())
        } else {
            Err(format!("{ready:?}"))
        }
    })
    .await?;
    Ok(())
}
