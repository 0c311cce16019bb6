//! A document as a tree of nodes, each with the bytes that it stands on.
//!
//! One tree serves everything: reading values, naming lines in errors, and replacing a value in
//! place. Aliases stay aliases, so that a small text cannot make a large tree.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::budget::Budget;
use crate::error::Problem;
use crate::location::Lines;
use crate::plain::Plain;

/// How deeply mappings and sequences may be nested.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many nodes more than it has a walk of a tree may visit, through aliases.
pub(crate) const MAX_EXPANSION: usize = 10_000;

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(usize);

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// The YAML tag of a node, as far as Kubernetes manifests give it a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    /// `!!str`, or `!` alone: the scalar is a string, whatever it looks like.
    Text,
    /// `!!null`, `!!bool`, `!!int`, `!!float`, `!!map` or `!!seq`.
    Core,
    Other,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// The bytes of the whole text that the node stands on, as the parser tells them: the start may
    /// lie on an anchor or tag before a scalar, the end may lie after blanks and a comment.
    pub(crate) span: Range<usize>,
    pub(crate) tag: Tag,
    pub(crate) content: Content,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Scalar(Zeroizing<String>, Style),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias(NodeId),
}

/// A problem with a node.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) node: NodeId,
    pub(crate) problem: Problem,
}

/// What a scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Other(Plain),
}

/// The nodes of one document.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    lines: Arc<Lines>,
}

impl Tree {
    pub(crate) fn new(lines: Arc<Lines>) -> Self {
        Self {
            nodes: Vec::new(),
            root: None,
            lines,
        }
    }

    /// The line of the whole text that a node starts on, from 1.
    pub(crate) fn line(&self, id: NodeId) -> usize {
        self.lines.line_at(self.node(id).span.start)
    }

    /// The lines of the whole text that a node stands on, from 1.
    pub(crate) fn lines(&self, id: NodeId) -> RangeInclusive<usize> {
        let last = self.node(id).span.end.saturating_sub(1);
        self.line(id)..=self.lines.line_at(last)
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    pub(crate) fn set_root(&mut self, root: NodeId) {
        self.root = Some(root);
    }

    pub(crate) fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// What one walk of the whole tree may cost.
    pub(crate) fn budget(&self) -> Budget {
        Budget::for_nodes(self.nodes.len())
    }

    /// Every node. A text of the same shape gives the same nodes in the same order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// Whether `inner` is `outer` or stands somewhere in it.
    pub(crate) fn contains(&self, outer: NodeId, inner: NodeId) -> bool {
        outer == inner
            || match &self.node(outer).content {
                Content::Sequence(elements) => elements
                    .iter()
                    .any(|element| self.contains(*element, inner)),
                Content::Mapping(pairs) => pairs
                    .iter()
                    .any(|(key, value)| self.contains(*key, inner) || self.contains(*value, inner)),
                Content::Scalar(..) | Content::Alias(_) => false,
            }
    }

    /// The node itself, an alias if it is one.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// The node that is meant: an alias stands for the node of its anchor.
    pub(crate) fn meant(&self, id: NodeId) -> &Node {
        match &self.node(id).content {
            Content::Alias(target) => self.meant(*target),
            _ => self.node(id),
        }
    }

    /// The meaning of a scalar, or none if the node is none.
    pub(crate) fn scalar(&self, id: NodeId) -> Result<Option<Scalar<'_>>, Fault> {
        let node = self.meant(id);
        let Content::Scalar(text, style) = &node.content else {
            return Ok(None);
        };
        let plain = match style {
            Style::Plain => Plain::of(text),
            _ => Plain::Text,
        };
        match (node.tag, plain) {
            (Tag::Text, _) | (Tag::None, Plain::Text) => Ok(Some(Scalar::Text(text))),
            (Tag::None | Tag::Core, plain) if plain != Plain::Text => {
                Ok(Some(Scalar::Other(plain)))
            }
            _ => Err(Fault {
                node: id,
                problem: Problem::UnsupportedTag,
            }),
        }
    }

    /// The text of a scalar that means a string.
    pub(crate) fn text(&self, id: NodeId) -> Result<&str, Fault> {
        match self.scalar(id)? {
            Some(Scalar::Text(text)) => Ok(text),
            Some(Scalar::Other(_)) => Err(Fault {
                node: id,
                problem: Problem::NotText {
                    found: self.type_word(id),
                },
            }),
            None => Err(self.wrong_type(id, "a string")),
        }
    }

    pub(crate) fn is_null(&self, id: NodeId) -> bool {
        matches!(self.scalar(id), Ok(Some(Scalar::Other(Plain::Null))))
    }

    pub(crate) fn wrong_type(&self, id: NodeId, expected: &'static str) -> Fault {
        Fault {
            node: id,
            problem: Problem::WrongType {
                expected,
                found: self.type_word(id),
            },
        }
    }

    /// What a node is, for an error message.
    pub(crate) fn type_word(&self, id: NodeId) -> &'static str {
        match &self.meant(id).content {
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
            Content::Scalar(..) | Content::Alias(_) => match self.scalar(id) {
                Ok(Some(Scalar::Other(Plain::Null))) => "empty",
                Ok(Some(Scalar::Other(Plain::Bool(_)))) => "a boolean",
                Ok(Some(Scalar::Other(_))) => "a number",
                _ => "a string",
            },
        }
    }

    /// The elements of a sequence, or none if the node is none.
    pub(crate) fn elements(&self, id: NodeId) -> Option<&[NodeId]> {
        match &self.meant(id).content {
            Content::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// The keys and values as they are written, merge keys unresolved, or none if the node is no
    /// mapping.
    pub(crate) fn pairs(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match &self.meant(id).content {
            Content::Mapping(pairs) => Some(pairs),
            _ => None,
        }
    }
}
