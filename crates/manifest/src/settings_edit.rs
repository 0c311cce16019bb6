//! Changes to a file of settings that keep every other byte of it.
//!
//! A value keeps its quotes, its anchor and its comment. A file with aliases is refused, as one text
//! in it may mean several values. The result is read again and compared with what was there.

use std::ops::Range;

use crate::document::{Document, read};
use crate::edit::{Expectation, NewValue, Splice, Why, splice};
use crate::path::Step;
use crate::scalar_bytes::scalar_bytes;
use crate::tree::{Content, Node, NodeId};
use crate::typed::TypedError;

/// A change of one value. The new one is a word of ASCII letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextChange<'a> {
    /// Another text in the place of one.
    Replace {
        /// The way to it.
        path: Vec<Step<'a>>,
        /// The new text.
        text: String,
    },
    /// The first element of a list that is written as `[]`.
    First {
        /// The way to the list.
        path: Vec<Step<'a>>,
        /// The element.
        text: String,
    },
}

impl TextChange<'_> {
    fn path(&self) -> &[Step<'_>] {
        match self {
            Self::Replace { path, .. } | Self::First { path, .. } => path,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Replace { text, .. } | Self::First { text, .. } => text,
        }
    }

    /// What stands in the place of the value afterwards.
    fn new_value(&self) -> NewValue {
        let text = NewValue::Text(self.text().to_owned());
        match self {
            Self::Replace { .. } => text,
            Self::First { .. } => NewValue::List(vec![text]),
        }
    }
}

/// Makes changes in a file, of which `document` is all, and gives its new text.
///
/// # Errors
/// A path that leads nowhere, a value or a file that is written so that it cannot be changed safely,
/// two changes of one value. Then nothing may be written.
pub fn change_texts(document: &Document, changes: &[TextChange<'_>]) -> Result<String, TypedError> {
    let refusal = |line: usize, why: &str| TypedError {
        line,
        message: format!("cannot be changed in place, because {why}; change it by hand"),
    };
    let mut splices = Vec::with_capacity(changes.len());
    let mut expectation = Expectation::default();
    for change in changes {
        let refuse = |why: Why| refusal(document.line_at(change.path()), why);
        let (node, bytes) = find(document, change).map_err(refuse)?;
        splices.push(Splice::replace(bytes, change.text()));
        expectation.replaced.insert(node, change.new_value());
    }
    let edited = splice(document.whole_text(), splices).map_err(|why| refusal(1, why))?;
    match read("", &edited).as_deref() {
        Ok([new]) if expectation.is_met(document, new) => Ok(edited),
        _ => Err(refusal(1, "it would not read the same afterwards")),
    }
}

/// The value that a change is about, and the bytes that it replaces.
fn find(document: &Document, change: &TextChange<'_>) -> Result<(NodeId, Range<usize>), Why> {
    let is_alias = |id| matches!(document.tree.node(id).content, Content::Alias(_));
    if document.tree.ids().any(is_alias) {
        return Err("the file has aliases");
    }
    if !is_word(change.text()) {
        return Err("the new value is no word");
    }
    let id = document.node_at(change.path()).ok_or("it is not there")?;
    let node = document.tree.node(id);
    let bytes = match change {
        TextChange::Replace { .. } => scalar_bytes(document.whole_text(), document.format(), node),
        TextChange::First { .. } => empty_list_bytes(document.whole_text(), node),
    }?;
    Ok((id, bytes))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The room between the brackets of an empty list.
fn empty_list_bytes(text: &str, node: &Node) -> Result<Range<usize>, Why> {
    match &node.content {
        Content::Sequence(elements) if elements.is_empty() => {}
        _ => return Err("it is no empty list"),
    }
    let inside = text[node.span.start..].strip_prefix('[');
    match inside.and_then(|inside| inside.split_once(']')) {
        Some((blanks, _)) if blanks.trim().is_empty() => {
            let start = node.span.start + 1;
            Ok(start..start + blanks.len())
        }
        _ => Err("it is not written as []"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::Step::{Index, Key};
    use super::*;
    use crate::plain::Plain;

    fn change(text: &str, changes: &[TextChange<'_>]) -> Result<String, TypedError> {
        let documents = read("file", text).unwrap();
        change_texts(&documents[0], changes)
    }

    fn replace<'a>(path: &[Step<'a>], text: &str) -> TextChange<'a> {
        TextChange::Replace {
            path: path.to_vec(),
            text: text.to_owned(),
        }
    }

    fn first<'a>(path: &[Step<'a>], text: &str) -> TextChange<'a> {
        TextChange::First {
            path: path.to_vec(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_value_changes_and_every_other_byte_stays() {
        let cases = [
            ("a:\n  - old # why\n  - b\n", "a:\n  - new # why\n  - b\n"),
            ("a: [ \"old\" ,b]   # c\r\n", "a: [ \"new\" ,b]   # c\r\n"),
            ("\u{feff}# ö\na: ['old'] ", "\u{feff}# ö\na: ['new'] "),
            ("a:\n- |-\n  old\n# end", "a:\n- |-\n  new\n# end"),
            ("---\na:\n- &old old\n", "---\na:\n- &old new\n"),
            ("a: [\"ol\\x64\"]", "a: [\"new\"]"),
            ("{\"a\": [\"old\", 1]}\n", "{\"a\": [\"new\", 1]}\n"),
        ];
        for (text, expected) in cases {
            let edited = change(text, &[replace(&[Key("a"), Index(0)], "new")]).unwrap();
            assert_eq!(edited, expected);
        }
    }

    #[test]
    fn an_empty_list_gets_its_first_element() {
        for (text, expected) in [
            ("a: [] # none\nb: 1\n", "a: [new] # none\nb: 1\n"),
            ("{a: [ ], b: []}", "{a: [new], b: []}"),
        ] {
            assert_eq!(
                change(text, &[first(&[Key("a")], "new")]).unwrap(),
                expected
            );
        }
    }

    #[test]
    fn several_values_change_at_once_in_any_order() {
        let changes = [
            replace(&[Key("b")], "beta"),
            first(&[Key("c")], "gamma"),
            replace(&[Key("a")], "alpha"),
        ];
        let edited = change("a: one\nb: two\nc: []\n", &changes).unwrap();
        assert_eq!(edited, "a: alpha\nb: beta\nc: [gamma]\n");
    }

    #[test]
    fn what_cannot_be_changed_safely_is_refused_with_its_line() {
        let a = [Key("a")];
        let cases = [
            ("b: &x old\na: *x\n", vec![replace(&a, "new")], "aliases"),
            ("b: 1\na: {}\n", vec![replace(&a, "new")], "no text"),
            (
                "b: 1\na: ol\n  d\n",
                vec![replace(&a, "new")],
                "several lines",
            ),
            ("b: 1\na: old\n", vec![replace(&a, "new: 2")], "no word"),
            ("b: 1\na:\n- x\n", vec![first(&a, "new")], "no empty list"),
            (
                "b: 1\na: &x []\n",
                vec![first(&a, "new")],
                "not written as []",
            ),
        ];
        for (text, changes, why) in cases {
            let error = change(text, &changes).unwrap_err();
            assert_eq!(error.line, 2, "{text:?}: {error}");
            assert!(error.message.contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_change_that_would_not_read_as_it_should_is_refused() {
        let a = [Key("a")];
        assert!(change("a: old\n", &[replace(&a, "null")]).is_err());
        assert!(change("a: old\n", &[replace(&a, "x"), replace(&a, "y")]).is_err());
        assert!(change("a: old\n", &[replace(&[Key("b")], "x")]).is_err());
    }

    proptest! {
        #[test]
        fn a_change_and_its_reverse_give_the_file_back(
            word in "[a-z]{3,9}",
            new in "age1[a-z0-9]{3,9}",
            before in "(# [a-zö]{0,9}\r?\n){0,3}",
            quote in "['\"]?",
            after in "( +# [a-zé]{0,9})?(\r?\nb: [a-z]{0,4})?",
        ) {
            let text = format!("{before}a: {quote}{word}{quote}{after}");
            let there = change(&text, &[replace(&[Key("a")], &new)]);
            let back = change(&there.unwrap(), &[replace(&[Key("a")], &word)]);
            match Plain::of(&word) {
                Plain::Text => prop_assert_eq!(back.unwrap(), text),
                // A word such as `yes` would be no text.
                _ => prop_assert!(back.is_err() || !quote.is_empty()),
            }
        }
    }
}
