//! The manifest of a SealedSecret or ClusterSealedSecret, read and checked as the API server would.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use waxwing_api::names::API_VERSION;
use waxwing_api::{
    AnySealedSecret, DeletionPolicy, ImmutablePolicy, SealedKind, SealedSecretSpec, SecretTemplate,
    TemplateMetadata,
};
use waxwing_crypto::SealedValue;

use crate::error::{ManifestError, Part, Problem};
use crate::fields::{Fields, Metadata, field};
use crate::label_selector::read_selector;
use crate::names;
use crate::object::Object;
use crate::tree::NodeId;

/// An item, its sealed value parsed.
#[derive(Debug, Clone)]
pub struct SealedItem {
    /// The name of the item.
    pub name: String,
    /// The line of the file that the item stands on, from 1.
    pub line: usize,
    /// The sealed value.
    pub value: SealedValue,
}

/// Reads a SealedSecret or ClusterSealedSecret. Its sealed values are taken as texts; [`sealed_items`] parses them.
///
/// # Errors
/// Everything for which the API server or the controller would refuse the object, each on its line.
pub fn read_sealed_secret(object: &Object<'_>) -> Result<AnySealedSecret, Vec<ManifestError>> {
    let mut fields = fields_of(object);
    let sealed = read_fields(object, &mut fields);
    fields.finish(sealed)
}

/// Reads the items of a SealedSecret, in the order of their names. No key is needed.
///
/// # Errors
/// Those of [`read_sealed_secret`], and every item that is no sealed value.
pub fn sealed_items(object: &Object<'_>) -> Result<Vec<SealedItem>, Vec<ManifestError>> {
    let sealed = read_sealed_secret(object)?;
    let mut items = Vec::new();
    let mut errors = Vec::new();
    for (name, text) in sealed.spec.encrypted_data {
        match SealedValue::parse(&text) {
            Ok(value) => {
                let line = object.line_of(&["spec", "encryptedData", &name]);
                items.push(SealedItem { name, line, value });
            }
            Err(error) => errors.push(object.item_error(&name, Problem::Malformed(error))),
        }
    }
    if errors.is_empty() {
        Ok(items)
    } else {
        Err(errors)
    }
}

pub(crate) fn fields_of<'a>(object: &Object<'a>) -> Fields<'a> {
    let kind = match object.sealed_kind() {
        Some(SealedKind::ClusterSealedSecret) => "a ClusterSealedSecret",
        _ => "a SealedSecret",
    };
    Fields::of(*object, kind)
}

pub(crate) fn read_fields(object: &Object<'_>, fields: &mut Fields<'_>) -> AnySealedSecret {
    let is_cluster_wide = object.sealed_kind() == Some(SealedKind::ClusterSealedSecret);
    let mut metadata = Metadata::default();
    let mut spec = None;
    let mut has_version = object.kind_is_implied();
    for entry in fields.top() {
        match entry.key {
            "apiVersion" => {
                has_version = true;
                check_version(fields, entry.value);
            }
            "kind" | "status" => {}
            "metadata" => metadata = fields.metadata(entry.value),
            "spec" => spec = Some(read_spec(fields, entry.value, is_cluster_wide)),
            _ => fields.unknown(entry, ""),
        }
    }
    if spec.as_ref().is_some_and(|(spec, _)| makes_nothing(spec)) && fields.is_clean() {
        let field = "spec.encryptedData";
        fields.report_whole(Problem::Empty { field });
    }
    if !has_version {
        fields.report(object.node(), field("apiVersion"), Problem::Missing);
    }
    if metadata.name.is_none() {
        fields.report_whole(Problem::NoName);
    }
    if is_cluster_wide {
        metadata.namespace = None;
    }
    if spec.is_none() {
        fields.report(object.node(), field("spec"), Problem::Missing);
    }
    let (spec, namespace_selector) = spec.unwrap_or_default();
    AnySealedSecret {
        metadata: object_meta(metadata),
        spec,
        namespace_selector,
        status: None,
    }
}

/// Whether a Secret without items would come of it.
fn makes_nothing(spec: &SealedSecretSpec) -> bool {
    let templated = spec.template.as_ref().map(|template| &template.data);
    spec.encrypted_data.is_empty() && templated.is_none_or(BTreeMap::is_empty)
}

pub(crate) fn check_version(fields: &mut Fields<'_>, node: NodeId) {
    let version = fields.text(node, field("apiVersion"));
    if let Some(other) = version.filter(|version| *version != API_VERSION) {
        fields.report(
            node,
            field("apiVersion"),
            Problem::UnknownVersion(other.to_owned()),
        );
    }
}

fn object_meta(metadata: Metadata) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name,
        namespace: metadata.namespace,
        labels: Some(metadata.labels).filter(|labels| !labels.is_empty()),
        annotations: Some(metadata.annotations).filter(|annotations| !annotations.is_empty()),
        ..ObjectMeta::default()
    }
}

fn read_spec(
    fields: &mut Fields<'_>,
    node: NodeId,
    is_cluster_wide: bool,
) -> (SealedSecretSpec, Option<LabelSelector>) {
    let mut spec = SealedSecretSpec::default();
    let mut selector = None;
    for entry in fields.entries(node, "spec") {
        match entry.key {
            "encryptedData" => {
                spec.encrypted_data = read_items(fields, entry.value, "spec.encryptedData");
            }
            "namespaceSelector" if is_cluster_wide => {
                selector = read_selector(fields, entry.value);
            }
            "template" if fields.tree().is_null(entry.value) => {}
            "template" => spec.template = Some(read_template(fields, entry.value)),
            "deletionPolicy" => {
                let choices = [
                    ("Delete", DeletionPolicy::Delete),
                    ("Retain", DeletionPolicy::Retain),
                ];
                let path = "spec.deletionPolicy";
                spec.deletion_policy =
                    read_choice(fields, entry.value, path, choices, "Delete and Retain");
            }
            _ => fields.unknown(entry, "spec."),
        }
    }
    if is_cluster_wide && selector.is_none() {
        fields.report(node, field("spec.namespaceSelector"), Problem::Missing);
        selector = Some(LabelSelector::default());
    }
    (spec, selector)
}

/// One of two words; the first of them if there is none.
fn read_choice<T: Default>(
    fields: &mut Fields<'_>,
    node: NodeId,
    path: &'static str,
    choices: [(&str, T); 2],
    allowed: &'static str,
) -> T {
    let Some(text) = fields.optional_text(node, path) else {
        return T::default();
    };
    let chosen = choices.into_iter().find(|(word, _)| *word == text);
    chosen.map_or_else(
        || {
            fields.report(node, field(path), Problem::NotOneOf { allowed });
            T::default()
        },
        |(_, choice)| choice,
    )
}

fn read_template(fields: &mut Fields<'_>, node: NodeId) -> SecretTemplate {
    let mut template = SecretTemplate::default();
    for entry in fields.entries(node, "spec.template") {
        match entry.key {
            "metadata" => template.metadata = read_template_metadata(fields, entry.value),
            "type" => template.type_ = fields.secret_type(entry.value, "spec.template.type"),
            "immutable" => {
                template.immutable =
                    fields.optional_boolean(entry.value, "spec.template.immutable");
            }
            "immutablePolicy" => {
                let choices = [
                    ("Refuse", ImmutablePolicy::Refuse),
                    ("Recreate", ImmutablePolicy::Recreate),
                ];
                let path = "spec.template.immutablePolicy";
                template.immutable_policy =
                    read_choice(fields, entry.value, path, choices, "Refuse and Recreate");
            }
            "data" => template.data = read_items(fields, entry.value, "spec.template.data"),
            _ => fields.unknown(entry, "spec.template."),
        }
    }
    template
}

fn read_template_metadata(fields: &mut Fields<'_>, node: NodeId) -> Option<TemplateMetadata> {
    let mut metadata = TemplateMetadata::default();
    for entry in fields.entries(node, "spec.template.metadata") {
        let path = format!("spec.template.metadata.{}", entry.key);
        match entry.key {
            "labels" => metadata.labels = fields.labels(entry.value, &path),
            "annotations" => metadata.annotations = fields.annotations(entry.value, &path),
            _ => fields.unknown(entry, "spec.template.metadata."),
        }
    }
    Some(metadata).filter(|metadata| *metadata != TemplateMetadata::default())
}

fn read_items(fields: &mut Fields<'_>, node: NodeId, path: &str) -> BTreeMap<String, String> {
    let mut items = BTreeMap::new();
    for entry in fields.entries(node, path) {
        let part = Part::Item(entry.key.to_owned());
        if let Err(error) = names::check_item(entry.key) {
            fields.invalid(entry.key_node, part, error);
        } else if fields.tree().is_null(entry.value) {
            fields.report(entry.key_node, part, Problem::NoValue);
        } else if let Some(text) = fields.text(entry.value, part) {
            items.insert(entry.key.to_owned(), text.to_owned());
        }
    }
    items
}
