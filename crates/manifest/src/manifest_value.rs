//! Secrets and sealed objects as values to write, in the order in which people read them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use waxwing_api::names::API_VERSION;
use waxwing_api::{AnySealedSecret, DeletionPolicy, ImmutablePolicy, SecretTemplate};
use zeroize::Zeroizing;

use crate::label_selector::selector_value;
use crate::secret::SecretManifest;
use crate::value::Value;

/// A Secret as kubectl prints it, all values in base64.
pub(crate) fn secret_value(secret: &SecretManifest) -> Value {
    let items = secret
        .items
        .iter()
        .map(|(item, value)| (item.clone(), base64_of(value)));
    value_with(secret, Some(Value::Map(items.collect())), None)
}

/// A Secret as people write it: texts as they are, and only other bytes in base64.
pub(crate) fn readable_secret_value(secret: &SecretManifest) -> Value {
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for (item, value) in &secret.items {
        match text_of(value) {
            Some(text) => texts.push((item.clone(), Value::text(text))),
            None => others.push((item.clone(), base64_of(value))),
        }
    }
    let data = (!others.is_empty()).then_some(Value::Map(others));
    value_with(secret, data, Some(Value::Map(texts)))
}

/// What an editor shows as it is.
fn text_of(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let is_visible = |character: char| !character.is_control() || "\n\r\t".contains(character);
    text.chars().all(is_visible).then_some(text)
}

fn value_with(secret: &SecretManifest, data: Option<Value>, texts: Option<Value>) -> Value {
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
        ("data", data),
        ("stringData", texts),
    ])
}

fn base64_of(value: &[u8]) -> Value {
    let mut text = Zeroizing::new(String::with_capacity(value.len().div_ceil(3) * 4));
    BASE64_STANDARD.encode_string(value, &mut text);
    Value::Text(text)
}

pub(crate) fn sealed_value(sealed: &AnySealedSecret) -> Value {
    let metadata = &sealed.metadata;
    let policy = match sealed.spec.deletion_policy {
        DeletionPolicy::Delete => None,
        DeletionPolicy::Retain => Some(Value::text("Retain")),
    };
    Value::map([
        ("apiVersion", Some(Value::text(API_VERSION))),
        ("kind", Some(Value::text(sealed.kind().as_str()))),
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
                    "namespaceSelector",
                    sealed.namespace_selector.as_ref().map(selector_value),
                ),
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
