//! How the program speaks to the user: what happened, to what, and what to do next.

use std::error::Error;
use std::io::Write;

use anstyle::{AnsiColor, Style};

use crate::printable;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// An error that may know what the user should do next.
pub(crate) trait Advice: Error {
    /// What to do next, each as a sentence without a full stop; none where the error says it.
    fn advice(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One thing that went wrong.
#[derive(Debug, PartialEq, Eq)]
struct Diagnostic {
    message: String,
    help: Vec<String>,
}

/// Everything that went wrong: the command ends with exit code 1.
#[derive(Debug, Default)]
pub(crate) struct Failure(Vec<Diagnostic>);

impl<E: Advice> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(vec![Diagnostic {
            message: error.to_string(),
            help: error.advice(),
        }])
    }
}

impl Failure {
    /// Adds what else went wrong, unless just that has been said.
    pub(crate) fn add(&mut self, other: impl Into<Self>) {
        for diagnostic in other.into().0 {
            if !self.0.contains(&diagnostic) {
                self.0.push(diagnostic);
            }
        }
    }

    /// What went wrong, without advice.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|diagnostic| diagnostic.message.as_str())
    }

    /// Each message with its advice, on one line.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|diagnostic| {
            let help = diagnostic.help.iter().map(|help| format!("; {help}"));
            help.fold(diagnostic.message.clone(), |told, help| told + &help)
        })
    }

    /// `value`, unless something went wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Writes every message to standard error; advice that is the same for several stands once, last.
    pub(crate) fn report(&self) {
        for (index, diagnostic) in self.0.iter().enumerate() {
            tell("error", ERROR, &diagnostic.message);
            if self
                .0
                .get(index + 1)
                .is_none_or(|next| next.help != diagnostic.help)
            {
                diagnostic
                    .help
                    .iter()
                    .for_each(|help| tell("help", HELP, help));
            }
        }
    }
}

/// Tells of something that looks wrong and does not stop the command.
pub(crate) fn warn(message: &str, help: &str) {
    tell("warning", WARNING, message);
    tell("help", HELP, help);
}

/// Tells what was done, or is about to be.
pub(crate) fn note(message: &str) {
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "{}", printable::lines(message));
}

fn tell(label: &str, style: Style, text: &str) {
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(
        anstream::stderr(),
        "{style}{label}:{style:#} {}",
        printable::lines(text)
    );
}
