//! Questions of age's SSH keys and plugins, asked on the terminal: passphrases, PINs, touches.

use std::io::{self, BufRead, IsTerminal, Write};

use waxwing_escrow::{Callbacks, SecretString};

use crate::diagnostic::note;
use crate::hidden_prompt;

/// Asks on the terminal; without one there is no answer, and the identity is not used.
#[derive(Debug, Clone)]
pub(super) struct AskOnTerminal {
    /// The identity file that a question is about.
    pub(super) about: String,
}

impl Callbacks for AskOnTerminal {
    fn display_message(&self, message: &str) {
        note(&format!("{}: {message}", self.about));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let question = format!("{}: {message} ({yes}/{})", self.about, no.unwrap_or("no"));
        let answer = ask(&question)?;
        Some(answer.eq_ignore_ascii_case(yes) || answer.eq_ignore_ascii_case("yes"))
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        ask(&format!("{}: {description}", self.about))
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        let mut passphrase =
            hidden_prompt::ask(&format!("{}: {description}: ", self.about)).ok()?;
        Some(SecretString::from(std::mem::take(&mut *passphrase)))
    }
}

/// Asks a question and reads the answer, if someone sits there.
pub(super) fn ask(question: &str) -> Option<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    // Where standard error is closed the question is not seen, and the answer is what it is.
    let _ = write!(io::stderr(), "{question}: ");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}
