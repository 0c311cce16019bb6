//! A YAML stream to trees.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use zeroize::Zeroizing;

use crate::byte_offsets::ByteOffsets;
use crate::error::{ManifestError, Problem};
use crate::location::{Lines, Location};
use crate::tree::{Content, MAX_DEPTH, Node, NodeId, Style, Tag, Tree};

/// A document of a stream.
#[derive(Debug)]
pub(crate) struct ReadDocument {
    pub(crate) tree: Tree,
    /// The bytes of the stream that belong to it, from its `---` line (the first document: from the
    /// start of the stream) to the next document.
    pub(crate) span: Range<usize>,
    /// Whether a `...` line ends it.
    pub(crate) has_end_marker: bool,
}

/// Reads every document of a YAML stream.
pub(crate) fn read_yaml(source: &Arc<str>, text: &str) -> Result<Vec<ReadDocument>, ManifestError> {
    let body = text.trim_start_matches('\u{feff}');
    let mut builder = Builder {
        source,
        text,
        offsets: ByteOffsets::of(body),
        body_start: text.len() - body.len(),
        lines: Arc::new(Lines::of(text)),
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
    };
    for event in Parser::new_from_str(body) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => return Err(builder.syntax_error(&error)),
        }
    }
    Ok(builder.finish())
}

struct Builder<'a> {
    source: &'a Arc<str>,
    text: &'a str,
    offsets: ByteOffsets<'a>,
    /// The bytes before the first character that the parser sees: the byte order mark.
    body_start: usize,
    lines: Arc<Lines>,
    documents: Vec<ReadDocument>,
    /// The mappings and sequences that have begun and not ended.
    open: Vec<Open>,
    /// The nodes of the anchors of this document and of earlier ones, by the parser's number.
    anchors: HashMap<usize, Anchor>,
}

struct Anchor {
    document: usize,
    node: NodeId,
}

struct Open {
    node: NodeId,
    /// The key that waits for its value, in a mapping.
    key: Option<NodeId>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ManifestError> {
        let bytes = self.byte(span.start.index())..self.byte(span.end.index());
        match event {
            Event::DocumentStart(explicit) => self.start_document(explicit, bytes.start),
            Event::DocumentEnd => self.end_document(bytes.start),
            Event::Scalar(text, style, anchor, tag) => {
                let content = Content::Scalar(Zeroizing::new(text.into_owned()), style_of(style));
                let node = self.add(bytes, tag_of(tag.as_deref()), content, anchor)?;
                self.close(node);
            }
            Event::SequenceStart(anchor, tag) => {
                let content = Content::Sequence(Vec::new());
                self.open(bytes, tag_of(tag.as_deref()), content, anchor)?;
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping(Vec::new());
                self.open(bytes, tag_of(tag.as_deref()), content, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(ended) = self.open.pop() {
                    self.tree().node_mut(ended.node).span.end = bytes.end;
                    self.close(ended.node);
                }
            }
            Event::Alias(anchor) => {
                let target = self.alias_target(anchor, bytes.start)?;
                let node = self.add(bytes, Tag::None, Content::Alias(target), 0)?;
                self.close(node);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
        Ok(())
    }

    fn byte(&self, character: usize) -> usize {
        self.body_start + self.offsets.byte_of(character)
    }

    fn start_document(&mut self, explicit: bool, at: usize) {
        let start = match self.documents.last() {
            None => 0,
            Some(previous) if previous.has_end_marker || !explicit => previous.span.end,
            Some(_) => at,
        };
        if let Some(previous) = self.documents.last_mut() {
            previous.span.end = start;
        }
        self.documents.push(ReadDocument {
            tree: Tree::new(Arc::clone(&self.lines)),
            span: start..self.text.len(),
            has_end_marker: false,
        });
    }

    fn end_document(&mut self, at: usize) {
        let Some(rest) = self.text.get(at..).filter(|rest| rest.starts_with("...")) else {
            return;
        };
        let line_end = rest
            .find('\n')
            .map_or(self.text.len(), |length| at + length + 1);
        if let Some(document) = self.documents.last_mut() {
            document.has_end_marker = true;
            document.span.end = line_end;
        }
    }

    fn open(
        &mut self,
        bytes: Range<usize>,
        tag: Tag,
        content: Content,
        anchor: usize,
    ) -> Result<(), ManifestError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(bytes.start, Problem::TooDeep));
        }
        let node = self.add(bytes, tag, content, anchor)?;
        self.open.push(Open { node, key: None });
        Ok(())
    }

    fn add(
        &mut self,
        span: Range<usize>,
        tag: Tag,
        content: Content,
        anchor: usize,
    ) -> Result<NodeId, ManifestError> {
        if self.documents.is_empty() {
            return Err(self.error(
                span.start,
                Problem::NotYaml("no document begins here".into()),
            ));
        }
        let node = self.tree().add(Node { span, tag, content });
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchor {
                    document: self.documents.len(),
                    node,
                },
            );
        }
        Ok(node)
    }

    /// Puts a finished node where it belongs: into the innermost open collection.
    fn close(&mut self, node: NodeId) {
        let Some(mut parent) = self.open.pop() else {
            self.tree().set_root(node);
            return;
        };
        match (
            &mut self.tree().node_mut(parent.node).content,
            parent.key.take(),
        ) {
            (Content::Sequence(elements), _) => elements.push(node),
            (Content::Mapping(pairs), Some(key)) => pairs.push((key, node)),
            (_, _) => parent.key = Some(node),
        }
        self.open.push(parent);
    }

    fn alias_target(&self, anchor: usize, at: usize) -> Result<NodeId, ManifestError> {
        match self.anchors.get(&anchor) {
            Some(anchor) if anchor.document != self.documents.len() => {
                Err(self.error(at, Problem::ForeignAlias))
            }
            Some(anchor) if self.open.iter().any(|open| open.node == anchor.node) => {
                Err(self.error(at, Problem::EndlessAlias))
            }
            Some(anchor) => Ok(anchor.node),
            None => Err(self.error(at, Problem::NotYaml("an alias names no anchor".into()))),
        }
    }

    fn tree(&mut self) -> &mut Tree {
        &mut self
            .documents
            .last_mut()
            .expect("a node is added within a document only")
            .tree
    }

    fn finish(mut self) -> Vec<ReadDocument> {
        // A text of comments alone has no document in YAML's sense, and is kept all the same.
        if self.documents.is_empty() && !self.text.is_empty() {
            self.start_document(false, 0);
        }
        if let Some(last) = self.documents.last_mut() {
            last.span.end = self.text.len();
        }
        self.documents
    }

    fn error(&self, at: usize, problem: Problem) -> ManifestError {
        let location = Location {
            source: Arc::clone(self.source),
            document: self.documents.len().max(1),
            line: self.lines.line_at(at),
        };
        ManifestError::new(location, problem)
    }

    fn syntax_error(&self, error: &ScanError) -> ManifestError {
        // The one message of the parser that repeats text of the input is cut.
        let words = error.info().split(": `").next().unwrap_or_default();
        self.error(
            self.byte(error.marker().index()),
            Problem::NotYaml(words.to_owned()),
        )
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn tag_of(tag: Option<&saphyr_parser::Tag>) -> Tag {
    let Some(tag) = tag else {
        return Tag::None;
    };
    let full = format!("{}{}", tag.handle, tag.suffix);
    match full.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => Tag::Text,
        Some("null" | "bool" | "int" | "float" | "map" | "seq") => Tag::Core,
        None if full == "!" => Tag::Text,
        _ => Tag::Other,
    }
}
