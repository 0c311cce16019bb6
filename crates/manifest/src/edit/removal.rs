//! What goes with items that are removed: their own lines and trailing comments; in flow style their
//! commas. Comments on lines of their own stay.

use std::ops::Range;

use super::Why;
use super::block::{after_colon, indentation, is_rest_empty, line_start, next_line, own_lines};
use super::find::{self, Pair, check_no_anchor_in, check_no_merge, check_not_shared};
use super::flow::{comma_after, end_of, is_flow};
use super::splice::Splice;
use crate::document::Format;
use crate::object::Object;
use crate::scalar_bytes::skip_properties;
use crate::tree::{Content, NodeId, Tree};

/// Removes items, by their keys.
pub(super) fn remove(object: &Object<'_>, keys: &[NodeId]) -> Result<Vec<Splice>, Why> {
    let tree = object.tree();
    let (mapping_key, mapping) = find::items(object)?;
    check_no_merge(tree, mapping)?;
    let items = Items {
        text: object.document().whole_text(),
        format: object.document().format(),
        tree,
        pairs: tree.pairs(mapping).unwrap_or_default(),
        keys,
    };
    for &(key, value) in items.removed() {
        check_not_shared(tree, key)?;
        check_no_anchor_in(tree, key)?;
        check_no_anchor_in(tree, value)?;
    }
    if is_flow(items.text, items.format, tree.node(mapping)) {
        items.remove_from_flow(mapping)
    } else {
        items.remove_from_block(mapping_key)
    }
}

/// The items of a SealedSecret, some of which go.
struct Items<'a> {
    text: &'a str,
    format: Format,
    tree: &'a Tree,
    pairs: &'a [Pair],
    keys: &'a [NodeId],
}

impl Items<'_> {
    fn is_removed(&self, pair: &Pair) -> bool {
        self.keys.contains(&pair.0)
    }

    fn removed(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(|pair| self.is_removed(pair))
    }

    fn are_all_removed(&self) -> bool {
        self.pairs.iter().all(|pair| self.is_removed(pair))
    }

    fn remove_from_block(&self, mapping_key: NodeId) -> Result<Vec<Splice>, Why> {
        let mut ranges = Vec::new();
        for &(key, value) in self.removed() {
            ranges.push(self.lines_of(key, value)?);
        }
        let mut ranges = merge(ranges);
        if let Some(last) = ranges.last_mut() {
            self.keep_end_without_line_break(last);
        }
        let mut splices: Vec<Splice> = ranges.into_iter().map(Splice::remove).collect();
        if self.are_all_removed() {
            let after_colon = after_colon(self.text, self.tree.node(mapping_key).span.end)?;
            if !is_rest_empty(self.text, after_colon) {
                return Err("an anchor or a tag stands before the items");
            }
            splices.push(Splice::insert(after_colon, " {}"));
        }
        Ok(splices)
    }

    /// The lines on which an item stands, without comments below it.
    fn lines_of(&self, key: NodeId, value: NodeId) -> Result<Range<usize>, Why> {
        let start = self.tree.node(key).span.start;
        let value = self.tree.node(value);
        match &value.content {
            Content::Scalar(..) | Content::Alias(_) => {
                let written = self.text[value.span.clone()].trim_end();
                let end = next_line(self.text, value.span.start + written.len());
                Ok(start - indentation(self.text, start)?..end)
            }
            Content::Sequence(_) => own_lines(self.text, start, true),
            Content::Mapping(_) => own_lines(self.text, start, false),
        }
    }

    /// A text without a line break at its end has none afterwards either.
    fn keep_end_without_line_break(&self, last: &mut Range<usize>) {
        if last.end == self.text.len() && !self.text.ends_with('\n') {
            let before = &self.text[..last.start];
            let before = before.strip_suffix('\n').unwrap_or(before);
            last.start = before.strip_suffix('\r').unwrap_or(before).len();
        }
    }

    fn remove_from_flow(&self, mapping: NodeId) -> Result<Vec<Splice>, Why> {
        let commas = self.commas()?;
        if self.are_all_removed()
            && let Some(inside) = self.bare_inside(mapping)?
        {
            return Ok(vec![Splice::remove(inside)]);
        }
        let mut ranges = Vec::new();
        for (pair, comma) in self.pairs.iter().zip(&commas) {
            if self.is_removed(pair) {
                ranges.push(self.flow_range(*pair, *comma)?);
            }
        }
        // The last that stays needs no comma after it, unless there was one after the very last.
        let kept = self.pairs.iter().rposition(|pair| !self.is_removed(pair));
        if let Some(kept) = kept
            && kept + 1 < self.pairs.len()
            && let (Some(comma), Some(None)) = (commas[kept], commas.last())
        {
            ranges.push(comma..comma + 1);
        }
        Ok(merge(ranges).into_iter().map(Splice::remove).collect())
    }

    fn commas(&self) -> Result<Vec<Option<usize>>, Why> {
        let end = |&(_, value): &Pair| end_of(self.text, self.tree, value);
        let commas = self
            .pairs
            .iter()
            .map(|pair| comma_after(self.text, end(pair)?));
        commas.collect()
    }

    /// Everything between the braces, if that is the items and no comment.
    fn bare_inside(&self, mapping: NodeId) -> Result<Option<Range<usize>>, Why> {
        let end = end_of(self.text, self.tree, mapping)? - 1;
        let mut gaps = String::new();
        let mut at = skip_properties(self.text, self.tree.node(mapping).span.start)? + 1;
        let inside = at..end;
        for &(key, value) in self.pairs {
            gaps.push_str(
                self.text
                    .get(at..self.tree.node(key).span.start)
                    .unwrap_or("#"),
            );
            at = end_of(self.text, self.tree, value)?;
        }
        gaps.push_str(self.text.get(at..end).unwrap_or("#"));
        Ok((!gaps.contains('#')).then_some(inside))
    }

    /// An item with its comma, and its line or the blanks beside it.
    fn flow_range(&self, (key, value): Pair, comma: Option<usize>) -> Result<Range<usize>, Why> {
        let text = self.text;
        let start = self.tree.node(key).span.start;
        let end = match comma {
            Some(comma) => comma + 1,
            None => end_of(text, self.tree, value)?,
        };
        let line = line_start(text, start);
        let next = next_line(text, end);
        let starts_line = text[line..start].trim().is_empty();
        if starts_line && is_rest_empty(text, end) && next < text.len() {
            return Ok(line..next);
        }
        let after = text[end..].trim_start_matches([' ', '\t']);
        Ok(if after.starts_with('}') && !starts_line {
            text[..start].trim_end_matches([' ', '\t']).len()..end
        } else {
            start..text.len() - after.len()
        })
    }
}

/// The ranges in order, those that touch each other as one.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
