//! Secrets and SealedSecrets as values to write, in the order in which people read them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use waxwing_api::names::API_VERSION;
use waxwing_api::{DeletionPolicy, ImmutablePolicy, SealedSecret, SecretTemplate};
use zeroize::Zeroizing;

use crate::secret::SecretManifest;
use crate::value::Value;

pub(crate) fn secret_value(secret: &SecretManifest) -> Value {
    let items = secret
        .items
        .iter()
        .map(|(item, value)| (item.clone(), base64_of(value)));
    Value::map([
        ("apiVersion", Some(Value::text("v1"))),
        ("kind", Some(Value::text("Secret"))),
        (
            "metadata",
            Some(Value::map([
                ("name", Some(Value::text(&secret.name))),
                ("namespace", secret.namespace.as_deref().map(Value::text)),
                ("labels", Value::text_map(&secret.labels)),
                ("annotations", Value::text_map(&secret.annotations)),
            ])),
        ),
        ("type", secret.type_.as_deref().map(Value::text)),
        ("immutable", secret.immutable.map(Value::Bool)),
        ("data", Some(Value::Map(items.collect()))),
    ])
}

fn base64_of(value: &[u8]) -> Value {
    let mut text = Zeroizing::new(String::with_capacity(value.len().div_ceil(3) * 4));
    BASE64_STANDARD.encode_string(value, &mut text);
    Value::Text(text)
}

pub(crate) fn sealed_secret_value(sealed: &SealedSecret) -> Value {
    let metadata = &sealed.metadata;
    let policy = match sealed.spec.deletion_policy {
        DeletionPolicy::Delete => None,
        DeletionPolicy::Retain => Some(Value::text("Retain")),
    };
    Value::map([
        ("apiVersion", Some(Value::text(API_VERSION))),
        ("kind", Some(Value::text("SealedSecret"))),
        (
            "metadata",
            Some(Value::map([
                ("name", metadata.name.as_deref().map(Value::text)),
                ("namespace", metadata.namespace.as_deref().map(Value::text)),
                ("labels", metadata.labels.as_ref().and_then(Value::text_map)),
                (
                    "annotations",
                    metadata.annotations.as_ref().and_then(Value::text_map),
                ),
            ])),
        ),
        (
            "spec",
            Some(Value::map([
                (
                    "encryptedData",
                    Value::text_map(&sealed.spec.encrypted_data),
                ),
                (
                    "template",
                    sealed.spec.template.as_ref().map(template_value),
                ),
                ("deletionPolicy", policy),
            ])),
        ),
    ])
}

fn template_value(template: &SecretTemplate) -> Value {
    let metadata = template.metadata.as_ref().map(|metadata| {
        Value::map([
            ("labels", Value::text_map(&metadata.labels)),
            ("annotations", Value::text_map(&metadata.annotations)),
        ])
    });
    let immutable_policy = match template.immutable_policy {
        ImmutablePolicy::Refuse => None,
        ImmutablePolicy::Recreate => Some(Value::text("Recreate")),
    };
    Value::map([
        ("metadata", metadata),
        ("type", template.type_.as_deref().map(Value::text)),
        ("immutable", template.immutable.map(Value::Bool)),
        ("immutablePolicy", immutable_policy),
        ("data", Value::text_map(&template.data)),
    ])
}
