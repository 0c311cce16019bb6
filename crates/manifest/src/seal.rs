//! Secret to SealedSecret or ClusterSealedSecret.

use std::collections::BTreeMap;
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use thiserror::Error;
use waxwing_api::{AnySealedSecret, SealedSecretSpec, SecretTemplate, TemplateMetadata};
use waxwing_crypto::{Place, Recipient, ScopeKind, SealError, SealedValue};

use crate::bookkeeping;
use crate::error::Quoted;
use crate::secret::SecretManifest;

/// An item that could not be sealed.
#[derive(Debug, Error)]
#[error("item {}: {source}", Quoted(.item))]
pub struct SealItemError {
    /// The name of the item.
    pub item: String,
    /// Why.
    pub source: SealError,
}

/// Where the Secret is to be, and with it how far its values open.
#[derive(Debug, Clone, Copy)]
pub enum SealFor<'a> {
    /// In one namespace: a SealedSecret comes of it, and every value is bound to its own place in it as
    /// the scope wants.
    Namespace(&'a str, ScopeKind),
    /// In every namespace that is selected: a ClusterSealedSecret comes of it. Its values are of the scope
    /// cluster, since no other one opens in more than one namespace.
    Namespaces(&'a LabelSelector),
}

/// Seals every item of a Secret on its own. What is no secret goes along as the template; annotations by which kustomize or
/// Helm keep track of the object stay with it.
///
/// # Errors
/// The first item that could not be sealed.
pub fn seal_secret(
    secret: &SecretManifest,
    seal_for: SealFor<'_>,
    recipients: &[Recipient],
    sealed_at: SystemTime,
) -> Result<AnySealedSecret, SealItemError> {
    let (namespace, scope, selector) = match seal_for {
        SealFor::Namespace(namespace, scope) => (Some(namespace), scope, None),
        SealFor::Namespaces(selector) => (None, ScopeKind::Cluster, Some(selector)),
    };
    let mut encrypted_data = BTreeMap::new();
    for (item, value) in &secret.items {
        let scope = scope.at(&Place {
            namespace: namespace.unwrap_or_default(),
            name: &secret.name,
            item,
        });
        let sealed = SealedValue::seal(value, &scope, recipients, sealed_at).map_err(|source| {
            SealItemError {
                item: item.clone(),
                source,
            }
        })?;
        encrypted_data.insert(item.clone(), sealed.to_base64());
    }
    let (of_object, of_secret) = bookkeeping::split(&secret.annotations);
    Ok(AnySealedSecret {
        metadata: ObjectMeta {
            name: Some(secret.name.clone()),
            namespace: namespace.map(str::to_owned),
            annotations: Some(of_object).filter(|annotations| !annotations.is_empty()),
            ..ObjectMeta::default()
        },
        spec: SealedSecretSpec {
            encrypted_data,
            template: template_of(secret, of_secret),
            ..SealedSecretSpec::default()
        },
        namespace_selector: selector.cloned(),
        status: None,
    })
}

fn template_of(
    secret: &SecretManifest,
    annotations: BTreeMap<String, String>,
) -> Option<SecretTemplate> {
    let metadata = TemplateMetadata {
        labels: secret.labels.clone(),
        annotations,
    };
    let template = SecretTemplate {
        metadata: Some(metadata).filter(|metadata| *metadata != TemplateMetadata::default()),
        type_: secret.type_.clone(),
        immutable: secret.immutable,
        ..SecretTemplate::default()
    };
    Some(template).filter(|template| *template != SecretTemplate::default())
}
