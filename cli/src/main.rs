//! Keep Kubernetes Secrets in Git: seal, inspect and validate them from the command line.
//!
//! `args` is what can be typed; a file in `commands` does each subcommand. They share the modules
//! beside this file: where input comes from and output goes to, whom to seal to (`recipients`, by
//! `config` or `cluster`), what to open with (`identities`), and the one voice of errors
//! (`diagnostic`). Nothing but `cluster` ever touches the network, and only when there is no other way.

#![forbid(unsafe_code)]

mod args;
mod cluster;
mod commands;
mod config;
mod diagnostic;
mod duration;
mod git;
mod identities;
mod input;
mod item_report;
mod namespace;
mod output;
mod parallel;
mod plaintext_argument;
mod recipients;
mod report_format;
mod sealed_files;
mod suggestion;
mod table;
mod walk;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

/// Zeroes memory when it is freed: libraries copy plaintexts into buffers of their own.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match commands::run(args::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::FAILURE
        }
    }
}
