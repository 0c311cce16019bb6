//! The very bytes of a scalar's text in a file, within its quotes or its block.

use std::ops::Range;

use crate::document::Format;
use crate::tree::{Content, Node, Style};

/// Why the bytes of a scalar cannot be told.
const SEVERAL_LINES: &str = "it runs over several lines or ends in a line break";
const PROPERTY_LINE: &str = "its anchor or tag stands on another line";

/// The bytes that hold the text of a scalar and nothing else: no quotes, anchor, tag or comment.
///
/// # Errors
/// Why not, if the scalar is written so that its text does not stand in one piece.
pub(crate) fn scalar_bytes(
    text: &str,
    format: Format,
    node: &Node,
) -> Result<Range<usize>, &'static str> {
    let Content::Scalar(value, style) = &node.content else {
        return Err("it is no text");
    };
    let start = match format {
        Format::Json => node.span.start,
        Format::Yaml => skip_properties(text, node.span.start)?,
    };
    match style {
        Style::Plain => whole_line(text, start, value),
        // Without properties the parser counts from the first line of the block.
        Style::Literal | Style::Folded if start == node.span.start => {
            whole_line(text, start, value)
        }
        Style::Literal | Style::Folded => whole_line(text, skip_block_header(text, start)?, value),
        Style::SingleQuoted => within_quotes(text, start, b'\''),
        Style::DoubleQuoted => within_quotes(text, start, b'"'),
    }
}

/// Skips anchors and tags, which the parser counts to the scalar that they stand before.
pub(crate) fn skip_properties(text: &str, mut start: usize) -> Result<usize, &'static str> {
    while let Some(property) = text
        .get(start..)
        .filter(|rest| rest.starts_with(['&', '!']))
    {
        let len = property.find(char::is_whitespace).ok_or(PROPERTY_LINE)?;
        let blanks = property[len..]
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        start += len + blanks.count();
        if text[start..].starts_with(['\r', '\n', '#']) {
            return Err(PROPERTY_LINE);
        }
    }
    Ok(start)
}

/// Skips the line of `|` or `>`, and the indentation of the next.
fn skip_block_header(text: &str, start: usize) -> Result<usize, &'static str> {
    let header = text[start..].find('\n').ok_or(SEVERAL_LINES)?;
    let first_line = start + header + 1;
    Ok(first_line
        + text[first_line..]
            .bytes()
            .take_while(|byte| *byte == b' ')
            .count())
}

/// A text without quotes stands for itself, as long as it is one line.
fn whole_line(text: &str, start: usize, value: &str) -> Result<Range<usize>, &'static str> {
    let stands_there = text
        .get(start..)
        .is_some_and(|rest| rest.starts_with(value));
    if stands_there && !value.contains('\n') {
        Ok(start..start + value.len())
    } else {
        Err(SEVERAL_LINES)
    }
}

fn within_quotes(text: &str, start: usize, quote: u8) -> Result<Range<usize>, &'static str> {
    let bytes = text.as_bytes();
    if bytes.get(start) != Some(&quote) {
        return Err(PROPERTY_LINE);
    }
    let inside = start + 1;
    let mut at = inside;
    while let Some(&byte) = bytes.get(at) {
        let is_escape = match quote {
            b'"' => byte == b'\\',
            _ => byte == quote && bytes.get(at + 1) == Some(&quote),
        };
        if is_escape {
            at += 2;
        } else if byte == quote {
            return Ok(inside..at);
        } else {
            at += 1;
        }
    }
    Err(SEVERAL_LINES)
}
