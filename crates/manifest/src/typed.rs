//! A document as a Rust type, for files that are no Kubernetes objects, such as settings.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::document::Document;
use crate::mapping::Entry;
use crate::plain::Plain;
use crate::tree::{Fault, NodeId, Scalar, Tree};

/// Why a document is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TypedError {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl Document {
    /// Reads the document as a `T`. Scalars mean what they mean to kubectl; a key that is there
    /// twice is refused.
    ///
    /// # Errors
    /// The document has another shape than `T`, or `T` refuses a value; the error tells the line.
    pub fn read_as<T: DeserializeOwned>(&self) -> Result<T, TypedError> {
        let Some(node) = self.tree.root() else {
            return Err(TypedError {
                line: 1,
                message: "there is nothing in it".to_owned(),
            });
        };
        let reader = Reader {
            tree: &self.tree,
            node,
        };
        T::deserialize(reader).map_err(|error| TypedError {
            line: self.tree.line(error.node.unwrap_or(node)),
            message: error.message,
        })
    }
}

/// What serde says, and the innermost node that it is about once that is known.
#[derive(Debug)]
struct ReadError {
    node: Option<NodeId>,
    message: String,
}

impl ReadError {
    fn or_at(mut self, node: NodeId) -> Self {
        self.node.get_or_insert(node);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            node: None,
            message: message.to_string(),
        }
    }

    // serde's own words would quote the value, which may be a private key in the wrong place.

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("is {}, not {expected}", type_word(found)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("is not {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("is not {}", expected.join(" or ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.join(", ");
        Self::custom(format_args!("unknown field \"{field}\"; there are {known}"))
    }
}

fn type_word(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        Unexpected::Unit => "empty",
        _ => "a string",
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self {
            node: Some(fault.node),
            message: fault.problem.to_string(),
        }
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    tree: &'a Tree,
    node: NodeId,
}

impl Reader<'_> {
    /// Reads a node inside this one.
    fn read<'de, S: DeserializeSeed<'de>>(
        self,
        node: NodeId,
        seed: S,
    ) -> Result<S::Value, ReadError> {
        let inner = Reader { node, ..self };
        seed.deserialize(inner).map_err(|error| error.or_at(node))
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(elements) = self.tree.elements(self.node) {
            return visitor.visit_seq(Elements {
                reader: self,
                rest: elements.iter(),
            });
        }
        match self.tree.scalar(self.node)? {
            None => visitor.visit_map(Entries {
                reader: self,
                rest: self.tree.entries(self.node)?.into_iter(),
                value: None,
            }),
            Some(Scalar::Text(text)) => visitor.visit_str(text),
            Some(Scalar::Other(plain)) => match plain {
                Plain::Null => visitor.visit_unit(),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Integer(value) => visitor.visit_i64(value),
                Plain::Unsigned(value) => visitor.visit_u64(value),
                Plain::Float(value) => visitor.visit_f64(value),
                // `Scalar::Other` is what is no text.
                Plain::Text => Err(ReadError::custom("is a string")),
            },
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.visit(visitor).map_err(|error| error.or_at(self.node))
    }

    /// A struct's visitor would take a list too, as its fields in order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.tree.elements(self.node).is_some() {
            Err(ReadError::invalid_type(Unexpected::Seq, &visitor).or_at(self.node))
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.tree.is_null(self.node) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let word: StrDeserializer<'_, ReadError> = self.tree.text(self.node)?.into_deserializer();
        visitor
            .visit_enum(word)
            .map_err(|error| error.or_at(self.node))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Elements<'a> {
    reader: Reader<'a>,
    rest: std::slice::Iter<'a, NodeId>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let next = self.rest.next();
        next.map(|&node| self.reader.read(node, seed)).transpose()
    }
}

struct Entries<'a> {
    reader: Reader<'a>,
    rest: std::vec::IntoIter<Entry<'a>>,
    value: Option<NodeId>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        let Some(entry) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(entry.value);
        let key: StrDeserializer<'_, ReadError> = entry.key.into_deserializer();
        match seed.deserialize(key) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(error.or_at(entry.key_node)),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let value = self.value.take();
        let node =
            value.ok_or_else(|| ReadError::custom("a value was asked for before its key"))?;
        self.reader.read(node, seed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::document::read;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        colour: Option<Colour>,
        #[serde(default)]
        weights: BTreeMap<String, Vec<u8>>,
        name: Name,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(try_from = "String")]
    struct Name(String);

    impl TryFrom<String> for Name {
        type Error = &'static str;

        fn try_from(name: String) -> Result<Self, Self::Error> {
            if name.is_empty() {
                Err("a name is not empty")
            } else {
                Ok(Self(name))
            }
        }
    }

    fn settings(text: &str) -> Result<Settings, TypedError> {
        read("file", text).unwrap()[0].read_as()
    }

    #[test]
    fn yaml_and_json_read_alike() {
        let expected = Settings {
            colour: Some(Colour::Blue),
            weights: BTreeMap::from([("a".to_owned(), vec![1, 2])]),
            name: Name("yes".to_owned()),
        };
        let yaml = "name: 'yes'\ncolour: blue\nweights: {a: [1, 0x2]}\n";
        let json = r#"{"name": "yes", "colour": "blue", "weights": {"a": [1, 2]}}"#;
        assert_eq!(settings(yaml).unwrap(), expected);
        assert_eq!(settings(json).unwrap(), expected);
        assert_eq!(settings("name: a\ncolour:\n").unwrap().colour, None);
    }

    #[test]
    fn an_error_tells_the_innermost_line() {
        let cases = [
            (
                "unknown field",
                "name: a\nkolour: red\n",
                2,
                "unknown field \"kolour\"; there are colour, weights, name",
            ),
            (
                "unknown word",
                "name: a\ncolour: green\n",
                2,
                "is not red or blue",
            ),
            (
                "refused value",
                "colour: red\nname: ''\n",
                2,
                "a name is not empty",
            ),
            (
                "wrong type",
                "name: a\nweights:\n  b: [1]\n  a:\n  - 1\n  - x\n",
                6,
                "is a string, not u8",
            ),
            (
                "a boolean is no string",
                "name:\n  yes\n",
                2,
                "is a boolean, not a string",
            ),
            ("missing field", "colour: red\n", 1, "missing field `name`"),
            ("key twice", "name: a\nname: b\n", 2, "name"),
            ("no mapping", "- a\n", 1, "is a list, not struct Settings"),
        ];
        for (case, text, line, message) in cases {
            let error = settings(text).unwrap_err();
            assert_eq!(error.line, line, "{case}: {error}");
            assert!(error.message.contains(message), "{case}: {error}");
        }
    }

    #[test]
    fn an_error_never_quotes_a_value() {
        for text in [
            "name: a\nweights: canary\n",
            "name: a\ncolour: canary\n",
            "name: [canary]\n",
            "canary",
        ] {
            let error = settings(text).unwrap_err();
            assert!(!error.message.contains("canary"), "{error}");
        }
    }
}
