//! The Git repository that one works in, and the program `git`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::diagnostic::Advice;

/// The nearest folder that Git looks after, by the way to it from here; empty, if it is the current
/// one.
pub(crate) fn repository_root() -> io::Result<Option<PathBuf>> {
    let current = std::env::current_dir()?;
    let depth = current
        .ancestors()
        .position(|folder| folder.join(".git").exists());
    Ok(depth.map(|depth| std::iter::repeat_n("..", depth).collect()))
}

/// `git`, run in a folder.
pub(crate) struct Git {
    folder: PathBuf,
}

impl Git {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// What a command prints, without the line break at its end.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<OsString, GitError> {
        let output = self.run(args)?;
        if output.status.success() {
            Ok(first_line(output.stdout))
        } else {
            Err(GitError::failed(args, &output))
        }
    }

    /// As [`Git::ask`], for a command that exits with 1 where there is nothing to print.
    pub(crate) fn ask_for<S: AsRef<OsStr>>(
        &self,
        args: &[S],
    ) -> Result<Option<OsString>, GitError> {
        let output = self.run(args)?;
        match output.status.code() {
            Some(0) => Ok(Some(first_line(output.stdout))),
            Some(1) => Ok(None),
            _ => Err(GitError::failed(args, &output)),
        }
    }

    /// Starts a command that is asked, and answers, through pipes.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Child, GitError> {
        let mut git = self.command(args);
        git.stdin(Stdio::piped()).stdout(Stdio::piped());
        git.spawn().map_err(GitError::not_run)
    }

    fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, GitError> {
        self.command(args).output().map_err(GitError::not_run)
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder).args(args);
        git
    }
}

fn first_line(mut printed: Vec<u8>) -> OsString {
    if printed.ends_with(b"\n") {
        printed.pop();
    }
    OsString::from_vec(printed)
}

/// Why `git` did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("the program git is not there")]
    Missing,
    #[error("git cannot be run: {0}")]
    NotRun(io::Error),
    #[error("git {command} failed: {words}")]
    Failed {
        /// The first word behind `git`.
        command: String,
        words: String,
    },
}

impl GitError {
    fn not_run(cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::NotRun(cause),
        }
    }

    fn failed<S: AsRef<OsStr>>(args: &[S], output: &Output) -> Self {
        let command = args.first().map(AsRef::as_ref).unwrap_or_default();
        let words = String::from_utf8_lossy(&output.stderr);
        Self::Failed {
            command: command.to_string_lossy().into_owned(),
            words: words.trim().to_owned(),
        }
    }
}

impl Advice for GitError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Missing => vec!["install git, and see that it is on the PATH".to_owned()],
            Self::NotRun(_) | Self::Failed { .. } => Vec::new(),
        }
    }
}
