//! The command line program `waxwing`: run, with what it prints.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use crate::{
    cluster::Cluster,
    controller::remove_settings,
    error::{Context, HarnessError},
    programs::Programs,
};

/// Runs `waxwing` for a user of a cluster, or for one without any.
#[derive(Debug, Clone)]
pub struct Waxwing {
    kubeconfig: Option<PathBuf>,
}

/// What a run printed and how it ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Waxwing {
    /// For a user with no rights but those of every authenticated user.
    pub fn of_user(cluster: &Cluster) -> Self {
        Self {
            kubeconfig: Some(cluster.user_kubeconfig().to_owned()),
        }
    }

    /// For the admin.
    pub fn of_admin(cluster: &Cluster) -> Self {
        Self {
            kubeconfig: Some(cluster.kubeconfig().to_owned()),
        }
    }

    /// For someone who has no cluster.
    pub fn offline() -> Self {
        Self { kubeconfig: None }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be run at all; how it ends is for the caller to judge.
    pub fn run(&self, args: &[&str], stdin: &str) -> Result<Run, HarnessError> {
        let mut command = Command::new(&Programs::debug()?.waxwing);
        remove_settings(&mut command);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A path that does not exist keeps it away from the kubeconfig of the person who tests.
        command.env(
            "KUBECONFIG",
            self.kubeconfig
                .clone()
                .unwrap_or_else(|| "/nonexistent".into()),
        );
        let mut child = command.spawn().context("run waxwing")?;
        if let Some(mut pipe) = child.stdin.take() {
            // It may end without having read everything, after an error: what it says is what counts.
            let _ = pipe.write_all(stdin.as_bytes());
        }
        child
            .wait_with_output()
            .map(Run::from)
            .context("run waxwing")
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
