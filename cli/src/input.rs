//! Where input comes from: a file, or standard input. All of it may be plaintext, so it is held in
//! memory that is wiped, and never left behind in a buffer that grew.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::diagnostic::Advice;

/// The name of standard input in messages.
const STDIN_NAME: &str = "stdin";

/// The room that standard input starts with, in bytes: most manifests fit.
const FIRST_CAPACITY: usize = 16 * 1024;

/// A file or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Stdin,
    File(PathBuf),
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path)
        }
    }
}

impl Source {
    /// The file, or standard input where none is named.
    pub(crate) fn or_stdin(path: Option<PathBuf>) -> Self {
        path.map_or(Self::Stdin, Self::from)
    }

    /// How messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN_NAME.to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// All of it as text.
    pub(crate) fn read_text(&self) -> Result<Zeroizing<String>, InputError> {
        self.text_of(self.read_bytes(usize::MAX)?)
    }

    /// What was read from it as text.
    pub(crate) fn text_of(
        &self,
        mut bytes: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<String>, InputError> {
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => {
                let _wiped = Zeroizing::new(error.into_bytes());
                Err(InputError::NotText { name: self.name() })
            }
        }
    }

    /// All of it, but no more than `limit` + 1 bytes: enough to see that it is too long.
    pub(crate) fn read_bytes(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, InputError> {
        let read = match self {
            Self::Stdin => {
                note_terminal();
                read_all(io::stdin().lock(), FIRST_CAPACITY, limit)
            }
            Self::File(path) => read_file(path, limit),
        };
        read.map_err(|cause| InputError::Unreadable {
            name: self.name(),
            cause,
        })
    }
}

fn note_terminal() {
    if io::stdin().is_terminal() {
        // Where standard error is closed there is nobody left to tell.
        let _ = io::Write::write_all(
            &mut io::stderr(),
            b"reading from the terminal; Ctrl-D at the start of a line ends the input\n",
        );
    }
}

fn read_file(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    read_all(
        file,
        size.min(limit).saturating_add(1).max(FIRST_CAPACITY),
        limit,
    )
}

/// `Read::read_to_end` would move a growing buffer about and leave plaintext behind.
fn read_all(reader: impl Read, capacity: usize, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut reader = reader.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1));
    let mut bytes = Zeroizing::new(vec![0; capacity]);
    let mut len = 0;
    loop {
        if len == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; len * 2]);
            larger[..len].copy_from_slice(&bytes);
            bytes = larger;
        }
        match reader.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok(bytes)
}

/// Standard input can be read once only.
pub(crate) fn refuse_second_stdin(
    sources: impl IntoIterator<Item = Source>,
) -> Result<(), InputError> {
    let count = sources
        .into_iter()
        .filter(|source| *source == Source::Stdin)
        .count();
    if count > 1 {
        Err(InputError::StdinTwice)
    } else {
        Ok(())
    }
}

/// Why input could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InputError {
    #[error("{name}: cannot be read: {cause}")]
    Unreadable { name: String, cause: io::Error },
    #[error("{name}: is not UTF-8 text")]
    NotText { name: String },
    #[error(
        "standard input would be read twice; name a file for one of the two (-f FILE for a manifest)"
    )]
    StdinTwice,
}

impl Advice for InputError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } | Self::StdinTwice => Vec::new(),
            Self::NotText { .. } => {
                vec!["save it as UTF-8; kubectl takes nothing else either".to_owned()]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn input_longer_than_the_first_buffer_arrives_whole() {
        let long: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let read = read_all(long.as_slice(), 16, usize::MAX).unwrap();
        assert_eq!(*read, long);
    }

    #[test]
    fn input_over_the_limit_is_cut_one_byte_after_it() {
        let read = read_all(&b"0123456789"[..], 4, 5).unwrap();
        assert_eq!(*read, b"012345");
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Source::from(PathBuf::from("-")), Source::Stdin);
        assert_eq!(Source::or_stdin(None), Source::Stdin);
    }
}
