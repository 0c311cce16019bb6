//! The changes of one object, which are planned together.

use std::collections::{BTreeMap, HashSet};

use super::Why;
use super::change::{Action, Change};
use super::comparison::Expectation;
use super::find::{self, Pair};
use super::insertion::{Target, insert};
use super::new_value::{Inline, NewValue};
use super::removal::remove;
use super::splice::Splice;
use crate::error::ManifestError;
use crate::object::Object;
use crate::scalar_bytes::scalar_bytes;
use crate::tree::{Content, NodeId, Style};

/// Changes of one object, at least one.
pub(super) struct Group<'c, 'a> {
    pub(super) object: Object<'a>,
    changes: Vec<&'c Change<'a>>,
}

/// The changes by their objects, in the order of the file.
pub(super) fn by_object<'c, 'a>(changes: &'c [Change<'a>]) -> Vec<Group<'c, 'a>> {
    let mut groups: BTreeMap<(usize, NodeId), Group<'c, 'a>> = BTreeMap::new();
    for change in changes {
        let object = change.object;
        let group = groups
            .entry((object.document().index(), object.node()))
            .or_insert_with(|| Group {
                object,
                changes: Vec::new(),
            });
        group.changes.push(change);
    }
    groups.into_values().collect()
}

impl<'c, 'a> Group<'c, 'a> {
    pub(super) fn of(change: &'c Change<'a>) -> Self {
        Self {
            object: change.object,
            changes: vec![change],
        }
    }

    /// Whether the changes could be made, as far as that shows without making them.
    pub(super) fn try_out(&self) -> Result<(), ManifestError> {
        self.splices(&mut Expectation::default())?;
        self.removals(&self.object)?;
        Ok(())
    }

    /// Refuses two changes that name the same item.
    pub(super) fn check_apart(&self) -> Result<(), ManifestError> {
        let mut names = HashSet::new();
        for change in &self.changes {
            if !change.names().all(|name| names.insert(name)) {
                return Err(change.error("it is changed twice at once"));
            }
        }
        Ok(())
    }

    /// Everything but the removals, and what should come of all changes.
    pub(super) fn splices(
        &self,
        expectation: &mut Expectation,
    ) -> Result<Vec<Splice>, ManifestError> {
        let mut splices = Vec::new();
        let mut new = Vec::new();
        for change in &self.changes {
            let refuse = |why: Why| change.error(why);
            match &change.action {
                Action::Insert { value } => {
                    new.push((change.item.clone(), NewValue::Text(value.clone())));
                }
                Action::Remove => {
                    let (key, _) = self.find(change).map_err(refuse)?;
                    expectation.removed.insert(key);
                }
                Action::Replace { value } => {
                    let (_, node) = self.find(change).map_err(refuse)?;
                    splices.push(self.replacement(node, value).map_err(refuse)?);
                    expectation.replace_by_text(node, value);
                }
                Action::Rename { to } => {
                    let (node, _) = self.find(change).map_err(refuse)?;
                    splices.push(self.new_name(node, to).map_err(refuse)?);
                    expectation.replace_by_text(node, to);
                }
            }
        }
        if !new.is_empty() {
            let insertion = insert(&self.object, new).map_err(|why| self.error(why))?;
            splices.extend(insertion.splices);
            match insertion.target {
                Target::End(mapping) => {
                    expectation.added.insert(mapping, insertion.entries);
                }
                Target::Empty(node) => {
                    let mapping = NewValue::Mapping(insertion.entries);
                    expectation.replaced.insert(node, mapping);
                }
            }
        }
        Ok(splices)
    }

    /// The removals, in an `object` that this one has become.
    pub(super) fn removals(&self, object: &Object<'_>) -> Result<Vec<Splice>, ManifestError> {
        let removed = self
            .changes
            .iter()
            .filter(|it| matches!(it.action, Action::Remove));
        let keys = removed.map(|it| Ok(find::item(object, &it.item)?.0));
        let splices = keys
            .collect::<Result<Vec<_>, Why>>()
            .and_then(|keys| match keys[..] {
                [] => Ok(Vec::new()),
                _ => remove(object, &keys),
            });
        splices.map_err(|why| self.error(why))
    }

    pub(super) fn removes(&self) -> bool {
        let mut actions = self.changes.iter().map(|change| &change.action);
        actions.any(|action| matches!(action, Action::Remove))
    }

    pub(super) fn error(&self, why: Why) -> ManifestError {
        self.changes[0].error(why)
    }

    fn find(&self, change: &Change<'_>) -> Result<Pair, Why> {
        find::item(&self.object, &change.item)
    }

    fn replacement(&self, node: NodeId, value: &str) -> Result<Splice, Why> {
        let (tree, document) = (self.object.tree(), self.object.document());
        match &tree.node(node).content {
            Content::Scalar(..) => {}
            Content::Alias(_) => return Err("it is an alias of another value"),
            Content::Sequence(_) | Content::Mapping(_) => return Err("it is no text"),
        }
        find::check_not_shared(tree, node)?;
        let bytes = scalar_bytes(document.whole_text(), document.format(), tree.node(node))?;
        Ok(Splice::replace(bytes, value))
    }

    fn new_name(&self, key: NodeId, to: &str) -> Result<Splice, Why> {
        let (tree, document) = (self.object.tree(), self.object.document());
        let (_, mapping) = find::items(&self.object)?;
        find::check_no_merge(tree, mapping)?;
        find::check_not_shared(tree, key)?;
        let node = tree.node(key);
        let bytes = scalar_bytes(document.whole_text(), document.format(), node)?;
        Ok(match &node.content {
            Content::Scalar(_, Style::Plain) => {
                let word = Inline::roomy(document.format()).word(to);
                Splice::replace(bytes, word)
            }
            _ => Splice::replace(bytes, to),
        })
    }
}
