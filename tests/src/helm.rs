//! The Helm chart in deploy/, rendered by Helm 4.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::{Context, HarnessError},
    go_tools,
    waxwing::Run,
};

/// The folder deploy/helm/waxwing of the source tree.
pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/helm/waxwing")
}

/// Runs `helm` to its end, away from the settings and the clusters of the person who tests.
///
/// # Errors
/// When it cannot be built or run at all; how it ends is for the caller to judge.
pub fn run(args: &[&str]) -> Result<Run, HarnessError> {
    let home = tempfile::tempdir().context("make a temporary folder")?;
    let mut command = Command::new(go_tools::helm4()?);
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(variable, home.path());
    }
    command.env("KUBECONFIG", "/nonexistent").args(args);
    command.output().map(Run::from).context("run helm")
}

/// What `helm template` makes of the chart, as release `waxwing` in the controller's usual namespace,
/// with further arguments.
///
/// # Errors
/// When Helm refuses; the error shows why.
pub fn template(args: &[&str]) -> Result<String, HarnessError> {
    let chart = chart().display().to_string();
    let namespace = waxwing_api::names::DEFAULT_NAMESPACE;
    let fixed = ["template", "waxwing", &chart, "--namespace", namespace];
    let args = [&fixed, args].concat();
    let run = run(&args)?;
    if run.code == 0 {
        return Ok(run.stdout);
    }
    Err(HarnessError::CommandFailed {
        command: format!("helm {}", args.join(" ")),
        status: format!("code {}", run.code),
        tail: run.stderr,
    })
}
