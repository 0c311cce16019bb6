//! The entries of a mapping: keys that are strings, and the merge keys of YAML 1.1.

use std::collections::HashMap;
use std::collections::hash_map;

use crate::budget::Budget;
use crate::error::Problem;
use crate::plain::Plain;
use crate::tree::{Content, Fault, NodeId, Scalar, Style, Tree};

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) key_node: NodeId,
    pub(crate) value: NodeId,
}

impl Tree {
    /// The entries of a mapping: every key a string, none there twice, merge keys resolved.
    pub(crate) fn entries(&self, id: NodeId) -> Result<Vec<Entry<'_>>, Fault> {
        self.entries_within(id, &mut self.mapping_budget(id))
    }

    /// [`Self::entries`] as a part of a larger walk.
    pub(crate) fn entries_within(
        &self,
        id: NodeId,
        budget: &mut Budget,
    ) -> Result<Vec<Entry<'_>>, Fault> {
        let pairs = self
            .pairs(id)
            .ok_or_else(|| self.wrong_type(id, "a mapping"))?;
        budget.enter(id, pairs.len())?;
        let mut entries = Entries::default();
        for &(key_node, value) in pairs.iter().filter(|(key, _)| !self.is_merge_key(*key)) {
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
        for &(_, value) in pairs.iter().filter(|(key, _)| self.is_merge_key(*key)) {
            for merged in self.merge_sources(value)? {
                entries.add_merged(self.entries_within(merged, budget)?);
            }
        }
        budget.leave();
        Ok(entries.list)
    }

    /// The value of a key of a mapping; none if the node is no mapping or lacks the key.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The key and the value of an entry of a mapping, its own before a merged one.
    pub(crate) fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entry_within(id, key, &mut self.mapping_budget(id))
            .ok()
            .flatten()
    }

    /// [`Self::entry`] as a part of a larger walk, which fails only when its budget ends.
    pub(crate) fn entry_within(
        &self,
        id: NodeId,
        key: &str,
        budget: &mut Budget,
    ) -> Result<Option<(NodeId, NodeId)>, Fault> {
        let pairs = self.pairs(id).unwrap_or_default();
        budget.enter(id, pairs.len())?;
        let mut found = self.own_entries(id, key).next();
        for &(_, value) in pairs.iter().filter(|(key, _)| self.is_merge_key(*key)) {
            for source in self.merge_sources(value).unwrap_or_default() {
                if found.is_none() {
                    found = self.entry_within(source, key, budget)?;
                }
            }
        }
        budget.leave();
        Ok(found)
    }

    /// What the entries of one mapping may cost.
    fn mapping_budget(&self, id: NodeId) -> Budget {
        Budget::for_nodes(self.pairs(id).unwrap_or_default().len())
    }

    /// The entries of a key that stand in the mapping itself, more than one if it is there twice.
    pub(crate) fn own_entries<'a>(
        &'a self,
        id: NodeId,
        key: &'a str,
    ) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
        let is_wanted = move |candidate: NodeId| matches!(&self.meant(candidate).content, Content::Scalar(text, _) if text.as_str() == key);
        let pairs = self.pairs(id).unwrap_or_default().iter().copied();
        pairs.filter(move |(candidate, _)| is_wanted(*candidate))
    }

    /// Whether a node is the merge key `<<` of YAML 1.1, unquoted.
    pub(crate) fn is_merge_key(&self, id: NodeId) -> bool {
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
        let found = self.type_word(id);
        Err(Fault {
            node: id,
            problem: Problem::KeyNotString { found },
        })
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
            let problem = Problem::DuplicateKey {
                key: entry.key.to_owned(),
                first_line: tree.line(first),
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
