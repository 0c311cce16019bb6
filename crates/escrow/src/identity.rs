//! Recovery identities: what an operator keeps offline, to open escrows with.

use std::io::Read;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{Callbacks, Decryptor, plugin, scrypt, ssh};
use waxwing_crypto::{IdentityFileError, parse_identity_file};
use zeroize::Zeroizing;

/// How every age file begins, and how an armored one does.
const AGE_FILE: [&[u8]; 2] = [
    b"age-encryption.org/",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
];

/// The most work, as a power of two, that a passphrase may cost: what Go's age takes.
const MAX_WORK_FACTOR: u8 = 22;

/// The longest identity file in an encrypted one, in bytes.
const MAX_IDENTITY_FILE_LEN: u64 = 16 * 1024 * 1024;

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
    /// Neither text nor an age file.
    #[error("not an identity file: it is not UTF-8 text")]
    NotText,
    /// The file is encrypted, and nobody could be asked for the passphrase.
    #[error("it is protected by a passphrase, and there is no terminal to ask for it on")]
    NoPassphrase,
    /// The passphrase does not open it.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
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
    /// Adds the identities of a file: age identities one per line, plugin identities among them; the
    /// same encrypted with a passphrase (`age -p`); or one SSH private key. `callbacks` ask the user
    /// for a passphrase, now and once, and for what a plugin needs, when it is used.
    ///
    /// # Errors
    /// If it is none of these, has no identity in it, or the passphrase is missing or wrong.
    pub fn add(
        &mut self,
        contents: &(impl AsRef<[u8]> + ?Sized),
        callbacks: &impl Callbacks,
    ) -> Result<(), RecoveryIdentityError> {
        let contents = contents.as_ref();
        if AGE_FILE.iter().any(|start| contents.starts_with(start)) {
            let inside = open_file(contents, callbacks)?;
            return self.add_text(&inside, callbacks);
        }
        self.add_text(contents, callbacks)
    }

    fn add_text(
        &mut self,
        contents: &[u8],
        callbacks: &impl Callbacks,
    ) -> Result<(), RecoveryIdentityError> {
        let text = std::str::from_utf8(contents).map_err(|_| RecoveryIdentityError::NotText)?;
        if text.trim_start().starts_with("-----BEGIN") {
            return self.add_ssh(text, callbacks);
        }
        let plugins = self.add_plugins(text, callbacks)?;
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

    fn add_ssh(
        &mut self,
        text: &str,
        callbacks: &impl Callbacks,
    ) -> Result<(), RecoveryIdentityError> {
        let identity = match ssh::Identity::from_buffer(text.as_bytes(), None) {
            Ok(ssh::Identity::Unsupported(_)) | Err(_) => return Err(RecoveryIdentityError::Ssh),
            Ok(ssh::Identity::Encrypted(key)) => key
                .decrypt(passphrase("Passphrase of the SSH key", callbacks)?)
                .map_err(|_| RecoveryIdentityError::WrongPassphrase)?
                .into(),
            Ok(identity) => identity,
        };
        self.0.push(Box::new(identity));
        Ok(())
    }

    fn add_plugins(
        &mut self,
        text: &str,
        callbacks: &impl Callbacks,
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

/// An identity file that `age -p` has encrypted.
fn open_file(
    contents: &[u8],
    callbacks: &impl Callbacks,
) -> Result<Zeroizing<Vec<u8>>, RecoveryIdentityError> {
    let encrypted = || RecoveryIdentityError::File(IdentityFileError::Encrypted);
    let decryptor =
        Decryptor::new_buffered(ArmoredReader::new(contents)).map_err(|_| encrypted())?;
    if !decryptor.is_scrypt() {
        return Err(encrypted());
    }
    let passphrase = passphrase("Passphrase of the identity file", callbacks)?;
    let mut identity = scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let reader = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|_| RecoveryIdentityError::WrongPassphrase)?;
    let mut inside = Zeroizing::new(Vec::with_capacity(contents.len()));
    reader
        .take(MAX_IDENTITY_FILE_LEN)
        .read_to_end(&mut inside)
        .map_err(|_| encrypted())?;
    Ok(inside)
}

fn passphrase(
    what: &str,
    callbacks: &impl Callbacks,
) -> Result<SecretString, RecoveryIdentityError> {
    callbacks
        .request_passphrase(what)
        .ok_or(RecoveryIdentityError::NoPassphrase)
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
fn without_plugins(text: &str) -> Zeroizing<String> {
    let mut rest = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in text.lines() {
        if !is_plugin(line) {
            rest.push_str(line);
        }
        rest.push('\n');
    }
    rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use age::{Encryptor, NoCallbacks};
    use waxwing_crypto::{Algorithm, Identity};

    use super::*;
    use crate::{RecoveryRecipients, decrypt, encrypt};

    /// Someone who knows this passphrase.
    #[derive(Clone)]
    struct Knows(&'static str);

    impl Callbacks for Knows {
        fn display_message(&self, _: &str) {}
        fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
            None
        }
        fn request_public_string(&self, _: &str) -> Option<String> {
            None
        }
        fn request_passphrase(&self, _: &str) -> Option<SecretString> {
            Some(SecretString::from(self.0.to_owned()))
        }
    }

    /// `age -p`, with little work.
    fn with_passphrase(plaintext: &str, passphrase: &str) -> Vec<u8> {
        let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
        recipient.set_work_factor(2);
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let mut file = Vec::new();
        let encryptor = Encryptor::with_recipients(recipients).unwrap();
        let mut writer = encryptor.wrap_output(&mut file).unwrap();
        writer.write_all(plaintext.as_bytes()).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn an_identity_file_that_age_has_encrypted_opens_with_its_passphrase_only() {
        let recovery = Identity::generate(Algorithm::MlKem768X25519);
        let file = with_passphrase(&recovery.to_secret_string(), "correct horse");
        let mut identities = RecoveryIdentities::default();
        let mut add = |callbacks| identities.add(&file, &callbacks);
        assert!(matches!(
            add(Knows("battery staple")),
            Err(RecoveryIdentityError::WrongPassphrase)
        ));
        add(Knows("correct horse")).unwrap();
        assert!(matches!(
            identities.add(&file, &NoCallbacks),
            Err(RecoveryIdentityError::NoPassphrase)
        ));

        let recipient = recovery.recipient().to_string().parse().unwrap();
        let recipients = RecoveryRecipients::new(vec![recipient]).unwrap();
        let key = Identity::generate(Algorithm::X25519);
        let armored = encrypt(&key, &recipients).unwrap();
        let back = decrypt(&armored, &identities).unwrap();
        assert_eq!(back[0].key_id(), key.key_id());
    }

    #[test]
    fn what_is_no_identity_file_is_refused() {
        let key = Identity::generate(Algorithm::X25519);
        let recipient = key.recipient().to_string().parse().unwrap();
        let to_a_key = encrypt(&key, &RecoveryRecipients::new(vec![recipient]).unwrap()).unwrap();
        let error = |contents: &[u8]| {
            let mut identities = RecoveryIdentities::default();
            identities.add(contents, &NoCallbacks).unwrap_err()
        };
        use RecoveryIdentityError::{File, NotText, Ssh};
        assert!(matches!(
            error(to_a_key.as_bytes()),
            File(IdentityFileError::Encrypted)
        ));
        assert!(matches!(
            error(b"age-encryption.org/v1\n"),
            File(IdentityFileError::Encrypted)
        ));
        assert!(matches!(error(b"\xff"), NotText));
        assert!(matches!(
            error(b"# nothing\n"),
            File(IdentityFileError::Empty)
        ));
        assert!(matches!(
            error(b"-----BEGIN OPENSSH PRIVATE KEY-----\n"),
            Ssh
        ));
    }
}
