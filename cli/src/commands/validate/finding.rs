//! Something that is wrong, and where.

use std::sync::Arc;

use waxwing_manifest::ManifestError;

use super::rule::Rule;

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rule: Rule,
    /// How messages call the file.
    pub(super) file: Arc<str>,
    /// The line, from 1.
    pub(super) line: usize,
    /// The number of the document in a manifest, from 1.
    pub(super) document: Option<usize>,
    /// What is wrong with which object, as one sentence. It never holds a value.
    pub(super) message: String,
}

impl Finding {
    /// What is wrong with a manifest or an object in it.
    pub(super) fn new(rule: Rule, error: &ManifestError) -> Self {
        let place = error.location();
        Self {
            rule,
            file: Arc::clone(&place.source),
            line: place.line,
            document: Some(place.document),
            message: error.message(),
        }
    }

    /// The message, after the number of the document.
    pub(super) fn sentence(&self) -> String {
        match self.document {
            Some(document) => format!("document {document}: {}", self.message),
            None => self.message.clone(),
        }
    }
}
