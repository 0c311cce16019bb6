//! Reads the fields of an object and notes everything that is wrong with them, not the first only.

use std::collections::BTreeMap;

use crate::error::{ManifestError, Part, Problem};
use crate::mapping::Entry;
use crate::names::{self, NameError};
use crate::object::Object;
use crate::plain::Plain;
use crate::tree::{Fault, NodeId, Scalar, Tree};

/// Annotations in which tools keep a copy of the object as it was applied: the plaintext, for a
/// Secret.
const COPIES_OF_THE_OBJECT: [&str; 4] = [
    waxwing_api::names::LAST_APPLIED_ANNOTATION,
    "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied",
    "banzaicloud.com/last-applied",
];

/// The limit of Kubernetes for all annotations of an object together, in bytes.
const MAX_ANNOTATIONS_LEN: usize = 256 * 1024;

/// The fields of `metadata` that the API server or the user sets and Waxwing has no use for.
const OTHER_METADATA: [&str; 11] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What of `metadata` counts.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The fields of one object.
pub(crate) struct Fields<'a> {
    object: Object<'a>,
    kind: &'static str,
    problems: Vec<ManifestError>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(object: Object<'a>, kind: &'static str) -> Self {
        Self {
            object,
            kind,
            problems: Vec::new(),
        }
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Vec<ManifestError>> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(self.problems)
        }
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problems(self) -> Vec<ManifestError> {
        self.problems
    }

    pub(crate) fn tree(&self) -> &'a Tree {
        self.object.tree()
    }

    /// The entries of the object itself.
    pub(crate) fn top(&mut self) -> Vec<Entry<'a>> {
        let node = self.object.node();
        self.tree().entries(node).unwrap_or_else(|fault| {
            self.problems.push(self.object.fault(fault));
            Vec::new()
        })
    }

    /// The entries of a mapping; none if it is null.
    pub(crate) fn entries(&mut self, node: NodeId, path: &str) -> Vec<Entry<'a>> {
        if self.tree().is_null(node) {
            return Vec::new();
        }
        self.tree().entries(node).unwrap_or_else(|fault| {
            self.report_fault(fault, field(path));
            Vec::new()
        })
    }

    /// The elements of a list; none if it is null.
    pub(crate) fn elements(&mut self, node: NodeId, path: &str) -> &'a [NodeId] {
        let tree = self.tree();
        match tree.elements(node) {
            Some(elements) => return elements,
            None if tree.is_null(node) => {}
            None => self.report_fault(tree.wrong_type(node, "a list"), field(path)),
        }
        &[]
    }

    pub(crate) fn text(&mut self, node: NodeId, part: Part) -> Option<&'a str> {
        match self.tree().text(node) {
            Ok(text) => Some(text),
            Err(fault) => {
                self.report_fault(fault, part);
                None
            }
        }
    }

    /// A text that may be left out or null.
    pub(crate) fn optional_text(&mut self, node: NodeId, path: &str) -> Option<String> {
        if self.tree().is_null(node) {
            return None;
        }
        self.text(node, field(path)).map(str::to_owned)
    }

    /// A boolean that may be left out or null.
    pub(crate) fn optional_boolean(&mut self, node: NodeId, path: &str) -> Option<bool> {
        match self.tree().scalar(node) {
            Ok(Some(Scalar::Other(Plain::Bool(boolean)))) => Some(boolean),
            Ok(Some(Scalar::Other(Plain::Null))) => None,
            Ok(_) => {
                self.report_fault(self.tree().wrong_type(node, "a boolean"), field(path));
                None
            }
            Err(fault) => {
                self.report_fault(fault, field(path));
                None
            }
        }
    }

    /// The type of a Secret. The API server takes none and an empty one for the same.
    pub(crate) fn secret_type(&mut self, node: NodeId, path: &str) -> Option<String> {
        let type_ = self
            .optional_text(node, path)
            .filter(|type_| !type_.is_empty())?;
        if let Err(error) = names::check_secret_type(&type_) {
            self.invalid(node, field(path), error);
        }
        Some(type_)
    }

    pub(crate) fn metadata(&mut self, node: NodeId) -> Metadata {
        let mut metadata = Metadata::default();
        for entry in self.entries(node, "metadata") {
            match entry.key {
                "name" => metadata.name = self.optional_text(entry.value, "metadata.name"),
                "namespace" => {
                    metadata.namespace = self.optional_text(entry.value, "metadata.namespace");
                }
                "labels" => metadata.labels = self.labels(entry.value, "metadata.labels"),
                "annotations" => {
                    metadata.annotations = self.annotations(entry.value, "metadata.annotations");
                }
                other if OTHER_METADATA.contains(&other) => {}
                _ => self.unknown(entry, "metadata."),
            }
        }
        self.check(
            metadata.name.as_deref(),
            names::check_object_name,
            "metadata.name",
        );
        self.check(
            metadata.namespace.as_deref(),
            names::check_namespace,
            "metadata.namespace",
        );
        metadata
    }

    pub(crate) fn labels(&mut self, node: NodeId, path: &str) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (entry, text) in self.text_entries(node, path) {
            let valid =
                names::check_metadata_key(entry.key).and_then(|()| names::check_label_value(text));
            match valid {
                Ok(()) => drop(labels.insert(entry.key.to_owned(), text.to_owned())),
                Err(error) => self.invalid(entry.key_node, within(path, entry.key), error),
            }
        }
        labels
    }

    /// Annotations, without those in which a tool keeps a copy of the object.
    pub(crate) fn annotations(&mut self, node: NodeId, path: &str) -> BTreeMap<String, String> {
        let mut annotations = BTreeMap::new();
        for (entry, text) in self.text_entries(node, path) {
            // Kubernetes looks at annotation keys in lower case.
            match names::check_metadata_key(&entry.key.to_lowercase()) {
                Ok(()) if COPIES_OF_THE_OBJECT.contains(&entry.key) => {}
                Ok(()) => drop(annotations.insert(entry.key.to_owned(), text.to_owned())),
                Err(error) => self.invalid(entry.key_node, within(path, entry.key), error),
            }
        }
        let len: usize = annotations
            .iter()
            .map(|(key, text)| key.len() + text.len())
            .sum();
        if len > MAX_ANNOTATIONS_LEN {
            self.report(node, field(path), Problem::AnnotationsTooLarge);
        }
        annotations
    }

    fn text_entries(&mut self, node: NodeId, path: &str) -> Vec<(Entry<'a>, &'a str)> {
        let entries = self.entries(node, path).into_iter();
        entries
            .filter_map(|entry| Some((entry, self.text(entry.value, within(path, entry.key))?)))
            .collect()
    }

    fn check(&mut self, name: Option<&str>, check: fn(&str) -> Result<(), NameError>, path: &str) {
        if let Some(Err(error)) = name.map(check) {
            let keys: Vec<&str> = path.split('.').collect();
            let line = self.object.line_of(&keys);
            self.report_on_line(line, field(path), Problem::Invalid(error));
        }
    }

    pub(crate) fn unknown(&mut self, entry: Entry<'_>, parent: &str) {
        let kind = self.kind;
        let part = Part::Field(format!("{parent}{}", entry.key));
        self.report(entry.key_node, part, Problem::UnknownField { kind });
    }

    pub(crate) fn invalid(&mut self, node: NodeId, part: Part, error: NameError) {
        self.report(node, part, Problem::Invalid(error));
    }

    pub(crate) fn report(&mut self, node: NodeId, part: Part, problem: Problem) {
        self.report_fault(Fault { node, problem }, part);
    }

    /// Notes a problem with the object as a whole.
    pub(crate) fn report_whole(&mut self, problem: Problem) {
        self.problems.push(self.object.error(problem));
    }

    /// Notes a problem with an item.
    pub(crate) fn report_item(&mut self, item: &str, problem: Problem) {
        self.problems.push(self.object.item_error(item, problem));
    }

    fn report_fault(&mut self, fault: Fault, part: Part) {
        self.problems.push(self.object.fault(fault).at(part));
    }

    fn report_on_line(&mut self, line: usize, part: Part, problem: Problem) {
        let location = crate::location::Location {
            line,
            ..self.object.location()
        };
        let error = ManifestError::new(location, problem);
        self.problems
            .push(error.in_object(self.object.describe()).at(part));
    }
}

pub(crate) fn field(path: &str) -> Part {
    Part::Field(path.to_owned())
}

fn within(path: &str, key: &str) -> Part {
    Part::Field(format!("{path}.{key}"))
}
