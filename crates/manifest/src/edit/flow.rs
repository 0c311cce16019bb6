//! The commas and braces of a mapping in flow style, as in `{a: b, c: d}` and in JSON.

use super::Why;
use super::block::line_end;
use crate::document::Format;
use crate::scalar_bytes::skip_properties;
use crate::tree::{Content, Node, NodeId, Tree};

/// Whether a mapping is written in flow style.
pub(super) fn is_flow(text: &str, format: Format, mapping: &Node) -> bool {
    match format {
        Format::Json => true,
        Format::Yaml => skip_properties(text, mapping.span.start)
            .is_ok_and(|start| text[start..].starts_with('{')),
    }
}

/// The end of a node in flow style.
pub(super) fn end_of(text: &str, tree: &Tree, id: NodeId) -> Result<usize, Why> {
    let node = tree.node(id);
    let (last, bracket) = match &node.content {
        Content::Scalar(..) | Content::Alias(_) => {
            // The parser counts the blanks after quotes to a scalar, and the comma to one without text.
            let written = text[node.span.clone()].trim_end();
            let len = if written.starts_with(',') {
                0
            } else {
                written.len()
            };
            return Ok(node.span.start + len);
        }
        Content::Sequence(elements) => (elements.last().copied(), ']'),
        Content::Mapping(pairs) => (pairs.last().map(|(_, value)| *value), '}'),
    };
    let inside = match last {
        Some(last) => end_of(text, tree, last)?,
        None => skip_properties(text, node.span.start)? + 1,
    };
    match next_mark(text, inside) {
        (comma, Some(',')) => closing(text, comma + 1, bracket),
        _ => closing(text, inside, bracket),
    }
}

fn closing(text: &str, at: usize, bracket: char) -> Result<usize, Why> {
    match next_mark(text, at) {
        (found, Some(mark)) if mark == bracket => Ok(found + 1),
        _ => Err("its closing bracket is not found"),
    }
}

/// The comma that follows an entry, or none if the mapping ends.
pub(super) fn comma_after(text: &str, entry_end: usize) -> Result<Option<usize>, Why> {
    match next_mark(text, entry_end) {
        (comma, Some(',')) => Ok(Some(comma)),
        (_, Some('}')) => Ok(None),
        _ => Err("neither a comma nor a brace follows it"),
    }
}

/// The next character that is neither blank nor in a comment, and where it stands.
fn next_mark(text: &str, mut at: usize) -> (usize, Option<char>) {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        match text[at..].chars().next() {
            Some('#') => at = line_end(text, at),
            mark => return (at, mark),
        }
    }
}
