//! What is typed without being shown: passwords and passphrases.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;
use zeroize::Zeroizing;

/// Asks on the terminal, and shows nothing of the answer.
///
/// # Errors
/// There is no terminal, or the input ended. Ctrl-C ends the program, with the terminal as it was.
pub(crate) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    quietly(|| prompt(question))
}

/// Asks twice in a row.
///
/// # Errors
/// As [`ask`].
pub(crate) fn ask_twice(questions: [&str; 2]) -> io::Result<[Zeroizing<String>; 2]> {
    quietly(|| Ok([prompt(questions[0])?, prompt(questions[1])?]))
}

fn prompt(question: &str) -> io::Result<Zeroizing<String>> {
    rpassword::prompt_password(question).map(Zeroizing::new)
}

fn quietly<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // Ctrl-C, which arrives as a character, must not end the program before the terminal is restored.
    let is_over = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&is_over))?;
    let quiet = QuietTerminal::open()?;
    let answer = ask();
    drop(quiet);
    is_over.store(true, Ordering::SeqCst);
    if let Err(error) = &answer
        && error.kind() == io::ErrorKind::Interrupted
    {
        signal_hook::low_level::emulate_default_handler(SIGINT)?;
    }
    answer
}

/// The terminal without echo, from before the question is shown: what is pasted or typed at once would
/// be seen otherwise.
struct QuietTerminal {
    terminal: File,
    before: Termios,
}

impl QuietTerminal {
    fn open() -> io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&terminal, OptionalActions::Now, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for QuietTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}
