//! A value as it is written: the order of a mapping is kept, and every text is wiped when dropped.

use serde::ser::{Serialize, SerializeMap, Serializer};
use zeroize::Zeroizing;

use crate::budget::Budget;
use crate::error::Problem;
use crate::plain::Plain;
use crate::tree::{Fault, NodeId, Scalar, Tree};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Zeroizing<String>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A mapping of those entries that have a value.
    pub(crate) fn map<const N: usize>(entries: [(&str, Option<Value>); N]) -> Self {
        let present = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Self::Map(present.collect())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }

    /// A mapping of texts, or none if it is empty.
    pub(crate) fn text_map<'a>(
        entries: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Option<Self> {
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(key, text)| (key.clone(), Self::text(text)))
            .collect();
        if entries.is_empty() {
            None
        } else {
            Some(Self::Map(entries))
        }
    }

    /// The value that a node stands for, as kubectl would send it to the API server. `replace` may
    /// give another value for a node.
    pub(crate) fn of_node(
        tree: &Tree,
        node: NodeId,
        replace: &mut dyn FnMut(NodeId) -> Option<Value>,
    ) -> Result<Self, Fault> {
        let budget = tree.budget();
        Expansion {
            tree,
            replace,
            budget,
        }
        .value(node)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, it)| it),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries) => entries
                .iter_mut()
                .find(|(name, _)| name == key)
                .map(|(_, it)| it),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Sets a text in a mapping, where it stands, or as the first entry if it is new.
    pub(crate) fn set(&mut self, key: &str, text: &str) {
        if let Some(value) = self.get_mut(key) {
            *value = Self::text(text);
        } else if let Self::Map(entries) = self {
            entries.insert(0, (key.to_owned(), Self::text(text)));
        }
    }
}

struct Expansion<'a> {
    tree: &'a Tree,
    replace: &'a mut dyn FnMut(NodeId) -> Option<Value>,
    budget: Budget,
}

impl Expansion<'_> {
    fn value(&mut self, node: NodeId) -> Result<Value, Fault> {
        if let Some(value) = (self.replace)(node) {
            return Ok(value);
        }
        self.budget.enter(node, 0)?;
        let value = if let Some(elements) = self.tree.elements(node) {
            let values = elements.iter().map(|element| self.value(*element));
            Value::List(values.collect::<Result<_, _>>()?)
        } else if self.tree.pairs(node).is_some() {
            Value::Map(self.entries(node)?)
        } else {
            self.scalar(node)?
        };
        self.budget.leave();
        Ok(value)
    }

    fn entries(&mut self, node: NodeId) -> Result<Vec<(String, Value)>, Fault> {
        let entries = self
            .tree
            .entries_within(node, &mut self.budget)?
            .into_iter();
        entries
            .map(|entry| Ok((entry.key.to_owned(), self.value(entry.value)?)))
            .collect()
    }

    fn scalar(&self, node: NodeId) -> Result<Value, Fault> {
        Ok(match self.tree.scalar(node)? {
            Some(Scalar::Text(text)) => Value::text(text),
            Some(Scalar::Other(Plain::Bool(boolean))) => Value::Bool(boolean),
            Some(Scalar::Other(Plain::Integer(number))) => Value::Number(number.into()),
            Some(Scalar::Other(Plain::Unsigned(number))) => Value::Number(number.into()),
            Some(Scalar::Other(Plain::Float(number))) => {
                let number = serde_json::Number::from_f64(number);
                Value::Number(number.ok_or(Fault {
                    node,
                    problem: Problem::NotFinite,
                })?)
            }
            Some(Scalar::Other(Plain::Null | Plain::Text)) | None => Value::Null,
        })
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(boolean) => serializer.serialize_bool(*boolean),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => values.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
