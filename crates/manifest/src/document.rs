//! A file of Kubernetes objects: its documents, and the objects in them.

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::ManifestError;
use crate::json_reader::read_json;
use crate::location::Location;
use crate::object::{Head, Object, find_objects};
use crate::tree::{Fault, NodeId, Tree};
use crate::yaml_reader::{ReadDocument, read_yaml};

/// The language of a manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML, as `sigs.k8s.io/yaml` and so kubectl reads it.
    #[default]
    Yaml,
    /// JSON.
    Json,
}

/// A document of a file.
pub struct Document {
    pub(crate) tree: Tree,
    pub(crate) heads: Vec<Head>,
    source: Arc<str>,
    index: usize,
    format: Format,
    /// The text of the whole file.
    text: Arc<Zeroizing<String>>,
    span: Range<usize>,
    has_end_marker: bool,
}

/// Reads a YAML stream of any number of documents, or JSON values after each other.
///
/// `source` is what errors call the text: the name of the file, or a word such as `stdin`. The text
/// may start with a byte order mark, and its lines may end in CRLF.
///
/// # Errors
/// The text is neither YAML nor JSON, is nested more than 64 levels deep, or an alias in it names
/// no anchor of its document.
pub fn read(source: &str, text: &str) -> Result<Vec<Document>, ManifestError> {
    let source: Arc<str> = Arc::from(source);
    let text = Arc::new(Zeroizing::new(text.to_owned()));
    let (format, documents) = read_either(&source, &text)?;
    let documents = documents.into_iter().enumerate();
    documents
        .map(|(at, read)| Document::new(&source, at + 1, format, &text, read))
        .collect()
}

/// JSON is read as JSON: YAML knows its escapes only in part. A text that starts with a brace may
/// be YAML's flow style as well.
fn read_either(
    source: &Arc<str>,
    text: &str,
) -> Result<(Format, Vec<ReadDocument>), ManifestError> {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    let Some(inside) = body.strip_prefix('{') else {
        return read_yaml(source, text).map(|documents| (Format::Yaml, documents));
    };
    let not_json = match read_json(source, text) {
        Ok(documents) => return Ok((Format::Json, documents)),
        Err(error) => error,
    };
    match read_yaml(source, text) {
        Ok(documents) => Ok((Format::Yaml, documents)),
        Err(_) if inside.trim_start().starts_with(['"', '}']) => Err(not_json),
        Err(not_yaml) => Err(not_yaml),
    }
}

impl Document {
    fn new(
        source: &Arc<str>,
        index: usize,
        format: Format,
        text: &Arc<Zeroizing<String>>,
        read: ReadDocument,
    ) -> Result<Self, ManifestError> {
        let mut document = Self {
            tree: read.tree,
            heads: Vec::new(),
            source: Arc::clone(source),
            index,
            format,
            text: Arc::clone(text),
            span: read.span,
            has_end_marker: read.has_end_marker,
        };
        document.heads = find_objects(&document.tree).map_err(|fault| document.error(fault))?;
        Ok(document)
    }

    /// The number of the document in its file, from 1.
    pub fn index(&self) -> usize {
        self.index
    }

    /// YAML or JSON.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The very text of the document, with its `---` line if it has one and all comments up to the
    /// next document. The texts of all documents after each other are the text that was read.
    pub fn raw(&self) -> &str {
        &self.text[self.span.clone()]
    }

    /// The text of the whole file, which the bytes of all nodes are counted in.
    pub(crate) fn whole_text(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in the document but perhaps comments.
    pub fn is_empty(&self) -> bool {
        self.tree.root().is_none_or(|root| self.tree.is_null(root))
    }

    /// Whether a `...` line ends the document.
    pub(crate) fn has_end_marker(&self) -> bool {
        self.has_end_marker
    }

    /// The Kubernetes objects in the document: one, none, or those of a list.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        self.heads.iter().map(|head| Object::new(self, *head))
    }

    pub(crate) fn location(&self, node: NodeId) -> Location {
        Location {
            source: Arc::clone(&self.source),
            document: self.index,
            line: self.tree.line(node),
        }
    }

    pub(crate) fn error(&self, fault: Fault) -> ManifestError {
        ManifestError::new(self.location(fault.node), fault.problem)
    }
}
