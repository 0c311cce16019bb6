//! SealedSecret or ClusterSealedSecret to Secret, with the private keys at hand.

use std::collections::BTreeMap;

use waxwing_api::{AnySealedSecret, SealedKind, SecretTemplate};
use waxwing_crypto::{KeyRing, Place, SealedValue};
use zeroize::Zeroizing;

use crate::error::{ManifestError, Problem};
use crate::object::Object;
use crate::sealed_secret::read_sealed_secret;
use crate::secret::SecretManifest;
use crate::validate::check_cluster_wide;

/// A Secret that came out of a sealed object.
#[derive(Debug)]
pub struct Unsealed {
    /// The Secret.
    pub secret: SecretManifest,
    /// The names of the items that a template of the SealedSecret would make. Only the controller
    /// renders templates: the Secret lacks these.
    pub templated: Vec<String>,
}

/// Opens every item of a SealedSecret or ClusterSealedSecret. `namespace` counts where the manifest names
/// none; the Secret of a ClusterSealedSecret needs none.
///
/// # Errors
/// Those of [`read_sealed_secret`], no namespace, and every item that could not be opened.
pub fn unseal(
    object: &Object<'_>,
    namespace: Option<&str>,
    ring: &KeyRing,
) -> Result<Unsealed, Vec<ManifestError>> {
    let sealed = read_sealed_secret(object)?;
    let namespace = sealed.metadata.namespace.as_deref().or(namespace);
    if namespace.is_none() && sealed.kind() == SealedKind::SealedSecret {
        return Err(vec![object.error(Problem::NoNamespace)]);
    }
    let items = open_items(object, &sealed, namespace, ring)?;
    let template = sealed.spec.template.unwrap_or_default();
    let templated = template.data.keys().cloned().collect();
    let name = sealed.metadata.name.unwrap_or_default();
    Ok(Unsealed {
        secret: secret_of(name, namespace, template, items),
        templated,
    })
}

type Items = BTreeMap<String, Zeroizing<Vec<u8>>>;

fn open_items(
    object: &Object<'_>,
    sealed: &AnySealedSecret,
    namespace: Option<&str>,
    ring: &KeyRing,
) -> Result<Items, Vec<ManifestError>> {
    let name = sealed.metadata.name.as_deref().unwrap_or_default();
    let mut items = Items::new();
    let mut errors = Vec::new();
    for (item, text) in &sealed.spec.encrypted_data {
        let place = Place {
            namespace: namespace.unwrap_or_default(),
            name,
            item,
        };
        match open(text, ring, &place, sealed.kind()) {
            Ok(value) => drop(items.insert(item.clone(), value)),
            Err(problem) => errors.push(object.item_error(item, problem)),
        }
    }
    if errors.is_empty() {
        Ok(items)
    } else {
        Err(errors)
    }
}

fn open(
    text: &str,
    ring: &KeyRing,
    place: &Place<'_>,
    kind: SealedKind,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let value = SealedValue::parse(text).map_err(Problem::Malformed)?;
    if kind == SealedKind::ClusterSealedSecret {
        check_cluster_wide(&value.header().scope)?;
    }
    value.open(ring, place).map_err(Problem::NotOpened)
}

fn secret_of(
    name: String,
    namespace: Option<&str>,
    template: SecretTemplate,
    items: Items,
) -> SecretManifest {
    let metadata = template.metadata.unwrap_or_default();
    SecretManifest {
        name,
        namespace: namespace.map(str::to_owned),
        type_: template.type_,
        labels: metadata.labels,
        annotations: metadata.annotations,
        immutable: template.immutable,
        items,
    }
}
