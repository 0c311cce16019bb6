//! Where new items go: after the last that is there, in the style of what stands around them.

use super::Why;
use super::block::{
    after_colon, indentation, is_rest_empty, line_break, line_end, line_start, next_line, own_lines,
};
use super::find::{PATH, Pair, check_not_shared, own_entry, own_pairs};
use super::flow::{comma_after, end_of, is_flow};
use super::new_value::{Entries, Inline, NewValue, block_lines};
use super::splice::Splice;
use crate::document::Format;
use crate::object::Object;
use crate::tree::{Content, Node, NodeId, Tree};

/// The indentation where a file does not show its own.
const DEFAULT_STEP: usize = 2;

/// New items of a SealedSecret.
pub(super) struct Insertion {
    pub(super) target: Target,
    /// The items, with the mappings around them that are not there yet.
    pub(super) entries: Entries,
    pub(super) splices: Vec<Splice>,
}

/// What gets the new entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A mapping with entries.
    End(NodeId),
    /// A value that holds nothing: `{}`, `null`, or no text at all.
    Empty(NodeId),
}

/// Finds the place for new items, at least one, and writes them.
pub(super) fn insert(object: &Object<'_>, items: Entries) -> Result<Insertion, Why> {
    let tree = object.tree();
    let mut around = Around {
        object,
        key: None,
        mapping: object.node(),
    };
    for (depth, key) in PATH.iter().enumerate() {
        let Some((key, value)) = own_entry(tree, around.mapping, key)? else {
            return around.append(nest(&PATH[depth..], items));
        };
        if is_empty(tree, value) {
            return around.fill((key, value), nest(&PATH[depth + 1..], items));
        }
        (around.key, around.mapping) = (Some(key), value);
    }
    around.append(items)
}

/// Entries within the mappings of a path.
fn nest(path: &[&str], entries: Entries) -> Entries {
    path.iter().rev().fold(entries, |inner, key| {
        vec![((*key).to_owned(), NewValue::Mapping(inner))]
    })
}

fn is_empty(tree: &Tree, value: NodeId) -> bool {
    match &tree.node(value).content {
        Content::Mapping(pairs) => pairs.is_empty(),
        Content::Scalar(..) => tree.is_null(value),
        Content::Sequence(_) | Content::Alias(_) => false,
    }
}

/// A mapping on the way to the items.
struct Around<'a> {
    object: &'a Object<'a>,
    /// The key of the mapping, if it has one.
    key: Option<NodeId>,
    mapping: NodeId,
}

impl Around<'_> {
    fn text(&self) -> &str {
        self.object.document().whole_text()
    }

    fn format(&self) -> Format {
        self.object.document().format()
    }

    fn node(&self, id: NodeId) -> &Node {
        self.object.tree().node(id)
    }

    fn column(&self, key: NodeId) -> Result<usize, Why> {
        indentation(self.text(), self.node(key).span.start)
    }

    /// How much deeper than this mapping's own key its keys stand.
    fn step(&self, indent: usize) -> usize {
        match self.key.map(|key| self.column(key)) {
            Some(Ok(outer)) if indent > outer => indent - outer,
            _ => DEFAULT_STEP,
        }
    }

    fn append(&self, entries: Entries) -> Result<Insertion, Why> {
        check_not_shared(self.object.tree(), self.mapping)?;
        let pairs = own_pairs(self.object.tree(), self.mapping)?;
        let &last = pairs.last().ok_or("what should hold it is empty")?;
        let splices = if is_flow(self.text(), self.format(), self.node(self.mapping)) {
            self.append_to_flow(last, &entries)?
        } else {
            vec![self.append_to_block(last, &entries)?]
        };
        Ok(Insertion {
            target: Target::End(self.mapping),
            entries,
            splices,
        })
    }

    fn append_to_block(&self, (key, value): Pair, entries: &Entries) -> Result<Splice, Why> {
        let is_list = matches!(self.node(value).content, Content::Sequence(_));
        let key_start = self.node(key).span.start;
        let own = own_lines(self.text(), key_start, is_list)?;
        let indent = self.column(key)?;
        let lines = block_lines(entries, indent, self.step(indent));
        Ok(lines_after(self.text(), own.end, &lines))
    }

    fn append_to_flow(&self, (key, value): Pair, entries: &Entries) -> Result<Vec<Splice>, Why> {
        let text = self.text();
        let key_start = self.node(key).span.start;
        let end = end_of(text, self.object.tree(), value)?;
        let comma = comma_after(text, end)?;
        let after = comma.map_or(end, |comma| comma + 1);
        let style = self.inline_style(key);
        let written = entries.iter().map(|(key, value)| style.entry(key, value));
        let before = &text[line_start(text, key_start)..key_start];
        let line_end = line_end(text, after);
        if !(before.trim().is_empty() && is_rest_empty(text, after) && line_end < text.len()) {
            let written = written.collect::<Vec<_>>().join(style.comma);
            return Ok(vec![match comma {
                Some(_) => Splice::insert(after, format!(" {written},")),
                None => Splice::insert(after, format!("{}{written}", style.comma)),
            }]);
        }
        let line_start = format!("{}{before}", line_break(text, after));
        let written = written.collect::<Vec<_>>().join(&format!(",{line_start}"));
        Ok(match comma {
            Some(_) => vec![Splice::insert(line_end, format!("{line_start}{written},"))],
            None => vec![
                Splice::insert(end, ","),
                Splice::insert(line_end, format!("{line_start}{written}")),
            ],
        })
    }

    /// As the entry of a key is written.
    fn inline_style(&self, key: NodeId) -> Inline {
        let after_key = &self.text()[self.node(key).span.end..];
        let is_compact = after_key
            .strip_prefix(':')
            .is_some_and(|value| !value.starts_with(char::is_whitespace));
        match self.format() {
            Format::Json if is_compact => Inline::compact_json(),
            format => Inline::roomy(format),
        }
    }

    /// Puts entries in the place of an empty value of this mapping.
    fn fill(&self, (key, value): Pair, entries: Entries) -> Result<Insertion, Why> {
        check_not_shared(self.object.tree(), value)?;
        let splices = if is_flow(self.text(), self.format(), self.node(self.mapping)) {
            vec![self.fill_inline((key, value), &entries)?]
        } else {
            self.fill_block((key, value), &entries)?
        };
        Ok(Insertion {
            target: Target::Empty(value),
            entries,
            splices,
        })
    }

    fn fill_inline(&self, (key, value): Pair, entries: &Entries) -> Result<Splice, Why> {
        let start = self.node(value).span.start;
        let bytes = start..end_of(self.text(), self.object.tree(), value)?;
        if bytes.is_empty() {
            return Err("what should hold it has no value");
        }
        check_is_bare(&self.text()[bytes.clone()])?;
        Ok(Splice::replace(
            bytes,
            self.inline_style(key).mapping(entries),
        ))
    }

    fn fill_block(&self, (key, value): Pair, entries: &Entries) -> Result<Vec<Splice>, Why> {
        let text = self.text();
        let after_colon = after_colon(text, self.node(key).span.end)?;
        let end = end_of(text, self.object.tree(), value)?.max(after_colon);
        check_is_bare(text.get(after_colon..end).unwrap_or_default().trim())?;
        if !is_rest_empty(text, end) {
            return Err("something else stands on its line");
        }
        let indent = self.column(key)?;
        let step = self.step(indent);
        let lines = block_lines(entries, indent + step, step);
        let next = next_line(text, end);
        Ok(vec![
            Splice::remove(after_colon..end),
            lines_after(text, next, &lines),
        ])
    }
}

/// Refuses an empty value that is more than that: an anchor, a tag, a comment.
fn check_is_bare(value: &str) -> Result<(), Why> {
    let inside = value
        .strip_prefix('{')
        .and_then(|inside| inside.strip_suffix('}'));
    match inside {
        Some(inside) if inside.trim().is_empty() => Ok(()),
        None if value
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'~') =>
        {
            Ok(())
        }
        _ => Err("what should hold it is empty, but not written as {}"),
    }
}

/// Puts lines where a line ends or, without a line break, the text does.
fn lines_after(text: &str, at: usize, lines: &[String]) -> Splice {
    if text[..at].ends_with('\n') {
        let line_break = line_break(text, at - 1);
        let lines = lines.iter().map(|line| format!("{line}{line_break}"));
        Splice::insert(at, lines.collect::<String>())
    } else {
        let line_break = line_break(text, at);
        let lines = lines.iter().map(|line| format!("{line_break}{line}"));
        Splice::insert(at, lines.collect::<String>())
    }
}
