//! The programs of this workspace, built and ready to run.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use crate::error::{Context, HarnessError};

/// Where the two programs lie.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The command line program.
    pub waxwing: PathBuf,
    /// The controller.
    pub controller: PathBuf,
}

impl Programs {
    /// The programs as `cargo test` builds them, with debug assertions. Built once per process.
    ///
    /// # Errors
    /// When they do not compile.
    pub fn debug() -> Result<&'static Self, HarnessError> {
        static BUILT: OnceLock<Programs> = OnceLock::new();
        get_or_build(&BUILT, &[])
    }

    /// The programs as users run them, for measurements. Built once per process.
    ///
    /// # Errors
    /// When they do not compile.
    pub fn release() -> Result<&'static Self, HarnessError> {
        static BUILT: OnceLock<Programs> = OnceLock::new();
        get_or_build(&BUILT, &["--release"])
    }

    fn build(profile: &[&str]) -> Result<Self, HarnessError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "build",
                "--quiet",
                "--message-format=json-render-diagnostics",
            ])
            .args(["--package=waxwing", "--package=waxwing-controller"])
            .args(profile);
        let output = command.output().context("run cargo")?;
        if !output.status.success() {
            return Err(HarnessError::CommandFailed {
                command: format!("{command:?}"),
                status: output.status.to_string(),
                tail: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        Ok(Self {
            waxwing: executable(&messages, "waxwing")?,
            controller: executable(&messages, "waxwing-controller")?,
        })
    }
}

/// Two tests that come here at the same time both ask cargo, and cargo lets one wait for the other.
fn get_or_build(
    built: &'static OnceLock<Programs>,
    profile: &[&str],
) -> Result<&'static Programs, HarnessError> {
    match built.get() {
        Some(programs) => Ok(programs),
        None => Programs::build(profile).map(|programs| built.get_or_init(|| programs)),
    }
}

/// Finds the binary of a target among cargo's JSON messages.
fn executable(messages: &str, target: &str) -> Result<PathBuf, HarnessError> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| HarnessError::Io {
            what: format!("find the binary {target} in what cargo built"),
            source: std::io::ErrorKind::NotFound.into(),
        })
}
