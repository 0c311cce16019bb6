//! What can go wrong while the stage is set.

use std::{io, path::PathBuf};

/// Why the harness could not do what a test or the demo asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// A program of the host is missing.
    #[error("`{program}` is not on the PATH: {help}")]
    ProgramMissing {
        /// The program that could not be run.
        program: String,
        /// How to do with or without it.
        help: &'static str,
    },

    /// A program ran and failed.
    #[error("`{command}` failed with {status}; the end of its output:\n{tail}")]
    CommandFailed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines that it printed.
        tail: String,
    },

    /// A server did not answer in time, or ended.
    #[error("{program} {what}; the end of {}:\n{tail}", log.display())]
    NotStarted {
        /// The server.
        program: String,
        /// What it did instead of becoming ready.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },

    /// A state was waited for and did not come.
    #[error("waited {seconds} s for {what}; the last state was: {state}")]
    Timeout {
        /// How long, in seconds.
        seconds: u64,
        /// What was waited for.
        what: String,
        /// What was there instead.
        state: String,
    },

    /// A file of deploy/ is not what the harness can apply.
    #[error("{}: {what}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },

    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The reason.
        source: io::Error,
    },

    /// Certificates or keys could not be made.
    #[error("the control plane's certificates could not be made")]
    Certificate(#[from] rcgen::Error),

    /// The API server refused something.
    #[error("{what}: {source}")]
    Kube {
        /// What was tried.
        what: String,
        /// The reason.
        source: Box<kube::Error>,
    },

    /// A kubeconfig that the harness wrote was refused.
    #[error("the kubeconfig of the test control plane could not be used")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
}

/// Puts in words what was tried when an error came.
pub(crate) trait Context<T> {
    fn context(self, what: impl Into<String>) -> Result<T, HarnessError>;
}

impl<T> Context<T> for Result<T, io::Error> {
    fn context(self, what: impl Into<String>) -> Result<T, HarnessError> {
        self.map_err(|source| HarnessError::Io {
            what: what.into(),
            source,
        })
    }
}

impl<T> Context<T> for Result<T, kube::Error> {
    fn context(self, what: impl Into<String>) -> Result<T, HarnessError> {
        self.map_err(|source| HarnessError::Kube {
            what: what.into(),
            source: Box::new(source),
        })
    }
}
