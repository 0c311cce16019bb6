//! What the tests of this crate share.

#![allow(dead_code, clippy::unwrap_used)]

use std::time::{Duration, SystemTime};

use waxwing_crypto::{Algorithm, Identity, KeyRing, Recipient, ScopeKind};
use waxwing_manifest::{
    Document, Format, Kind, ManifestError, Object, Replacement, SealFor, SecretManifest, read,
    rewrite, seal_secret,
};

/// A point in time, the same in every test.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_500_000)
}

/// A key pair of the type that is quick to make.
pub(crate) fn key() -> (Vec<Recipient>, KeyRing) {
    let identity = Identity::generate(Algorithm::X25519);
    (
        vec![identity.recipient().clone()],
        KeyRing::from_iter([identity]),
    )
}

/// The documents of a text that must be readable.
pub(crate) fn documents(text: &str) -> Vec<Document> {
    read("input.yaml", text).unwrap()
}

/// The SealedSecrets of a text, in order.
pub(crate) fn sealed_objects(documents: &[Document]) -> Vec<Object<'_>> {
    let objects = documents.iter().flat_map(Document::objects);
    objects
        .filter(|object| object.sealed_kind().is_some())
        .collect()
}

/// A SealedSecret in block style, with these items.
pub(crate) fn with_items(items: &str) -> String {
    format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: x\nspec:\n  encryptedData:{items}"
    )
}

/// The first Secret of a text.
pub(crate) fn secret(text: &str) -> Result<SecretManifest, Vec<ManifestError>> {
    let documents = documents(text);
    let mut objects = documents.iter().flat_map(Document::objects);
    let object = objects
        .find(|object| object.kind() == Kind::Secret)
        .unwrap();
    SecretManifest::read(&object)
}

/// Errors as users read them.
pub(crate) fn lines(errors: &[ManifestError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// Seals every Secret of a stream.
pub(crate) fn seal_stream(text: &str, scope: ScopeKind, recipients: &[Recipient]) -> String {
    let replace = |object: &Object<'_>| {
        (object.kind() == Kind::Secret).then(|| {
            let secret = SecretManifest::read(object).unwrap();
            let namespace = secret
                .namespace
                .clone()
                .unwrap_or_else(|| "prod".to_owned());
            let sealed = seal_secret(
                &secret,
                SealFor::Namespace(&namespace, scope),
                recipients,
                now(),
            )
            .unwrap();
            Replacement::Sealed(Box::new(sealed))
        })
    };
    rewrite(&documents(text), Format::Yaml, replace)
        .unwrap()
        .to_string()
}
