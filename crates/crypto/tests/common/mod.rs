//! What the tests of the crate share.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::collections::HashSet;
use std::io::Write;
use std::iter;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use age::{EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};
use waxwing_crypto::{Algorithm, Identity, KeyRing, Place, Recipient, ScopeKind, SealedValue};

pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::MlKem768X25519, Algorithm::X25519];

pub const HOME: Place<'static> = Place {
    namespace: "prod",
    name: "db-credentials",
    item: "password",
};

pub const VALUE: &[u8] = b"correct horse battery staple";

pub fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_500_000)
}

pub fn ring<'a>(identities: impl IntoIterator<Item = &'a Identity>) -> KeyRing {
    identities.into_iter().cloned().collect()
}

pub fn recipients<'a>(identities: impl IntoIterator<Item = &'a Identity>) -> Vec<Recipient> {
    let identities = identities.into_iter();
    identities
        .map(|identity| identity.recipient().clone())
        .collect()
}

/// [`VALUE`], sealed strictly for [`HOME`].
pub fn seal<'a>(identities: impl IntoIterator<Item = &'a Identity>) -> SealedValue {
    let scope = ScopeKind::Strict.at(&HOME);
    SealedValue::seal(VALUE, &scope, &recipients(identities), noon()).unwrap()
}

/// A stanza without a body.
pub fn stanza(line: &str) -> Stanza {
    let mut words = line.split(' ').map(str::to_owned);
    Stanza {
        tag: words.next().unwrap(),
        args: words.collect(),
        body: Vec::new(),
    }
}

/// The two stanzas of a good value for [`HOME`] and one recipient.
pub fn good_stanzas(recipient: &Recipient) -> Vec<Stanza> {
    vec![
        stanza("waxwing.dev/scope strict prod db-credentials password"),
        stanza(&format!(
            "waxwing.dev/sealed 2026-11-24T06:00:00Z {}",
            recipient.key_id()
        )),
    ]
}

/// An age file of [`VALUE`] with these stanzas in front of and behind those of the recipients. Its
/// MAC is right: it is what someone can make who knows the value and age, but not the rules.
pub fn forge(before: Vec<Stanza>, recipients: &[Recipient], after: Vec<Stanza>) -> Vec<u8> {
    let (before, after) = (Fixed(before), Fixed(after));
    let all = iter::once(&before as &dyn age::Recipient)
        .chain(recipients.iter().map(|recipient| recipient as _))
        .chain(iter::once(&after as _));
    let labelled: Vec<Unlabelled<'_>> = all.map(Unlabelled).collect();
    let encryptor = Encryptor::with_recipients(labelled.iter().map(|r| r as _)).unwrap();
    let mut file = Vec::new();
    let mut payload = encryptor.wrap_output(&mut file).unwrap();
    payload.write_all(VALUE).unwrap();
    payload.finish().unwrap();
    file
}

/// Stanzas that are not made from the file key.
struct Fixed(Vec<Stanza>);

impl age::Recipient for Fixed {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let copy = |stanza: &Stanza| Stanza {
            tag: stanza.tag.clone(),
            args: stanza.args.clone(),
            body: stanza.body.clone(),
        };
        Ok((self.0.iter().map(copy).collect(), HashSet::new()))
    }
}

/// A recipient that gets around age's rule against mixing.
struct Unlabelled<'a>(&'a dyn age::Recipient);

impl age::Recipient for Unlabelled<'_> {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (stanzas, _) = self.0.wrap_file_key(file_key)?;
        Ok((stanzas, HashSet::new()))
    }
}

/// The file with the first `from` in it turned into `to`.
pub fn replace(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = file
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .unwrap();
    [&file[..at], to.as_bytes(), &file[at + from.len()..]].concat()
}
