//! A password that is typed as an argument or, better, comes from standard input.

use zeroize::Zeroizing;

use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::plaintext_argument::{Plaintext, warn_of_history};

/// The password that was `typed` as the value of `option`, else all of standard input but the line
/// break at its end, as docker login reads it.
pub(super) fn read(option: &str, typed: Option<&Plaintext>) -> Result<Zeroizing<String>, Failure> {
    let password = match typed {
        Some(typed) => {
            warn_of_history(option, &format!("pipe it into {option}-stdin"));
            Zeroizing::new(typed.as_str().to_owned())
        }
        None => read_stdin()?,
    };
    if password.is_empty() {
        return Err(EmptyPassword {
            option: option.to_owned(),
        }
        .into());
    }
    Ok(password)
}

fn read_stdin() -> Result<Zeroizing<String>, Failure> {
    let text = Source::Stdin.read_text()?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Zeroizing::new(
        line.strip_suffix('\r').unwrap_or(line).to_owned(),
    ))
}

/// There is no password.
#[derive(Debug, thiserror::Error)]
#[error("{option}: the password is empty")]
struct EmptyPassword {
    option: String,
}

impl Advice for EmptyPassword {
    fn advice(&self) -> Vec<String> {
        vec![format!(
            "pipe it in: printf %s \"$PASSWORD\" | waxwing create … {}-stdin",
            self.option
        )]
    }
}
