//! A stream with some of its objects replaced and everything else left as it is.

use std::collections::HashMap;

use waxwing_api::AnySealedSecret;
use waxwing_api::names::API_VERSION;
use zeroize::Zeroizing;

use crate::document::{Document, Format};
use crate::error::ManifestError;
use crate::json_writer::write_json;
use crate::manifest_value::{readable_secret_value, sealed_value, secret_value};
use crate::object::Object;
use crate::secret::SecretManifest;
use crate::tree::NodeId;
use crate::value::Value;
use crate::yaml_writer::write_yaml;

/// What takes the place of an object.
#[derive(Debug)]
pub enum Replacement {
    /// A SealedSecret or ClusterSealedSecret.
    Sealed(Box<AnySealedSecret>),
    /// A Secret.
    Secret(Box<SecretManifest>),
}

impl Replacement {
    fn into_value(self) -> Value {
        match self {
            Self::Sealed(sealed) => sealed_value(&sealed),
            Self::Secret(secret) => secret_value(&secret),
        }
    }
}

/// Writes an object as a stream of its own.
pub fn write(object: Replacement, format: Format) -> Zeroizing<String> {
    let value = object.into_value();
    let mut text = Zeroizing::new(String::new());
    match format {
        Format::Json => write_json(&value, &mut text),
        Format::Yaml => write_yaml(&value, &mut text),
    }
    text
}

/// Writes a Secret as YAML for people to read and edit: what is text under `stringData`, and other
/// bytes in base64 under `data`.
pub fn write_readable(secret: &SecretManifest) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    write_yaml(&readable_secret_value(secret), &mut text);
    text
}

/// Writes a stream again. `replace` is asked once for each object, in the order of the documents
/// and of their [`Document::objects`], and gives what takes its place, or none to keep it.
///
/// A document in which nothing is replaced keeps its very text, unless it has to turn from YAML into
/// JSON.
///
/// # Errors
/// A document that has to be written anew holds what JSON cannot: a key that is no string or is
/// there twice, a number that is not finite.
pub fn rewrite(
    documents: &[Document],
    format: Format,
    mut replace: impl FnMut(&Object<'_>) -> Option<Replacement>,
) -> Result<Zeroizing<String>, ManifestError> {
    let mut parts = Vec::new();
    for document in documents {
        let replaced: HashMap<NodeId, Value> = document
            .objects()
            .filter_map(|object| Some((object.node(), replace(&object)?.into_value())))
            .collect();
        let becomes_json = (document.format(), format) == (Format::Yaml, Format::Json);
        if !replaced.is_empty() || (becomes_json && !document.is_empty()) {
            parts.push(Part::New(written(document, format, replaced)?));
        } else if !becomes_json {
            parts.push(Part::Kept(document.raw()));
        }
    }
    let is_json_among_yaml = |document: &Document| document.format() != format;
    Ok(join(
        &parts,
        format,
        documents.len() > 1 && documents.iter().any(is_json_among_yaml),
    ))
}

/// The text of one document.
enum Part<'a> {
    Kept(&'a str),
    New(Zeroizing<String>),
}

impl Part<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Kept(text) => text,
            Self::New(text) => text,
        }
    }
}

/// Puts the documents together. `separate` tells that those that are kept bring no separators.
fn join(parts: &[Part<'_>], format: Format, separate: bool) -> Zeroizing<String> {
    const LONGEST_SEPARATOR: usize = "\n---\r\n".len();
    let len = parts
        .iter()
        .map(|part| part.text().len() + LONGEST_SEPARATOR)
        .sum();
    let mut text = Zeroizing::new(String::with_capacity(len));
    for part in parts {
        let is_new = matches!(part, Part::New(_));
        if !text.is_empty() && !text.ends_with('\n') && (is_new || separate) {
            text.push('\n');
        }
        if format == Format::Yaml && !text.is_empty() && (is_new || separate) {
            text.push_str(if has_crlf(part.text()) {
                "---\r\n"
            } else {
                "---\n"
            });
        }
        text.push_str(part.text());
    }
    text
}

/// A document written anew, without its `---` line.
fn written(
    document: &Document,
    format: Format,
    replaced: HashMap<NodeId, Value>,
) -> Result<Zeroizing<String>, ManifestError> {
    let value = new_value(document, replaced)?;
    let mut text = Zeroizing::new(String::new());
    match format {
        Format::Json => write_json(&value, &mut text),
        Format::Yaml => {
            write_yaml(&value, &mut text);
            // What follows may rely on it: a directive, or a document without its own `---` line.
            if document.has_end_marker() {
                text.push_str("...\n");
            }
            if has_crlf(document.raw()) {
                text = with_crlf(&text);
            }
        }
    }
    Ok(text)
}

fn has_crlf(text: &str) -> bool {
    text.find('\n').is_some_and(|at| text[..at].ends_with('\r'))
}

fn with_crlf(text: &str) -> Zeroizing<String> {
    let len = text.len() + text.matches('\n').count();
    let mut converted = Zeroizing::new(String::with_capacity(len));
    for line in text.split_inclusive('\n') {
        converted.push_str(line.strip_suffix('\n').unwrap_or(line));
        converted.push_str("\r\n");
    }
    converted
}

fn new_value(
    document: &Document,
    mut replaced: HashMap<NodeId, Value>,
) -> Result<Value, ManifestError> {
    let Some(root) = document.tree.root() else {
        return Ok(Value::Null);
    };
    let is_changed = !replaced.is_empty();
    let mut value = Value::of_node(&document.tree, root, &mut |node| replaced.remove(&node))
        .map_err(|fault| document.error(fault))?;
    if is_changed {
        name_kinds(&mut value);
    }
    Ok(value)
}

/// Turns lists of one kind, whose items need not name it, into lists of any kind, whose items must.
fn name_kinds(value: &mut Value) {
    let implied = match value.get("kind").and_then(Value::as_text) {
        Some("SecretList") => Some(("v1", "Secret")),
        Some("SealedSecretList") => Some((API_VERSION, "SealedSecret")),
        Some("ClusterSealedSecretList") => Some((API_VERSION, "ClusterSealedSecret")),
        Some("List") => None,
        _ => return,
    };
    value.set("kind", "List");
    value.set("apiVersion", "v1");
    let Some(Value::List(items)) = value.get_mut("items") else {
        return;
    };
    for item in items {
        if let Some((api_version, kind)) = implied
            && item.get("kind").is_none()
        {
            item.set("kind", kind);
            item.set("apiVersion", api_version);
        }
        name_kinds(item);
    }
}
