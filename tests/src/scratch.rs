//! A temporary folder, and the promise that neither it nor a process of it outlives its owner.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::error::{Context, HarnessError};

/// Sleeps until the owner's end of its standard input is closed, by its drop or by its death of any
/// kind, then ends what is left. The owner's Ctrl-C reaches the whole process group, hence the trap.
const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for pid in "$0"/pids/*; do
    [ -e "$pid" ] && kill -KILL "${pid##*/}" 2>/dev/null
done
rm -rf "$0" || { sleep 1; rm -rf "$0"; }
"#;

/// A temporary folder with a guard: when the owner drops it, panics or is killed, every process that
/// [`Process`](crate::process::Process) started in it is ended and the folder is removed.
///
/// A test process keeps its control plane in a `static`, which Rust never drops, and people press
/// Ctrl-C: a `Drop` alone would leave servers running.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    guard: Child,
}

impl Scratch {
    /// Makes a new one in the system's temporary folder.
    ///
    /// # Errors
    /// When the folder cannot be made or `sh` cannot be run.
    pub fn new() -> Result<Self, HarnessError> {
        let path = tempfile::Builder::new()
            .prefix("waxwing-")
            .tempdir()
            .context("make a temporary folder")?
            .keep();
        for folder in ["pids", "logs"] {
            std::fs::create_dir(path.join(folder)).context("make a temporary folder")?;
        }
        let guard = Command::new("sh")
            .args(["-c", GUARD])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("run sh")?;
        Ok(Self { path, guard })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the processes write their logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Holds one empty file per running process, named by its id: what the guard ends.
    pub(crate) fn pids(&self) -> PathBuf {
        self.path.join("pids")
    }

    /// Writes a file into the folder and returns its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf, HarnessError> {
        let path = self.path.join(name);
        std::fs::write(&path, content).context(format!("write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // An error means that the guard is gone already: nothing is left to wait for.
        let _ = self.guard.wait();
    }
}
