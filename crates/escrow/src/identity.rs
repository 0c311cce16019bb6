//! Recovery identities: what an operator keeps offline, to open escrows with.

use age::{Callbacks, plugin, ssh};
use waxwing_crypto::{IdentityFileError, parse_identity_file};

/// The identities of one or more identity files, of any type that age knows.
#[derive(Default)]
pub struct RecoveryIdentities(Vec<Box<dyn age::Identity>>);

/// Why an identity file cannot be used. The message never holds a part of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryIdentityError {
    /// An age identity file with something else in it.
    #[error(transparent)]
    File(#[from] IdentityFileError),
    /// An SSH private key of a type that age does not support, or a damaged one.
    #[error("not an SSH private key that age can use: give an ssh-ed25519 or ssh-rsa key")]
    Ssh,
    /// A plugin identity whose plugin is not there.
    #[error("the identity on line {line} needs the program {program}, which is not in PATH")]
    MissingPlugin {
        /// The line of the identity, from 1.
        line: usize,
        /// The program's name.
        program: String,
    },
}

impl RecoveryIdentities {
    /// Adds the identities of a file: age identities one per line, plugin identities among them, or
    /// one SSH private key. `callbacks` ask the user for a passphrase or a touch.
    ///
    /// # Errors
    /// If the text is none of these, or has no identity in it.
    pub fn add<C: Callbacks>(
        &mut self,
        text: &str,
        callbacks: C,
    ) -> Result<(), RecoveryIdentityError> {
        if text.trim_start().starts_with("-----BEGIN") {
            return self.add_ssh(text, callbacks);
        }
        let plugins = self.add_plugins(text, &callbacks)?;
        if plugins > 0 && native_lines(text).next().is_none() {
            return Ok(());
        }
        let native = parse_identity_file(&without_plugins(text))?;
        self.0.extend(
            native
                .into_iter()
                .map(|one| Box::new(one) as Box<dyn age::Identity>),
        );
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(AsRef::as_ref)
    }

    fn add_ssh<C: Callbacks>(
        &mut self,
        text: &str,
        callbacks: C,
    ) -> Result<(), RecoveryIdentityError> {
        match ssh::Identity::from_buffer(text.as_bytes(), None) {
            Ok(ssh::Identity::Unsupported(_)) | Err(_) => Err(RecoveryIdentityError::Ssh),
            Ok(identity) => {
                self.0.push(Box::new(identity.with_callbacks(callbacks)));
                Ok(())
            }
        }
    }

    fn add_plugins<C: Callbacks>(
        &mut self,
        text: &str,
        callbacks: &C,
    ) -> Result<usize, RecoveryIdentityError> {
        let before = self.0.len();
        for (index, line) in text.lines().enumerate() {
            let Ok(identity) = line.trim().parse::<plugin::Identity>() else {
                continue;
            };
            let name = identity.plugin().to_owned();
            let plugin = plugin::IdentityPluginV1::new(&name, &[identity], callbacks.clone())
                .map_err(|_| RecoveryIdentityError::MissingPlugin {
                    line: index + 1,
                    program: format!("age-plugin-{name}"),
                })?;
            self.0.push(Box::new(plugin));
        }
        Ok(self.0.len() - before)
    }
}

fn is_plugin(line: &str) -> bool {
    line.trim().parse::<plugin::Identity>().is_ok()
}

fn native_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !is_plugin(line))
}

/// The text with every plugin identity blanked out: line numbers in errors stay right.
fn without_plugins(text: &str) -> zeroize::Zeroizing<String> {
    let mut rest = zeroize::Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.lines() {
        if !is_plugin(line) {
            rest.push_str(line);
        }
        rest.push('\n');
    }
    rest
}
