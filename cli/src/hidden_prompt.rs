//! What is typed without being shown: passwords and passphrases.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use zeroize::Zeroizing;

/// Asks on the terminal, and shows nothing of the answer.
///
/// # Errors
/// There is no terminal, or the input ended. Ctrl-C ends the program, and the terminal is as it was
/// before: a signal that came at once would leave it without an echo.
pub(crate) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    let is_over = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&is_over))?;
    let answer = rpassword::prompt_password(question);
    is_over.store(true, Ordering::SeqCst);
    if let Err(error) = &answer
        && error.kind() == io::ErrorKind::Interrupted
    {
        signal_hook::low_level::emulate_default_handler(SIGINT)?;
    }
    answer.map(Zeroizing::new)
}
