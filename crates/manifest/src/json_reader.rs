//! A JSON text, of one value or several after each other, to trees.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::error::{ManifestError, Problem};
use crate::location::{Lines, Location};
use crate::tree::{Content, MAX_DEPTH, Node, NodeId, Style, Tag, Tree};
use crate::yaml_reader::ReadDocument;

/// Reads every value of a JSON text as a document of its own.
pub(crate) fn read_json(source: &Arc<str>, text: &str) -> Result<Vec<ReadDocument>, ManifestError> {
    let body = text.trim_start_matches('\u{feff}');
    let reader = Reader {
        source,
        text,
        lines: Arc::new(Lines::of(text)),
    };
    let body_start = text.len() - body.len();
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<&RawValue>();
    let mut documents = Vec::new();
    let mut start = 0;
    while let Some(value) = values.next() {
        let document = documents.len() + 1;
        let value = value.map_err(|error| reader.syntax_error(&error, document))?;
        let end = body_start + values.byte_offset();
        let tree = reader.tree(value, document)?;
        documents.push(ReadDocument {
            tree,
            span: start..end,
            has_end_marker: false,
        });
        start = end;
    }
    if let Some(last) = documents.last_mut() {
        last.span.end = text.len();
    }
    Ok(documents)
}

struct Reader<'a> {
    source: &'a Arc<str>,
    text: &'a str,
    lines: Arc<Lines>,
}

impl<'a> Reader<'a> {
    fn tree(&self, value: &'a RawValue, document: usize) -> Result<Tree, ManifestError> {
        let mut tree = Tree::new(Arc::clone(&self.lines));
        let root = self.add(&mut tree, value.get(), 0, document)?;
        tree.set_root(root);
        Ok(tree)
    }

    /// Adds the nodes of a value that has been found to be JSON.
    fn add(
        &self,
        tree: &mut Tree,
        raw: &'a str,
        depth: usize,
        document: usize,
    ) -> Result<NodeId, ManifestError> {
        let span = self.span_of(raw);
        if depth > MAX_DEPTH {
            return Err(self.error(span.start, document, Problem::TooDeep));
        }
        let content = match raw.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = self.parse(raw, document)?;
                let mut pairs = Vec::with_capacity(members.len());
                for (key, value) in members {
                    let key = self.add(tree, key.get(), depth + 1, document)?;
                    pairs.push((key, self.add(tree, value.get(), depth + 1, document)?));
                }
                Content::Mapping(pairs)
            }
            Some(b'[') => {
                let elements: Vec<&RawValue> = self.parse(raw, document)?;
                let add =
                    |element: &&'a RawValue| self.add(tree, element.get(), depth + 1, document);
                Content::Sequence(elements.iter().map(add).collect::<Result<_, _>>()?)
            }
            Some(b'"') => {
                let text: String = self.parse(raw, document)?;
                Content::Scalar(Zeroizing::new(text), Style::DoubleQuoted)
            }
            _ => Content::Scalar(Zeroizing::new(raw.to_owned()), Style::Plain),
        };
        Ok(tree.add(Node {
            span,
            tag: Tag::None,
            content,
        }))
    }

    /// The bytes of the whole text that a part of it stands on.
    fn span_of(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + part.len()
    }

    fn parse<T: Deserialize<'a>>(&self, raw: &'a str, document: usize) -> Result<T, ManifestError> {
        serde_json::from_str(raw).map_err(|error| {
            self.error(
                self.span_of(raw).start,
                document,
                Problem::NotJson(words_of(&error)),
            )
        })
    }

    fn syntax_error(&self, error: &serde_json::Error, document: usize) -> ManifestError {
        let location = Location {
            source: Arc::clone(self.source),
            document,
            line: error.line().max(1),
        };
        ManifestError::new(location, Problem::NotJson(words_of(error)))
    }

    fn error(&self, at: usize, document: usize, problem: Problem) -> ManifestError {
        let line = self.lines.line_at(at);
        ManifestError::new(
            Location {
                source: Arc::clone(self.source),
                document,
                line,
            },
            problem,
        )
    }
}

/// The words of a syntax error, without its position: it is told once, and for the whole text.
fn words_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The members of an object in order, double ones included.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}
