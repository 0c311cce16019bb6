//! The items of a list, sealed or checked one by one.

use std::time::SystemTime;

use waxwing_crypto::{Recipient, ScopeKind};
use waxwing_manifest::{
    Document, Kind, ManifestError, Object, Replacement, SealFor, SecretManifest, plaintext,
    seal_secret, validate,
};

use super::function::{Function, Work};
use super::results::Refusal;
use crate::commands::seal::{about_item, has_no_items};

/// What takes the place of each item, in their order; none where it stays as it is.
///
/// # Errors
/// Everything that is wrong with any of the items.
pub(super) fn process(
    list: &Document,
    function: &Function,
) -> Result<Vec<Option<Replacement>>, Refusal> {
    let namespace = function.namespace.as_deref();
    let mut refusal = Refusal::default();
    let mut replacements = Vec::new();
    for object in list.objects() {
        let result = match (object.kind(), &function.work) {
            (Kind::Secret, Work::Seal { recipients, scope }) => {
                seal(&object, namespace, recipients, *scope)
            }
            (Kind::Secret, Work::Validate) => {
                none_unless(&object, plaintext(&object).into_iter().collect())
            }
            (Kind::Sealed(_), _) => none_unless(&object, validate(&object, namespace).findings),
            (Kind::Other, _) => Ok(None),
        };
        match result {
            Ok(replacement) => replacements.push(replacement),
            Err(refused) => refusal.add(refused),
        }
    }
    refusal.or(replacements)
}

fn none_unless(
    object: &Object<'_>,
    findings: Vec<ManifestError>,
) -> Result<Option<Replacement>, Refusal> {
    if findings.is_empty() {
        Ok(None)
    } else {
        Err(Refusal::about(object, findings))
    }
}

/// The SealedSecret that a Secret becomes; none if it has no items, as those have which Kubernetes
/// fills in.
fn seal(
    object: &Object<'_>,
    namespace: Option<&str>,
    recipients: &[Recipient],
    scope: ScopeKind,
) -> Result<Option<Replacement>, Refusal> {
    if has_no_items(object) {
        return Ok(None);
    }
    let secret = SecretManifest::read(object).map_err(|errors| Refusal::about(object, errors))?;
    let namespace = secret.namespace.as_deref().or(namespace);
    let namespace = namespace.ok_or_else(|| Refusal::no_namespace(object))?;
    let seal_for = SealFor::Namespace(namespace, scope);
    let sealed = seal_secret(&secret, seal_for, recipients, SystemTime::now());
    match sealed {
        Ok(sealed) => Ok(Some(Replacement::Sealed(Box::new(sealed)))),
        Err(error) => Err(match about_item(object, error) {
            Ok(error) => Refusal::about(object, vec![error]),
            Err(cause) => Refusal::from(cause),
        }),
    }
}
