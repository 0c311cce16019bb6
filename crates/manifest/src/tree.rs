//! A document as a tree of nodes, each with the bytes that it stands on.
//!
//! One tree serves everything: reading values, naming lines in errors, and replacing a value in
//! place. Aliases stay aliases, so that a small text cannot make a large tree.

use std::collections::HashMap;
use std::collections::hash_map;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Problem;
use crate::location::Lines;
use crate::plain::Plain;

/// How deeply mappings and sequences may be nested.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many nodes the reading of one object may visit through aliases.
pub(crate) const MAX_EXPANSION: usize = 100_000;

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

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) key_node: NodeId,
    pub(crate) value: NodeId,
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

    /// The entries of a mapping: every key a string, none there twice, merge keys resolved.
    pub(crate) fn entries(&self, id: NodeId) -> Result<Vec<Entry<'_>>, Fault> {
        let mut budget = MAX_EXPANSION;
        self.entries_within(id, &mut budget)
    }

    fn entries_within(&self, id: NodeId, budget: &mut usize) -> Result<Vec<Entry<'_>>, Fault> {
        let pairs = self
            .pairs(id)
            .ok_or_else(|| self.wrong_type(id, "a mapping"))?;
        *budget = budget.checked_sub(pairs.len() + 1).ok_or(Fault {
            node: id,
            problem: Problem::TooManyAliases,
        })?;
        let mut entries = Entries::default();
        for &(key_node, value) in pairs {
            if !self.is_merge_key(key_node) {
                let key = self.key(key_node)?;
                entries.add_own(
                    self,
                    Entry {
                        key,
                        key_node,
                        value,
                    },
                )?;
            }
        }
        for &(_, value) in pairs.iter().filter(|(key, _)| self.is_merge_key(*key)) {
            for merged in self.merge_sources(value)? {
                entries.add_merged(self.entries_within(merged, budget)?);
            }
        }
        Ok(entries.list)
    }

    /// Whether a node is the merge key `<<` of YAML 1.1, unquoted.
    fn is_merge_key(&self, id: NodeId) -> bool {
        matches!(&self.node(id).content, Content::Scalar(text, Style::Plain) if text.as_str() == "<<")
    }

    fn merge_sources(&self, value: NodeId) -> Result<Vec<NodeId>, Fault> {
        let sources = match self.elements(value) {
            Some(elements) => elements.to_vec(),
            None => vec![value],
        };
        match sources.iter().find(|source| self.pairs(**source).is_none()) {
            Some(&node) => Err(Fault {
                node,
                problem: Problem::BadMerge,
            }),
            None => Ok(sources),
        }
    }

    /// The text of a key. kubectl turns numbers into strings; those that keep their look are taken.
    fn key(&self, id: NodeId) -> Result<&str, Fault> {
        if let Content::Scalar(text, _) = &self.meant(id).content {
            match self.scalar(id)? {
                Some(Scalar::Text(text)) => return Ok(text),
                Some(Scalar::Other(Plain::Integer(number))) if number.to_string() == **text => {
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(Fault {
            node: id,
            problem: Problem::KeyNotString {
                found: self.type_word(id),
            },
        })
    }

    /// The value of a key of a mapping; none if the node is no mapping or lacks the key.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The key and the value of an entry as it is written in the mapping itself.
    pub(crate) fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let is_wanted = |candidate: NodeId| matches!(&self.meant(candidate).content, Content::Scalar(text, _) if text.as_str() == key);
        self.pairs(id)?
            .iter()
            .copied()
            .find(|(candidate, _)| is_wanted(*candidate))
    }
}

/// The entries of a mapping, as they are collected.
#[derive(Default)]
struct Entries<'a> {
    list: Vec<Entry<'a>>,
    seen: HashMap<&'a str, NodeId>,
}

impl<'a> Entries<'a> {
    fn add_own(&mut self, tree: &Tree, entry: Entry<'a>) -> Result<(), Fault> {
        if let Some(first) = self.seen.insert(entry.key, entry.key_node) {
            let first_line = tree.line(first);
            let problem = Problem::DuplicateKey {
                key: entry.key.to_owned(),
                first_line,
            };
            return Err(Fault {
                node: entry.key_node,
                problem,
            });
        }
        self.list.push(entry);
        Ok(())
    }

    fn add_merged(&mut self, merged: Vec<Entry<'a>>) {
        for entry in merged {
            if let hash_map::Entry::Vacant(vacant) = self.seen.entry(entry.key) {
                vacant.insert(entry.key_node);
                self.list.push(entry);
            }
        }
    }
}
