//! What to open sealed values with: age identity files.

use std::fs;
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

fn warn_if_exposed(source: &Source) {
    let Source::File(path) = source else { return };
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_file() && mode & OTHERS != 0 {
        warn(
            &format!(
                "{}: others may read this private key (mode {mode:04o})",
                path.display()
            ),
            &format!("chmod 600 {}", path.display()),
        );
    }
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
