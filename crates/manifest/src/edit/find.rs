//! Where in a document the items of a SealedSecret stand, and what else depends on them.

use super::Why;
use crate::error::{ManifestError, Part, Problem};
use crate::object::Object;
use crate::tree::{Content, Fault, NodeId, Tree};

/// The way from a SealedSecret to its items.
pub(super) const PATH: [&str; 2] = ["spec", "encryptedData"];

/// A key and its value.
pub(super) type Pair = (NodeId, NodeId);

/// The key `encryptedData`, and the mapping of the items.
pub(super) fn items(object: &Object<'_>) -> Result<Pair, Why> {
    if object.sealed_kind().is_none() {
        return Err("its object is no SealedSecret");
    }
    let start = (object.node(), object.node());
    PATH.iter().try_fold(start, |(_, mapping), key| {
        entry(object.tree(), mapping, key)
    })
}

/// An item: its key and its value, if it stands in the object itself.
pub(super) fn item(object: &Object<'_>, item: &str) -> Result<Pair, Why> {
    let (_, mapping) = items(object)?;
    entry(object.tree(), mapping, item)
}

fn entry(tree: &Tree, mapping: NodeId, key: &str) -> Result<Pair, Why> {
    own_entry(tree, mapping, key)?.ok_or("it does not stand in the object itself")
}

/// The entry of a key that a mapping, and no alias of one, has at most once.
pub(super) fn own_entry(tree: &Tree, mapping: NodeId, key: &str) -> Result<Option<Pair>, Why> {
    let mut entries = own_entries(tree, mapping, key)?;
    match (entries.next(), entries.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err("its key is there twice"),
    }
}

fn own_entries<'a>(
    tree: &'a Tree,
    mapping: NodeId,
    key: &'a str,
) -> Result<impl Iterator<Item = Pair> + 'a, Why> {
    let is_wanted = move |(candidate, _): &Pair| matches!(&tree.node(*candidate).content, Content::Scalar(text, _) if text.as_str() == key);
    let pairs = own_pairs(tree, mapping)?;
    Ok(pairs.iter().copied().filter(is_wanted))
}

/// The entries that stand in a mapping itself, which is no alias of one.
pub(super) fn own_pairs(tree: &Tree, mapping: NodeId) -> Result<&[Pair], Why> {
    match &tree.node(mapping).content {
        Content::Mapping(pairs) => Ok(pairs),
        Content::Alias(_) => Err("it stands behind an alias"),
        Content::Scalar(..) | Content::Sequence(_) => Err("what should hold it is no mapping"),
    }
}

/// Refuses an item that is there twice, and tells both lines.
pub(super) fn check_once(object: &Object<'_>, item: &str) -> Result<(), ManifestError> {
    let tree = object.tree();
    let found = items(object).and_then(|(_, mapping)| own_entries(tree, mapping, item));
    let Ok(mut found) = found else {
        return Ok(());
    };
    match (found.next(), found.next()) {
        (Some((first, _)), Some((second, _))) => {
            let problem = Problem::DuplicateKey {
                key: item.to_owned(),
                first_line: tree.line(first),
            };
            let fault = Fault {
                node: second,
                problem,
            };
            Err(object.fault(fault).at(Part::Item(item.to_owned())))
        }
        _ => Ok(()),
    }
}

/// Refuses a node that an alias means too, by itself or with what it stands in.
pub(super) fn check_not_shared(tree: &Tree, node: NodeId) -> Result<(), Why> {
    if targets(tree).any(|target| tree.contains(target, node)) {
        Err("an alias elsewhere in the document stands for it too")
    } else {
        Ok(())
    }
}

/// Refuses a node on which or in which an anchor stands that is used elsewhere.
pub(super) fn check_no_anchor_in(tree: &Tree, node: NodeId) -> Result<(), Why> {
    if targets(tree).any(|target| tree.contains(node, target)) {
        Err("an alias elsewhere in the document needs its anchor")
    } else {
        Ok(())
    }
}

/// What the aliases of a document mean.
fn targets(tree: &Tree) -> impl Iterator<Item = NodeId> + '_ {
    tree.ids().filter_map(|id| match tree.node(id).content {
        Content::Alias(target) => Some(target),
        _ => None,
    })
}

/// Refuses a mapping into which a merge key brings other entries: they would show where its own are
/// gone.
pub(super) fn check_no_merge(tree: &Tree, mapping: NodeId) -> Result<(), Why> {
    let pairs = tree.pairs(mapping).unwrap_or_default();
    if pairs.iter().any(|(key, _)| tree.is_merge_key(*key)) {
        Err("a merge key << stands beside it")
    } else {
        Ok(())
    }
}
