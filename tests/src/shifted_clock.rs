//! A wall clock that goes wrong for one process alone.

use std::{ffi::OsStr, path::PathBuf, process::Command, time::Duration};

use crate::{
    error::{Context, HarnessError},
    scratch::Scratch,
};

/// Compiled by the C compiler that Rust links with.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/c/shifted_clock.c");

/// What shifts the wall clock of the processes that are started with its environment.
#[derive(Debug)]
pub struct ShiftedClock {
    library: PathBuf,
    shift: PathBuf,
}

/// How far a clock is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// It is right.
    None,
    /// It is ahead.
    Ahead(Duration),
    /// It is behind.
    Behind(Duration),
}

impl ShiftedClock {
    /// Makes one that is right at first.
    ///
    /// # Errors
    /// When there is no C compiler `cc`.
    pub fn make(scratch: &Scratch) -> Result<Self, HarnessError> {
        let library = scratch.path().join("shifted_clock.so");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(SOURCE);
        let output = compiler.output().context("run cc")?;
        if !output.status.success() {
            return Err(HarnessError::CommandFailed {
                command: format!("{compiler:?}"),
                status: output.status.to_string(),
                tail: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        let shift = scratch.write("shift", "0")?;
        Ok(Self { library, shift })
    }

    /// Has the clock jump.
    ///
    /// # Errors
    /// When the file that says so cannot be written.
    pub fn set(&self, shift: Shift) -> Result<(), HarnessError> {
        let text = match shift {
            Shift::None => "0".to_owned(),
            Shift::Ahead(by) => by.as_secs().to_string(),
            Shift::Behind(by) => format!("-{}", by.as_secs()),
        };
        // Replaced at once: a process that reads it finds the old shift or the new one.
        let new = self.shift.with_extension("new");
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, &self.shift))
            .context("shift the clock")
    }

    /// What a process is started with.
    pub fn environment(&self) -> [(&'static str, &OsStr); 2] {
        [
            ("LD_PRELOAD", self.library.as_os_str()),
            ("SHIFTED_CLOCK_FILE", self.shift.as_os_str()),
        ]
    }
}
