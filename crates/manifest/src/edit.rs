//! Changes to a file that keep every other byte of it.
//!
//! A [`Change`] is found against the documents that were [`read`], and [`apply`] makes all
//! changes of a file at once. A value that cannot be changed without the risk of changing something
//! else (an alias stands for it, it runs over several lines) is refused. The result is read again
//! and compared with what was there, so that an edit cannot corrupt a file.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::document::{Document, read};
use crate::error::{ManifestError, Problem};
use crate::object::{Kind, Object};
use crate::scalar_bytes::scalar_bytes;
use crate::tree::{Content, NodeId, Scalar, Tree};

/// A change of one value of one object.
#[derive(Clone)]
pub struct Change<'a> {
    object: Object<'a>,
    item: String,
    node: NodeId,
    bytes: Range<usize>,
    value: String,
}

impl<'a> Change<'a> {
    /// Another sealed value for an item that a SealedSecret has. Its quotes or its block, its anchor
    /// and its comment stay.
    ///
    /// # Errors
    /// The item is not there, or is written so that it cannot be changed safely; the new value is
    /// not base64 on one line.
    pub fn replace_item(
        object: Object<'a>,
        item: &str,
        value: &str,
    ) -> Result<Self, ManifestError> {
        Self::find(object, item, value)
            .map_err(|why| object.item_error(item, Problem::NotEditable(why)))
    }

    fn find(object: Object<'a>, item: &str, value: &str) -> Result<Self, &'static str> {
        if !is_base64_text(value) {
            return Err("its new value is not base64 on one line");
        }
        let node = find_item(&object, item)?;
        check_no_alias_means(object.tree(), node)?;
        let document = object.document();
        let node_there = object.tree().node(node);
        let bytes = scalar_bytes(document.whole_text(), document.format(), node_there)?;
        Ok(Self {
            object,
            item: item.to_owned(),
            node,
            bytes,
            value: value.to_owned(),
        })
    }

    fn error(&self, why: &'static str) -> ManifestError {
        self.object
            .item_error(&self.item, Problem::NotEditable(why))
    }
}

fn is_base64_text(value: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    !value.is_empty() && value.bytes().all(is_base64)
}

/// The value of an item of a SealedSecret, if it stands in the object itself.
fn find_item(object: &Object<'_>, item: &str) -> Result<NodeId, &'static str> {
    if object.kind() != Kind::SealedSecret {
        return Err("its object is no SealedSecret");
    }
    let tree = object.tree();
    let mut node = object.node();
    for key in ["spec", "encryptedData", item] {
        node = tree.only_entry(node, key)?;
    }
    match &tree.node(node).content {
        Content::Scalar(..) => Ok(node),
        Content::Alias(_) => Err("it is an alias of another value"),
        _ => Err("it is no text"),
    }
}

impl Tree {
    /// The value of a key that a mapping, and no alias of one, has exactly once.
    fn only_entry(&self, mapping: NodeId, key: &str) -> Result<NodeId, &'static str> {
        let Content::Mapping(pairs) = &self.node(mapping).content else {
            return Err("it stands behind an alias");
        };
        let is_wanted = |candidate: NodeId| matches!(self.scalar(candidate), Ok(Some(Scalar::Text(text))) if text == key);
        let mut values = pairs.iter().filter(|(candidate, _)| is_wanted(*candidate));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(*value),
            (Some(_), Some(_)) => Err("its key is there twice"),
            (None, _) => Err("it does not stand in the object itself"),
        }
    }
}

/// Refuses a node that an alias means too, by itself or with what it stands in.
fn check_no_alias_means(tree: &Tree, node: NodeId) -> Result<(), &'static str> {
    let targets: BTreeSet<NodeId> = tree
        .ids()
        .filter_map(|id| match tree.node(id).content {
            Content::Alias(target) => Some(target),
            _ => None,
        })
        .collect();
    if targets.iter().any(|target| tree.contains(*target, node)) {
        Err("an alias elsewhere in the document stands for it too")
    } else {
        Ok(())
    }
}

/// Makes changes in a file, of which `documents` are all, and gives its new text.
///
/// # Errors
/// Two changes of one value, a change of an object of another file, or a new text that would not
/// read as it should. Then nothing may be written.
pub fn apply(documents: &[Document], changes: &[Change<'_>]) -> Result<String, ManifestError> {
    let text: String = documents.iter().map(Document::raw).collect();
    let mut changes: Vec<&Change<'_>> = changes.iter().collect();
    changes.sort_by_key(|change| change.bytes.start);
    check_apart(documents, &changes)?;
    let edited = splice(&text, &changes);
    check_same_otherwise(documents, &edited, &changes)?;
    Ok(edited)
}

fn check_apart(documents: &[Document], changes: &[&Change<'_>]) -> Result<(), ManifestError> {
    let is_foreign = |change: &Change<'_>| {
        !documents
            .iter()
            .any(|document| std::ptr::eq(document, change.object.document()))
    };
    if let Some(change) = changes.iter().find(|change| is_foreign(change)) {
        return Err(change.error("it stands in another file"));
    }
    match changes
        .windows(2)
        .find(|pair| pair[0].bytes.end > pair[1].bytes.start)
    {
        Some(pair) => Err(pair[1].error("it is changed twice at once")),
        None => Ok(()),
    }
}

fn splice(text: &str, changes: &[&Change<'_>]) -> String {
    let added: usize = changes.iter().map(|change| change.value.len()).sum();
    let mut edited = String::with_capacity(text.len() + added);
    let mut kept_to = 0;
    for change in changes {
        edited.push_str(&text[kept_to..change.bytes.start]);
        edited.push_str(&change.value);
        kept_to = change.bytes.end;
    }
    edited.push_str(&text[kept_to..]);
    edited
}

/// Reads the new text and compares it with the old one, node by node.
fn check_same_otherwise(
    documents: &[Document],
    edited: &str,
    changes: &[&Change<'_>],
) -> Result<(), ManifestError> {
    let Some(first) = changes.first() else {
        return Ok(());
    };
    let source = first.object.location().source;
    let read_again = read(&source, edited)?;
    let is_same = documents.len() == read_again.len()
        && documents.iter().zip(&read_again).all(|(old, new)| {
            let is_in_it = |change: &&&Change<'_>| std::ptr::eq(old, change.object.document());
            let expected = changes.iter().filter(is_in_it);
            let expected = expected
                .map(|change| (change.node, change.value.as_str()))
                .collect();
            old.format() == new.format() && is_same_tree(&old.tree, &new.tree, &expected)
        });
    if is_same {
        Ok(())
    } else {
        Err(first.error("the file would not read the same afterwards"))
    }
}

fn is_same_tree(old: &Tree, new: &Tree, expected: &HashMap<NodeId, &str>) -> bool {
    let is_same_node = |id: NodeId| match expected.get(&id) {
        Some(value) => matches!(new.scalar(id), Ok(Some(Scalar::Text(text))) if text == *value),
        None => old.node(id).content == new.node(id).content,
    };
    old.root() == new.root()
        && old.ids().eq(new.ids())
        && old
            .ids()
            .all(|id| old.node(id).tag == new.node(id).tag && is_same_node(id))
}
