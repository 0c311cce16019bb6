//! The whole of Waxwing on a real API server: what a user applies and what comes of it.
//!
//! Scenarios that leave the controller and its keys alone share one cluster, each in a namespace of
//! its own; the others have a cluster to themselves. Every one ends with a search for plaintexts in
//! all logs, metrics, events and conditions.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod canary;
mod cluster_wide;
mod cluster_wide_bad_input;
mod cluster_wide_in_git;
mod command_line;
mod crashes;
mod drift;
mod escrow;
mod failures;
mod key_secrets;
mod keys;
mod kills;
mod lifecycle;
mod many_objects;
mod memory;
mod memory_size;
mod namespaced;
mod ownership;
mod renewal;
mod scopes;
mod secret_types;
mod selected;
mod start;
mod start_bad_input;
mod status;
mod takeover;
mod templates;
mod unsealing;
mod watching;
mod webhook;
mod webhook_certificates;
mod webhook_door;
mod without_drift_repair;

use std::{os::unix::fs::symlink, path::Path};

use waxwing_tests::{Cluster, Space, Stage, Terminal, document};

/// Plays a scenario on the stage that all share.
async fn play(name: &str, scenario: impl AsyncFnOnce(&Stage, &Space)) {
    let stage = Stage::shared().await.unwrap();
    let space = stage.space(name).await.unwrap();
    scenario(stage, &space).await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// Plays a scenario on a stage of its own, with these arguments for the controller.
async fn play_alone(name: &str, args: &[&str], scenario: impl AsyncFnOnce(&mut Stage, &Space)) {
    let mut stage = Stage::own(args).await.unwrap();
    let space = stage.space(name).await.unwrap();
    scenario(&mut stage, &space).await;
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// A cluster with Waxwing installed by the commands of that section of docs/controller.md.
async fn installed_by(section: &str) -> Cluster {
    let mut cluster = Cluster::start().await.unwrap();
    let terminal = Terminal::open(&cluster, "installation").unwrap();
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    symlink(deploy, terminal.folder().join("deploy")).unwrap();
    for commands in document::commands("docs/controller.md", section).unwrap() {
        terminal.run(&commands).unwrap();
    }
    cluster.take_up().await.unwrap();
    cluster
}
