//! A child process with its output in a file, ended with its owner.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    error::{Context, HarnessError},
    scratch::Scratch,
    usage::Usage,
};

/// How much of a log an error shows, in bytes.
const TAIL: u64 = 3000;

/// A running program. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    pid_file: PathBuf,
}

impl Process {
    /// Starts `command`; both of its outputs are appended to `logs/NAME.log` in `scratch`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(
        scratch: &Scratch,
        name: &str,
        command: &mut Command,
    ) -> Result<Self, HarnessError> {
        let log = scratch.logs().join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context(format!("open {}", log.display()))?;
        let errors = output
            .try_clone()
            .context(format!("open {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .context(format!("start {}", command.get_program().display()))?;
        let pid_file = scratch.pids().join(child.id().to_string());
        File::create(&pid_file).context(format!("write {}", pid_file.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
            pid_file,
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The file that both outputs go to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// CPU time and peak memory up to now.
    ///
    /// # Errors
    /// When the process has ended, or the system has no /proc.
    pub fn usage(&self) -> Result<Usage, HarnessError> {
        Usage::of(self.pid())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Kills it at once (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        // Both fail only for a process that has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.forget();
    }

    /// Has it stand still (SIGSTOP) until it is told to go on.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Has it go on (SIGCONT) where it stood still.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Fails only for a process that has ended by itself.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// When it still runs after `patience`.
    pub fn terminate(&mut self, patience: Duration) -> Result<ExitStatus, HarnessError> {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.ended() {
                self.forget();
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(self.failure("did not stop at SIGTERM"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// An error that shows the end of the log.
    pub(crate) fn failure(&self, what: impl Into<String>) -> HarnessError {
        HarnessError::NotStarted {
            program: self.name.clone(),
            what: what.into(),
            log: self.log.clone(),
            tail: tail(&self.log),
        }
    }

    /// Takes it off the guard's list: its id may be given to another process now.
    fn forget(&self) {
        // It is there unless the guard has swept the folder, and then it does not matter.
        let _ = std::fs::remove_file(&self.pid_file);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The end of a file, as text.
fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| format!("(cannot be read: {error})"))
}
