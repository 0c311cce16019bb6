//! Whether a document became what it should have become, node by node.

use std::collections::{HashMap, HashSet};

use super::new_value::{Entries, NewValue};
use crate::document::Document;
use crate::tree::{Content, NodeId, Scalar, Style, Tree};

/// What should be different in a document.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    /// Nodes, keys among them, in whose place something new stands.
    pub(crate) replaced: HashMap<NodeId, NewValue>,
    /// Mappings that have new entries at their end.
    pub(crate) added: HashMap<NodeId, Entries>,
    /// The keys of entries that are gone.
    pub(crate) removed: HashSet<NodeId>,
}

impl Expectation {
    /// Expects a text in the place of a node.
    pub(crate) fn replace_by_text(&mut self, node: NodeId, text: &str) {
        self.replaced.insert(node, NewValue::Text(text.to_owned()));
    }

    /// Whether `new` is `old` but for what should be different.
    pub(crate) fn is_met(&self, old: &Document, new: &Document) -> bool {
        let mut comparison = Comparison {
            expectation: self,
            old: &old.tree,
            new: &new.tree,
            became: HashMap::new(),
        };
        old.format() == new.format()
            && match (old.tree.root(), new.tree.root()) {
                (Some(old_root), Some(new_root)) => comparison.is_expected(old_root, new_root),
                (None, None) => true,
                _ => false,
            }
            && open_block(old).and_then(|block| comparison.became.get(&block).copied())
                == open_block(new)
    }
}

/// The block scalar that a text ends in, if it keeps its last line break and lacks that. Readers
/// disagree on whether it is there; one that came or went would be a change to some of them.
fn open_block(document: &Document) -> Option<NodeId> {
    let last = document.tree.ids().last()?;
    let is_open = match &document.tree.node(last).content {
        Content::Scalar(text, Style::Literal | Style::Folded) => text.ends_with('\n'),
        _ => false,
    };
    (is_open && !document.raw().ends_with('\n')).then_some(last)
}

struct Comparison<'a> {
    expectation: &'a Expectation,
    old: &'a Tree,
    new: &'a Tree,
    /// The new nodes of the old ones, to compare what aliases mean.
    became: HashMap<NodeId, NodeId>,
}

impl Comparison<'_> {
    fn is_expected(&mut self, old: NodeId, new: NodeId) -> bool {
        self.became.insert(old, new);
        let (old_node, new_node) = (self.old.node(old), self.new.node(new));
        if old_node.tag != new_node.tag {
            return false;
        }
        if let Some(value) = self.expectation.replaced.get(&old) {
            return self.is_new_value(value, new);
        }
        match (&old_node.content, &new_node.content) {
            (Content::Scalar(one, style), Content::Scalar(other, other_style)) => {
                one == other && style == other_style
            }
            (Content::Alias(one), Content::Alias(other)) => self.became.get(one) == Some(other),
            (Content::Sequence(one), Content::Sequence(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(&a, &b)| self.is_expected(a, b))
            }
            (Content::Mapping(one), Content::Mapping(other)) => {
                self.is_expected_mapping(old, one, other)
            }
            _ => false,
        }
    }

    fn is_expected_mapping(
        &mut self,
        old: NodeId,
        old_pairs: &[(NodeId, NodeId)],
        new_pairs: &[(NodeId, NodeId)],
    ) -> bool {
        let expectation = self.expectation;
        let kept: Vec<_> = old_pairs
            .iter()
            .filter(|(key, _)| !expectation.removed.contains(key))
            .collect();
        let added = expectation.added.get(&old).map_or(&[][..], Vec::as_slice);
        let Some((new_kept, new_added)) = new_pairs.split_at_checked(kept.len()) else {
            return false;
        };
        kept.iter()
            .zip(new_kept)
            .all(|(old, new)| self.is_expected(old.0, new.0) && self.is_expected(old.1, new.1))
            && self.is_new_mapping(added, new_added)
    }

    fn is_new_value(&self, expected: &NewValue, new: NodeId) -> bool {
        match (expected, &self.new.node(new).content) {
            (NewValue::Text(text), Content::Scalar(..)) => self.is_text(text, new),
            (NewValue::List(values), Content::Sequence(elements)) => {
                values.len() == elements.len()
                    && values
                        .iter()
                        .zip(elements)
                        .all(|(value, &element)| self.is_new_value(value, element))
            }
            (NewValue::Mapping(entries), Content::Mapping(pairs)) => {
                self.is_new_mapping(entries, pairs)
            }
            _ => false,
        }
    }

    fn is_new_mapping(&self, expected: &[(String, NewValue)], new: &[(NodeId, NodeId)]) -> bool {
        expected.len() == new.len()
            && expected.iter().zip(new).all(|((key, value), pair)| {
                self.is_text(key, pair.0) && self.is_new_value(value, pair.1)
            })
    }

    fn is_text(&self, expected: &str, new: NodeId) -> bool {
        matches!(self.new.scalar(new), Ok(Some(Scalar::Text(text))) if text == expected)
    }
}
