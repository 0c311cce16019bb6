//! A Secret manifest, read and checked as the API server would.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::error::{ManifestError, Part, Problem};
use crate::fields::{Fields, Metadata, field};
use crate::mapping::Entry;
use crate::names;
use crate::object::Object;
use crate::secret_type::{check_type, is_json};
use crate::tree::NodeId;

/// The limit of Kubernetes for the values of a Secret together, in bytes.
pub const MAX_SECRET_LEN: usize = 1024 * 1024;

/// Base64 as the API server reads it: padded, and not picky about the last bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A Secret, its values decoded.
#[derive(Clone, Default, PartialEq)]
pub struct SecretManifest {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, if the manifest has one.
    pub namespace: Option<String>,
    /// `type`, if the manifest has one.
    pub type_: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`, without those in which a tool keeps a copy of the Secret.
    pub annotations: BTreeMap<String, String>,
    /// `immutable`, if the manifest has it.
    pub immutable: Option<bool>,
    /// The values of `data` and `stringData`, the latter going first as in the API.
    pub items: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for SecretManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretManifest")
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("items", &format_args!("[redacted]"))
            .finish_non_exhaustive()
    }
}

impl SecretManifest {
    /// Reads a Secret.
    ///
    /// # Errors
    /// Everything for which the API server would refuse the Secret, each on its line; and a Secret
    /// without items.
    pub fn read(object: &Object<'_>) -> Result<Self, Vec<ManifestError>> {
        let mut fields = Fields::of(*object, "a Secret");
        let secret = read_fields(object, &mut fields);
        secret.check(&mut fields);
        fields.finish(secret)
    }

    fn check(&self, fields: &mut Fields<'_>) {
        if self.name.is_empty() {
            fields.report_whole(Problem::NoName);
        }
        if let Err(problem) = self.check_size() {
            fields.report_whole(problem);
        }
        if !fields.is_clean() {
            return;
        }
        if let Err(problem) = self.check_type() {
            fields.report_whole(problem);
        }
    }

    /// Checks that the values together are no larger than Kubernetes allows.
    ///
    /// # Errors
    /// They are.
    pub fn check_size(&self) -> Result<(), Problem> {
        let len: usize = self.items.values().map(|value| value.len()).sum();
        if len > MAX_SECRET_LEN {
            Err(Problem::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Checks that the items are those which Kubernetes demands of Secrets of this type.
    ///
    /// # Errors
    /// One is missing, or does not hold JSON where it must.
    pub fn check_type(&self) -> Result<(), Problem> {
        let has = |item: &str| self.items.contains_key(item);
        let has_json = |item: &str| self.items.get(item).is_some_and(|value| is_json(value));
        check_type(self.type_.as_deref(), &self.annotations, has, has_json)
    }
}

fn read_fields(object: &Object<'_>, fields: &mut Fields<'_>) -> SecretManifest {
    let mut metadata = Metadata::default();
    let mut secret = SecretManifest::default();
    let mut values = Values::default();
    let mut has_version = object.kind_is_implied();
    for entry in fields.top() {
        match entry.key {
            "apiVersion" => has_version = true,
            "kind" => {}
            "metadata" => metadata = fields.metadata(entry.value),
            "type" => secret.type_ = fields.secret_type(entry.value, "type"),
            "immutable" => {
                secret.immutable = fields.optional_boolean(entry.value, "immutable");
            }
            "data" => values.read_data(fields, entry.value),
            "stringData" => values.read_string_data(fields, entry.value),
            _ => fields.unknown(entry, ""),
        }
    }
    if !has_version {
        fields.report(object.node(), field("apiVersion"), Problem::Missing);
    }
    if values.items.is_empty() && fields.is_clean() {
        fields.report_whole(Problem::Empty {
            field: "data or stringData",
        });
    }
    secret.name = metadata.name.unwrap_or_default();
    secret.namespace = metadata.namespace;
    secret.labels = metadata.labels;
    secret.annotations = metadata.annotations;
    secret.items = values.items;
    secret
}

/// The values of a Secret, as they are collected.
#[derive(Default)]
struct Values {
    items: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// The names of those from `stringData`, which win.
    from_text: Vec<String>,
}

impl Values {
    fn read_data(&mut self, fields: &mut Fields<'_>, node: NodeId) {
        for entry in fields.entries(node, "data") {
            let Some(text) = Self::read_item(fields, entry) else {
                continue;
            };
            match decode(text) {
                Some(value) => {
                    if !self.from_text.iter().any(|item| item == entry.key) {
                        self.items.insert(entry.key.to_owned(), value);
                    }
                }
                None => {
                    let part = Part::Item(entry.key.to_owned());
                    fields.report(entry.key_node, part, Problem::NotBase64);
                }
            }
        }
    }

    fn read_string_data(&mut self, fields: &mut Fields<'_>, node: NodeId) {
        for entry in fields.entries(node, "stringData") {
            let Some(text) = Self::read_item(fields, entry) else {
                continue;
            };
            self.from_text.push(entry.key.to_owned());
            let value = Zeroizing::new(text.as_bytes().to_vec());
            self.items.insert(entry.key.to_owned(), value);
        }
    }

    fn read_item<'a>(fields: &mut Fields<'a>, entry: Entry<'a>) -> Option<&'a str> {
        let part = Part::Item(entry.key.to_owned());
        if let Err(error) = names::check_item(entry.key) {
            fields.invalid(entry.key_node, part, error);
            return None;
        }
        if fields.tree().is_null(entry.value) {
            fields.report(entry.key_node, part, Problem::NoValue);
            return None;
        }
        fields.text(entry.value, part)
    }
}

/// Decodes base64 as the API server does: line breaks in it do not count.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let one_line: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|byte| !matches!(byte, b'\n' | b'\r'))
            .collect(),
    );
    let mut value = Zeroizing::new(vec![0; base64::decoded_len_estimate(one_line.len())]);
    let len = BASE64.decode_slice(&*one_line, &mut value).ok()?;
    value.truncate(len);
    Some(value)
}
