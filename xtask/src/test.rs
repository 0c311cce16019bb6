//! `cargo xtask test`: every check that CI runs, cheapest first.

use std::process::Command;

use waxwing_tests::cache;

use crate::command::{self, Result, cargo, workspace};

const CARGO_DENY: &str = "0.20.2";
const WASM: &str = "wasm32-unknown-unknown";

/// Runs all checks and stops at the first that fails.
///
/// # Errors
/// If a check fails, or a tool that it needs cannot be installed.
pub(crate) fn run() -> Result {
    command::run(&mut cargo(["fmt", "--all", "--check"]))?;
    deny()?;
    command::run(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    command::run(
        cargo(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    wasm()?;
    command::run(&mut cargo([
        "test",
        "--workspace",
        "--locked",
        "--",
        "--test-threads=2",
    ]))
}

/// Licences, bans and sources of all dependencies (deny.toml).
fn deny() -> Result {
    let root = cache::dir(&format!("cargo-deny-{CARGO_DENY}"));
    let program = root.join("bin/cargo-deny");
    if !program.exists() {
        command::run(
            cargo([
                "install",
                "cargo-deny",
                "--locked",
                "--no-default-features",
                "--version",
                CARGO_DENY,
                "--root",
            ])
            .arg(&root),
        )?;
    }
    command::run(
        Command::new(program)
            .current_dir(workspace())
            .args(["--locked", "check", "licenses", "bans", "sources"]),
    )
}

/// The crypto crate builds for browsers and other WebAssembly hosts.
fn wasm() -> Result {
    let rustlib = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM])
        .output()?;
    let installed = std::path::Path::new(String::from_utf8_lossy(&rustlib.stdout).trim()).is_dir();
    if !installed {
        eprintln!(
            "skipped: the build for {WASM}, which is not installed (rustup target add {WASM})"
        );
        return Ok(());
    }
    command::run(&mut cargo([
        "build",
        "--package",
        "waxwing-crypto",
        "--target",
        WASM,
        "--locked",
    ]))
}
