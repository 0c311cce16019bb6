//! Plaintext that was typed as an argument: wiped after use, never shown, and warned about.

use std::fmt;

use zeroize::Zeroizing;

use crate::diagnostic::warn;

/// The value of an option that holds plaintext.
#[derive(Clone)]
pub(crate) struct Plaintext(Zeroizing<String>);

impl Plaintext {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Tells that `option` was not the best way. `better` is one that leaves no trace.
pub(crate) fn warn_of_history(option: &str, better: &str) {
    warn(
        &format!(
            "{option}: shells keep the value in their history, and others on this machine may see it while the command runs"
        ),
        better,
    );
}
