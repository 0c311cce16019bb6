//! A Kubernetes object in a document.

use waxwing_api::names::GROUP;

use crate::document::Document;
use crate::error::{ManifestError, Part, Printable, Problem};
use crate::location::Location;
use crate::tree::{Content, Fault, MAX_EXPANSION, NodeId, Tree};

/// What an object is, as far as Waxwing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Secret of Kubernetes' core API.
    Secret,
    /// A SealedSecret of Waxwing, of whatever version.
    SealedSecret,
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

    /// `metadata.namespace`, if there is one.
    pub fn namespace(&self) -> Option<&'a str> {
        self.text_at(&["metadata", "namespace"])
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

    /// The object as errors name it: kind, namespace and name.
    pub fn describe(&self) -> String {
        let kind = match self.head.kind {
            Kind::Secret => "Secret",
            Kind::SealedSecret => "SealedSecret",
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
        let items: &[&str] = match self.head.kind {
            Kind::SealedSecret => &["spec", "encryptedData", item],
            _ if self.line_of(&["stringData", item]) > self.line_of(&["stringData"]) => {
                &["stringData", item]
            }
            _ => &["data", item],
        };
        let location = Location {
            line: self.line_of(items),
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

    fn text_at(&self, path: &[&str]) -> Option<&'a str> {
        let tree = self.tree();
        let node = path
            .iter()
            .try_fold(self.head.node, |node, key| tree.get(node, key))?;
        tree.text(node).ok()
    }
}

/// Finds the objects of a document, those in lists too, in their order.
pub(crate) fn find_objects(tree: &Tree) -> Result<Vec<Head>, Fault> {
    let mut search = Search {
        tree,
        heads: Vec::new(),
        budget: MAX_EXPANSION,
    };
    if let Some(root) = tree.root() {
        search.visit(root, None)?;
    }
    Ok(search.heads)
}

struct Search<'a> {
    tree: &'a Tree,
    heads: Vec<Head>,
    /// How many more nodes may be visited.
    budget: usize,
}

impl Search<'_> {
    fn visit(&mut self, node: NodeId, implied: Option<Kind>) -> Result<(), Fault> {
        self.budget = self.budget.checked_sub(1).ok_or(Fault {
            node,
            problem: Problem::TooManyAliases,
        })?;
        if self.tree.pairs(node).is_none() {
            return Ok(());
        }
        match list_of(self.tree, node)? {
            Some(implied) => {
                let items = self
                    .tree
                    .get(node, "items")
                    .and_then(|items| self.tree.elements(items));
                items
                    .unwrap_or_default()
                    .iter()
                    .try_for_each(|item| self.visit(*item, implied))
            }
            None => {
                let own = kind_of(self.tree, node)?;
                let kind = own.or(implied).unwrap_or(Kind::Other);
                let kind_is_implied = own.is_none() && implied.is_some();
                self.heads.push(Head {
                    node,
                    kind,
                    kind_is_implied,
                });
                Ok(())
            }
        }
    }
}

/// If the object is a list whose items Waxwing looks into: the kind that its items are of when they
/// do not say.
fn list_of(tree: &Tree, node: NodeId) -> Result<Option<Option<Kind>>, Fault> {
    let (version, kind) = type_of(tree, node)?;
    Ok(match (version, kind) {
        (Some("v1"), Some("List")) => Some(None),
        (Some("v1"), Some("SecretList")) => Some(Some(Kind::Secret)),
        (Some(version), Some("SealedSecretList")) if is_ours(version) => {
            Some(Some(Kind::SealedSecret))
        }
        _ => None,
    })
}

fn kind_of(tree: &Tree, node: NodeId) -> Result<Option<Kind>, Fault> {
    let (version, kind) = type_of(tree, node)?;
    Ok(match (version, kind) {
        (_, None) => None,
        // Without its version it is no object, and surely meant to be this one.
        (Some("v1") | None, Some("Secret")) => Some(Kind::Secret),
        (Some(version), Some("SealedSecret")) if is_ours(version) => Some(Kind::SealedSecret),
        _ => Some(Kind::Other),
    })
}

fn is_ours(api_version: &str) -> bool {
    api_version.split('/').next() == Some(GROUP)
}

/// `apiVersion` and `kind`. Neither may be there twice: readers disagree on which one counts.
fn type_of(tree: &Tree, node: NodeId) -> Result<(Option<&str>, Option<&str>), Fault> {
    let mut words = [("apiVersion", None), ("kind", None)];
    for (word, found) in &mut words {
        let mut keys = keys_named(tree, node, word);
        let first = keys.next();
        if let (Some((first, _)), Some((second, _))) = (first, keys.next()) {
            let problem = Problem::DuplicateKey {
                key: (*word).to_owned(),
                first_line: tree.line(first),
            };
            return Err(Fault {
                node: second,
                problem,
            });
        }
        *found = first.and_then(|(_, value)| tree.text(value).ok());
    }
    Ok((words[0].1, words[1].1))
}

fn keys_named<'a>(
    tree: &'a Tree,
    node: NodeId,
    word: &'a str,
) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
    let is_wanted = move |key: &NodeId| matches!(&tree.meant(*key).content, Content::Scalar(text, _) if text.as_str() == word);
    let pairs = tree.pairs(node).unwrap_or_default().iter().copied();
    pairs.filter(move |(key, _)| is_wanted(key))
}
