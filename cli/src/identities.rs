//! What to open sealed values with: age identity files.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use waxwing_crypto::{Identity, IdentityFileError, KeyRing, parse_identity_file};

use crate::diagnostic::{Advice, Failure, warn};
use crate::input::Source;

/// The permissions of everyone but the owner.
const OTHERS: u32 = 0o077;

/// All identities of several files.
pub(crate) fn key_ring(sources: &[Source]) -> Result<KeyRing, Failure> {
    let mut failure = Failure::default();
    let mut ring = KeyRing::default();
    for source in sources {
        match read_file(source) {
            Ok(identities) => identities.into_iter().for_each(|identity| {
                ring.insert(identity);
            }),
            Err(error) => failure.add(error),
        }
    }
    failure.or(ring)
}

/// The identities of one file, at least one.
pub(crate) fn read_file(source: &Source) -> Result<Vec<Identity>, Failure> {
    let text = source.read_text()?;
    warn_if_exposed(source);
    let identities = parse_identity_file(&text);
    Ok(identities.map_err(|cause| IdentityError {
        name: source.name(),
        cause,
    })?)
}

/// Tells when not only the owner may read the private keys in a file.
pub(crate) fn warn_if_exposed(source: &Source) {
    let Source::File(path) = source else { return };
    if let Some(mode) = exposing_mode(fs::metadata(path)) {
        warn(
            &format!(
                "{}: others may read this private key (mode {mode:04o})",
                path.display()
            ),
            &format!("chmod 600 {}", path.display()),
        );
    }
}

/// As age-keygen does, for a key that a shell wrote to a file.
pub(crate) fn warn_if_stdout_exposed() {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    if let Some(mode) = exposing_mode(stdout.and_then(|file| file.metadata())) {
        warn(
            &format!(
                "standard output: others may read the file that this private key was written to (mode {mode:04o})"
            ),
            "chmod 600 that file, or use -o FILE next time",
        );
    }
}

/// The mode of a file that not only its owner may read or write.
fn exposing_mode(metadata: io::Result<Metadata>) -> Option<u32> {
    let metadata = metadata.ok().filter(Metadata::is_file)?;
    Some(metadata.permissions().mode() & 0o777).filter(|mode| mode & OTHERS != 0)
}

/// An identity file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {cause}")]
struct IdentityError {
    name: String,
    cause: IdentityFileError,
}

impl Advice for IdentityError {
    fn advice(&self) -> Vec<String> {
        match self.cause {
            IdentityFileError::Encrypted => {
                vec![format!(
                    "without a copy on the disk: age -d {} | waxwing unseal -i - …",
                    self.name
                )]
            }
            _ => Vec::new(),
        }
    }
}
