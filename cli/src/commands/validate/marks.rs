//! Comments that say: this is meant to be here.

use memchr::memmem;

/// What such a comment says.
const MARK: &[u8] = b"waxwing:allow";

/// How a line starts that is nothing but a comment, or the start of a document.
const COMMENTS: [&[u8]; 6] = [b"#", b"//", b"/*", b"<!--", b";", b"---"];

/// The marks in a text.
pub(super) struct Marks<'a> {
    lines: Vec<&'a [u8]>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let has_mark = memmem::find(text, MARK).is_some();
        let text = if has_mark { text } else { b"" };
        Self {
            lines: text.split(|byte| *byte == b'\n').collect(),
        }
    }

    /// Whether there is a mark on the line, counted from 1, or in the comment right above it.
    pub(super) fn allow(&self, line: usize) -> bool {
        let above = (1..line).rev().map(|line| self.line(line));
        has_mark(self.line(line)) || above.take_while(|line| is_comment(line)).any(has_mark)
    }

    fn line(&self, line: usize) -> &'a [u8] {
        let index = line.saturating_sub(1);
        self.lines.get(index).copied().unwrap_or_default()
    }
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    COMMENTS.iter().any(|start| line.starts_with(start))
}

fn has_mark(line: &[u8]) -> bool {
    memmem::find_iter(line, MARK).any(|at| {
        let next = line.get(at + MARK.len());
        next.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_for_its_line_and_for_the_line_below_a_comment() {
        let text = "a\nb # waxwing:allow\nc\n# why\n  // waxwing:allow\n# more\nd\n\n\
                    --- # waxwing:allow -->\ne\n# waxwing:allowed\nf\n# waxwing:allow\n\ng\n";
        let marks = Marks::of(text.as_bytes());
        let allowed: Vec<usize> = (0..20).filter(|line| marks.allow(*line)).collect();
        assert_eq!(allowed, [2, 5, 6, 7, 9, 10, 13, 14]);
        assert!(Marks::of(b"\xff # waxwing:allow\r\n").allow(1));
    }
}
