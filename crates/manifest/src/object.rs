//! A Kubernetes object in a document.

use std::ops::RangeInclusive;

use waxwing_api::SealedKind;
use waxwing_api::names::GROUP;

use crate::budget::Budget;
use crate::document::Document;
use crate::error::{ManifestError, Part, Printable, Problem};
use crate::location::Location;
use crate::tree::{Fault, NodeId, Tree};

/// What an object is, as far as Waxwing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Secret of Kubernetes' core API.
    Secret,
    /// A SealedSecret or ClusterSealedSecret of Waxwing, of whatever version.
    Sealed(SealedKind),
    /// Anything else.
    Other,
}

/// Where an object stands in its document, and what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) node: NodeId,
    pub(crate) kind: Kind,
    /// Whether the kind follows from the list that the object stands in.
    pub(crate) kind_is_implied: bool,
}

/// A Kubernetes object in a document.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    document: &'a Document,
    head: Head,
}

impl<'a> Object<'a> {
    pub(crate) fn new(document: &'a Document, head: Head) -> Self {
        Self { document, head }
    }

    /// What the object is.
    pub fn kind(&self) -> Kind {
        self.head.kind
    }

    /// Which kind of sealed object it is, if it is one.
    pub fn sealed_kind(&self) -> Option<SealedKind> {
        match self.head.kind {
            Kind::Sealed(kind) => Some(kind),
            Kind::Secret | Kind::Other => None,
        }
    }

    /// The document that the object stands in.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// Where the object starts.
    pub fn location(&self) -> Location {
        self.document.location(self.head.node)
    }

    /// `metadata.name`, if there is one.
    pub fn name(&self) -> Option<&'a str> {
        self.text_at(&["metadata", "name"])
    }

    /// `metadata.namespace`, if there is one. A ClusterSealedSecret has none: the API server drops what
    /// stands there, and kustomize writes it into every kind that it does not know.
    pub fn namespace(&self) -> Option<&'a str> {
        match self.sealed_kind() {
            Some(SealedKind::ClusterSealedSecret) => None,
            _ => self.text_at(&["metadata", "namespace"]),
        }
    }

    /// An annotation, if there is one of this key.
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.text_at(&["metadata", "annotations", key])
    }

    /// The line, from 1, of the key of a field such as `["spec", "encryptedData", "password"]`, or of
    /// the innermost of its parents that is there.
    pub fn line_of(&self, path: &[&str]) -> usize {
        let mut mapping = self.head.node;
        let mut found = mapping;
        for key in path {
            let Some((key_node, value)) = self.tree().entry(mapping, key) else {
                break;
            };
            (found, mapping) = (key_node, value);
        }
        self.tree().line(found)
    }

    /// Whether a field such as `["spec", "template", "data"]` is there.
    pub fn has(&self, path: &[&str]) -> bool {
        self.node_at(path).is_some()
    }

    /// The lines that the object stands on, from 1.
    pub fn lines(&self) -> RangeInclusive<usize> {
        self.tree().lines(self.head.node)
    }

    /// The object as errors name it: kind, namespace and name.
    pub fn describe(&self) -> String {
        let kind = match self.head.kind {
            Kind::Secret => "Secret",
            Kind::Sealed(kind) => kind.as_str(),
            Kind::Other => self.text_at(&["kind"]).unwrap_or("object"),
        };
        let name = self.name().unwrap_or("(unnamed)");
        let namespace = self
            .namespace()
            .map(|namespace| format!("{}/", Printable(namespace)));
        format!(
            "{} {}{}",
            Printable(kind),
            namespace.unwrap_or_default(),
            Printable(name)
        )
    }

    /// An error about this object as a whole.
    pub fn error(&self, problem: Problem) -> ManifestError {
        self.fault(Fault {
            node: self.head.node,
            problem,
        })
    }

    /// An error about an item of this object, on the line of that item.
    pub fn item_error(&self, item: &str, problem: Problem) -> ManifestError {
        let path: &[&str] = match self.head.kind {
            Kind::Sealed(_) => &["spec", "encryptedData", item],
            _ if self.node_at(&["stringData", item]).is_some() => &["stringData", item],
            _ => &["data", item],
        };
        let location = Location {
            line: self.line_of(path),
            ..self.location()
        };
        ManifestError::new(location, problem)
            .in_object(self.describe())
            .at(Part::Item(item.to_owned()))
    }

    pub(crate) fn fault(&self, fault: Fault) -> ManifestError {
        self.document.error(fault).in_object(self.describe())
    }

    /// Whether the object leaves its kind to the list that it stands in.
    pub(crate) fn kind_is_implied(&self) -> bool {
        self.head.kind_is_implied
    }

    pub(crate) fn tree(&self) -> &'a Tree {
        &self.document.tree
    }

    pub(crate) fn node(&self) -> NodeId {
        self.head.node
    }

    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&'a str> {
        self.tree().text(self.node_at(path)?).ok()
    }

    pub(crate) fn node_at(&self, path: &[&str]) -> Option<NodeId> {
        let mut keys = path.iter();
        keys.try_fold(self.head.node, |node, key| self.tree().get(node, key))
    }
}

/// Finds the objects of a document, those in lists too, in their order.
pub(crate) fn find_objects(tree: &Tree) -> Result<Vec<Head>, Fault> {
    let mut search = Search {
        tree,
        heads: Vec::new(),
        budget: tree.budget(),
    };
    if let Some(root) = tree.root() {
        search.visit(root, None)?;
    }
    Ok(search.heads)
}

struct Search<'a> {
    tree: &'a Tree,
    heads: Vec<Head>,
    budget: Budget,
}

impl Search<'_> {
    fn visit(&mut self, node: NodeId, implied: Option<Kind>) -> Result<(), Fault> {
        if self.tree.pairs(node).is_none() {
            return Ok(());
        }
        self.budget.enter(node, 0)?;
        let type_ = type_of(self.tree, node, &mut self.budget)?;
        match list_of(type_) {
            Some(implied) => {
                let items = self.tree.get(node, "items");
                let items = items.and_then(|items| self.tree.elements(items));
                for item in items.unwrap_or_default() {
                    self.visit(*item, implied)?;
                }
            }
            None => self.heads.push(head_of(node, type_, implied)),
        }
        self.budget.leave();
        Ok(())
    }
}

fn head_of(node: NodeId, type_: Type<'_>, implied: Option<Kind>) -> Head {
    let own = kind_of(type_);
    Head {
        node,
        kind: own.or(implied).unwrap_or(Kind::Other),
        kind_is_implied: own.is_none() && implied.is_some(),
    }
}

/// `apiVersion` and `kind` of an object, where they are strings.
#[derive(Clone, Copy)]
struct Type<'a> {
    version: Option<&'a str>,
    kind: Option<&'a str>,
}

/// If the object is a list whose items Waxwing looks into: the kind that its items are of when they
/// do not say.
fn list_of(Type { version, kind }: Type<'_>) -> Option<Option<Kind>> {
    match (version, kind) {
        (Some("v1"), Some("List")) => Some(None),
        (Some("v1"), Some("SecretList")) => Some(Some(Kind::Secret)),
        (Some(version), Some("SealedSecretList")) if is_ours(version) => {
            Some(Some(Kind::Sealed(SealedKind::SealedSecret)))
        }
        (Some(version), Some("ClusterSealedSecretList")) if is_ours(version) => {
            Some(Some(Kind::Sealed(SealedKind::ClusterSealedSecret)))
        }
        // What KRM functions read and write.
        (Some(version), Some("ResourceList")) if version.starts_with("config.kubernetes.io/") => {
            Some(None)
        }
        _ => None,
    }
}

fn kind_of(Type { version, kind }: Type<'_>) -> Option<Kind> {
    match (version, kind) {
        (_, None) => None,
        // Without its version it is no object, and surely meant to be this one.
        (Some("v1") | None, Some("Secret")) => Some(Kind::Secret),
        (Some(version), Some(kind)) if is_ours(version) => {
            let kinds = [SealedKind::SealedSecret, SealedKind::ClusterSealedSecret];
            let sealed = kinds.into_iter().find(|sealed| sealed.as_str() == kind);
            Some(sealed.map_or(Kind::Other, Kind::Sealed))
        }
        _ => Some(Kind::Other),
    }
}

fn is_ours(api_version: &str) -> bool {
    api_version.split('/').next() == Some(GROUP)
}

fn type_of<'a>(tree: &'a Tree, node: NodeId, budget: &mut Budget) -> Result<Type<'a>, Fault> {
    let mut word = |word| {
        check_once(tree, node, word)?;
        let entry = tree.entry_within(node, word, budget)?;
        Ok(entry.and_then(|(_, value)| tree.text(value).ok()))
    };
    Ok(Type {
        version: word("apiVersion")?,
        kind: word("kind")?,
    })
}

/// Refuses a key that is there twice: readers disagree on which one counts.
fn check_once(tree: &Tree, node: NodeId, word: &str) -> Result<(), Fault> {
    let keys: Vec<NodeId> = tree.own_entries(node, word).map(|(key, _)| key).collect();
    match keys[..] {
        [first, second, ..] => {
            let problem = Problem::DuplicateKey {
                key: word.to_owned(),
                first_line: tree.line(first),
            };
            Err(Fault {
                node: second,
                problem,
            })
        }
        _ => Ok(()),
    }
}
