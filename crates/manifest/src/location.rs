//! Where something stands in a file that was read.

use std::fmt;
use std::sync::Arc;

/// A place in an input: its name, the document and the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The name of the file as the user gave it, or a word such as `stdin`.
    pub source: Arc<str>,
    /// The number of the document in the file, from 1.
    pub document: usize,
    /// The line in the file, from 1.
    pub line: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: document {}",
            self.source, self.line, self.document
        )
    }
}

/// The lines of a text, to look up the line of a byte.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
        }
    }

    /// The line, from 1, that the byte at `offset` stands on.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_belongs_to_the_line_that_its_line_break_ends() {
        let lines = Lines::of("ab\nc\r\n\nd");
        let found: Vec<usize> = (0..8).map(|offset| lines.line_at(offset)).collect();
        assert_eq!(found, [1, 1, 1, 2, 2, 2, 3, 4]);
    }
}
