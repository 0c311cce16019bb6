//! A terminal in which documented commands run as a person would type them.

use std::{
    env,
    ffi::OsString,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{
    cluster::Cluster,
    control_plane::kubectl,
    controller::remove_settings,
    error::{Context, HarnessError},
    go_tools,
    programs::Programs,
};

/// An empty folder of its own; `waxwing`, `waxwing-controller`, `kubectl`, `age` and `age-keygen` at
/// hand; and the cluster's admin as the current kubeconfig context.
#[derive(Debug)]
pub struct Terminal {
    folder: PathBuf,
    kubeconfig: PathBuf,
    /// Where further programs are put, the first folder of `path`.
    bin: PathBuf,
    path: OsString,
    /// Of a terminal without a cluster: what is removed with it.
    _home: Option<TempDir>,
}

impl Terminal {
    /// Opens a terminal on `cluster`, in the new folder `name` of its scratch space.
    ///
    /// # Errors
    /// When the folder exists or a program cannot be built.
    pub fn open(cluster: &Cluster, name: &str) -> Result<Self, HarnessError> {
        Self::open_in(cluster.scratch().path(), name, cluster.kubeconfig())
    }

    /// Opens a terminal of someone who has no cluster.
    ///
    /// # Errors
    /// When a program cannot be built.
    pub fn offline() -> Result<Self, HarnessError> {
        let home = tempfile::tempdir().context("make a temporary folder")?;
        // A path that does not exist keeps it away from the kubeconfig of the person who tests.
        let terminal = Self::open_in(home.path(), "work", Path::new("/nonexistent"))?;
        Ok(Self {
            _home: Some(home),
            ..terminal
        })
    }

    fn open_in(home: &Path, name: &str, kubeconfig: &Path) -> Result<Self, HarnessError> {
        let folder = home.join(name);
        let bin = home.join(format!("{name}.bin"));
        for new in [&folder, &bin] {
            std::fs::create_dir(new).context(format!("make {}", new.display()))?;
        }
        let programs = Programs::debug()?;
        let at_hand = [programs.waxwing.clone(), kubectl()?, go_tools::age()?];
        let ours = at_hand.iter().filter_map(|program| program.parent());
        let others = env::var_os("PATH").unwrap_or_default();
        let others: Vec<PathBuf> = env::split_paths(&others).collect();
        let all = [bin.as_path()].into_iter().chain(ours);
        let path = env::join_paths(all.chain(others.iter().map(PathBuf::as_path)))
            .map_err(std::io::Error::other)
            .context("put the programs into PATH")?;
        Ok(Self {
            folder,
            kubeconfig: kubeconfig.to_owned(),
            bin,
            path,
            _home: None,
        })
    }

    /// Puts another program at hand, called `name`.
    ///
    /// # Errors
    /// When there is one of that name already.
    pub fn install(&self, name: &str, program: &Path) -> Result<(), HarnessError> {
        let link = self.bin.join(name);
        symlink(program, &link).context(format!("make {}", link.display()))
    }

    /// The folder that commands run in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has `cluster` as the current context from now on: for moves from one cluster to another.
    pub fn switch_to(&mut self, cluster: &Cluster) {
        cluster.kubeconfig().clone_into(&mut self.kubeconfig);
    }

    /// The command that runs `script` in a shell, which ends at the first line that fails.
    pub fn command(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        remove_settings(&mut command);
        command
            .args(["-e", "-u", "-o", "pipefail", "-c", script])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs `script` to its end and returns what it printed.
    ///
    /// # Errors
    /// When it fails; the error shows the script and all that it printed.
    pub fn run(&self, script: &str) -> Result<String, HarnessError> {
        let output = self.command(script).output().context("run bash")?;
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let stdout = String::from_utf8_lossy(&stdout).into_owned();
        if status.success() {
            return Ok(stdout);
        }
        Err(HarnessError::CommandFailed {
            command: script.to_owned(),
            status: status.to_string(),
            tail: format!("{stdout}{}", String::from_utf8_lossy(&stderr)),
        })
    }
}
