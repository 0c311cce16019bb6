//! The editor that a person has chosen, run as git runs it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use super::interruption::Watch;
use crate::diagnostic::Advice;

/// Where there is no other.
const DEFAULT: &str = "vi";

/// What a shell's exit code is when it finds no such program, or may not run it.
const NOT_RUN: [i32; 2] = [126, 127];

/// Exit codes above this one are a shell's for a signal that has ended its command.
const SIGNALS: i32 = 128;

/// What makes more of a command line than one command with its arguments.
const SYNTAX: &[char] = &[
    ';', '|', '&', '(', ')', '{', '}', '<', '>', '=', '!', '`', '\n',
];

/// A command line for `sh`, to which the file is added.
pub(super) struct Editor {
    command: OsString,
    /// Standard input was read from already: the editor gets the terminal itself.
    needs_terminal: bool,
}

impl Editor {
    /// That of $VISUAL, else of $EDITOR, else vi.
    pub(super) fn chosen(needs_terminal: bool) -> Self {
        let variables = ["VISUAL", "EDITOR"].into_iter();
        let command = variables
            .filter_map(std::env::var_os)
            .find(|command| !command.is_empty());
        Self {
            command: command.unwrap_or_else(|| DEFAULT.into()),
            needs_terminal,
        }
    }

    /// Runs it on a file, to its end.
    pub(super) fn open(&self, file: &Path, watch: &Watch) -> Result<(), EditorError> {
        let command = self.command_for(file);
        let ended = command.and_then(|command| watch.run(command));
        let problem = match ended {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => Problem::of(status),
            Err(cause) => Problem::NotStarted(cause),
        };
        Err(EditorError {
            command: self.command.to_string_lossy().into_owned(),
            problem,
        })
    }

    /// A shell splits the command into words, and leaves the name of the file alone.
    fn command_for(&self, file: &Path) -> io::Result<Command> {
        let mut script = OsString::new();
        if !self.command.to_string_lossy().contains(SYNTAX) {
            // A signal is to reach the editor, and not a shell that waits for it.
            script.push("exec ");
        }
        script.push(&self.command);
        script.push(" \"$@\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(&self.command).arg(file);
        if self.needs_terminal {
            command.stdin(Stdio::from(File::open("/dev/tty")?));
        }
        Ok(command)
    }
}

/// An editor that did not end well.
#[derive(Debug, thiserror::Error)]
#[error("the editor \"{command}\" {problem}; no file was changed, and what was typed is gone")]
pub(super) struct EditorError {
    command: String,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("cannot be run: {0}")]
    NotStarted(io::Error),
    #[error("cannot be run (exit code {0})")]
    NotRun(i32),
    #[error("ended with exit code {0}")]
    Code(i32),
    #[error("was ended by signal {0}")]
    Signal(i32),
}

impl Problem {
    fn of(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) if NOT_RUN.contains(&code) => Self::NotRun(code),
            Some(code) if code > SIGNALS => Self::Signal(code - SIGNALS),
            Some(code) => Self::Code(code),
            None => Self::Signal(status.signal().unwrap_or_default()),
        }
    }
}

impl Advice for EditorError {
    fn advice(&self) -> Vec<String> {
        match self.problem {
            Problem::NotStarted(_) | Problem::NotRun(_) => {
                vec!["set VISUAL or EDITOR to the command of your editor".to_owned()]
            }
            Problem::Code(_) | Problem::Signal(_) => Vec::new(),
        }
    }
}
