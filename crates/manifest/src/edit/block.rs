//! The lines of an entry in block style.

use std::ops::Range;

use super::Why;

const NOT_OWN_LINE: Why = "its key does not stand at the start of a line";

/// The spaces before a key that stands at the start of a line.
pub(super) fn indentation(text: &str, key_start: usize) -> Result<usize, Why> {
    let before = &text[line_start(text, key_start)..key_start];
    if before.bytes().all(|byte| byte == b' ') {
        Ok(before.len())
    } else {
        Err(NOT_OWN_LINE)
    }
}

/// The lines of the entry whose key starts there, with their line breaks: that of its key and those
/// below that are indented more, be they comments. The dashes of a list need not be indented.
pub(super) fn own_lines(text: &str, key_start: usize, is_list: bool) -> Result<Range<usize>, Why> {
    let indent = indentation(text, key_start)?;
    let start = key_start - indent;
    let mut end = next_line(text, key_start);
    let mut at = end;
    for line in text[end..].split_inclusive('\n') {
        at += line.len();
        let inner = line.trim_start_matches(' ');
        if inner.trim().is_empty() {
            continue;
        }
        let depth = line.len() - inner.len();
        let is_dash = is_list && depth == indent && is_element(inner);
        if depth <= indent && !is_dash {
            break;
        }
        end = at;
    }
    Ok(start..end)
}

fn is_element(line: &str) -> bool {
    line.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// The byte after the colon of a key that ends at `key_end`.
pub(super) fn after_colon(text: &str, key_end: usize) -> Result<usize, Why> {
    let rest = &text[key_end..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if rest[blanks..].starts_with(':') {
        Ok(key_end + blanks + 1)
    } else {
        Err("no colon follows its key")
    }
}

/// Whether nothing but blanks and a comment follows on the line.
pub(super) fn is_rest_empty(text: &str, from: usize) -> bool {
    let rest = &text[from..line_end(text, from)];
    let inner = rest.trim_start_matches([' ', '\t']);
    inner.is_empty() || (inner.starts_with('#') && inner.len() < rest.len())
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

/// The end of the line, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The start of the next line, or the end of the text.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |found| at + found + 1)
}

/// The line break of the line of a byte or, if it has none, of the line before.
pub(super) fn line_break(text: &str, at: usize) -> &'static str {
    let next = next_line(text, at);
    let ended = match text[..next].ends_with('\n') {
        true => &text[..next],
        false => &text[..line_start(text, at)],
    };
    if ended.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}
