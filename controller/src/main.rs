//! The controller that turns SealedSecrets into Secrets and rolls sealing keys over.
//!
//! Decisions are pure functions, and a thin shell applies their effects. What is to be done with a
//! SealedSecret flows one way: `feed` watches SealedSecrets and puts what changed into the `queue`;
//! a worker takes it out and `reconcile` looks (`secrets`, `index`), decides (`unseal`, `plan`)
//! and applies (`apply`, `writer`), unless someone else keeps undoing it (`contest`); `telling` then
//! tells of it (`status`, `news`, `events`, `metrics`, `audit`), and `traces` show every step. What is stale
//! waits for the `renewer`, which keeps its `renewal` up to date whenever there is time. The sealing keys live in
//! `keys`: what the cluster holds, what follows from it by the API server's clock (`server_clock`), and the
//! changes that the one leading replica (`leader`, `fence`) makes; `key_change` sees to the SealedSecrets
//! that they touch. `webhook` answers the API server before an object is stored. `app` wires all of it
//! together.

#![deny(unsafe_code)]

mod api_error;
mod api_metrics;
mod api_request;
mod api_spans;
mod app;
mod apply;
mod args;
mod audit;
mod backoff;
mod cluster;
mod cluster_wide;
mod connections;
mod contest;
mod events;
mod feed;
mod fence;
mod hardening;
mod health;
mod http;
mod index;
mod key_change;
mod keys;
mod label_selector;
mod leader;
mod list_items;
mod list_watch;
mod logging;
mod managed_fields;
mod metrics;
mod mirror;
mod news;
mod object_key;
mod objects;
mod ownership;
mod plan;
mod queue;
mod reconcile;
mod renewal;
mod renewer;
mod replica;
mod scope;
mod secrets;
mod server_clock;
mod shutdown;
mod status;
mod telling;
mod token;
mod traces;
mod unseal;
mod value_ages;
mod watch;
mod webhook;
mod work;
mod writer;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::app::RunError;
use crate::args::{Args, Command, RunArgs};
use crate::traces::Traces;

/// Zeroes memory when it is freed: libraries that handle requests and JSON copy plaintexts into
/// buffers of their own.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Crds => print_crds(),
        Command::Run(args) => run(&args),
        Command::Render => unseal::render(),
    }
}

fn print_crds() -> ExitCode {
    for (_, yaml) in waxwing_api::crd_files() {
        print!("---\n{yaml}");
    }
    ExitCode::SUCCESS
}

fn run(args: &RunArgs) -> ExitCode {
    let replica = replica::identity();
    let traces = Traces::start(args.trace_endpoint.as_ref(), &replica);
    logging::start(args.log_format, args.log_level, traces.as_ref().ok());
    if let Err(error) = hardening::forbid_core_dumps() {
        tracing::warn!(%error, "core dumps could not be turned off: a crash may write plaintexts to disk");
    }
    let result = traces
        .map_err(RunError::Traces)
        .and_then(|traces| app::run(args, replica, &traces));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
