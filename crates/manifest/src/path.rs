//! The way to a node of a document that is no Kubernetes object, such as a file of settings.

use crate::document::Document;
use crate::tree::NodeId;

/// A step from a mapping or a list to what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An element, counted from 0.
    Index(usize),
}

impl Document {
    /// The line that the node at the end of `path` starts on, from 1; for a value, that of its key.
    /// Where the path leads nowhere, the line of the last node on it.
    pub fn line_at(&self, path: &[Step<'_>]) -> usize {
        let Some(mut node) = self.tree.root() else {
            return 1;
        };
        let mut line = self.tree.line(node);
        for &step in path {
            let Some((named, inner)) = self.step(node, step) else {
                break;
            };
            line = self.tree.line(named);
            node = inner;
        }
        line
    }

    /// The node at the end of `path`.
    pub(crate) fn node_at(&self, path: &[Step<'_>]) -> Option<NodeId> {
        let root = self.tree.root()?;
        path.iter()
            .try_fold(root, |node, &step| Some(self.step(node, step)?.1))
    }

    /// What a step leads to: the node that names it, and the node itself.
    fn step(&self, node: NodeId, step: Step<'_>) -> Option<(NodeId, NodeId)> {
        match step {
            Step::Key(key) => self.tree.entry(node, key),
            Step::Index(index) => {
                let element = *self.tree.elements(node)?.get(index)?;
                Some((element, element))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Step::{Index, Key};
    use crate::document::read;

    #[test]
    fn a_line_is_that_of_the_key_or_of_the_element() {
        let text = "a:\n  b:\n    - one\n    # two\n    - two\nc: 1\n";
        let document = &read("file", text).unwrap()[0];
        assert_eq!(document.line_at(&[Key("a"), Key("b")]), 2);
        assert_eq!(document.line_at(&[Key("a"), Key("b"), Index(1)]), 5);
        assert_eq!(document.line_at(&[Key("c")]), 6);
        assert_eq!(document.line_at(&[Key("a"), Key("missing")]), 1);
        assert_eq!(document.line_at(&[]), 1);
    }
}
