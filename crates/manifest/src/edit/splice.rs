//! Parts of a text replaced, and everything between them kept.

use std::ops::Range;

use super::Why;

/// Bytes of a text, and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) bytes: Range<usize>,
    pub(crate) text: String,
}

impl Splice {
    pub(crate) fn replace(bytes: Range<usize>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { bytes, text }
    }

    pub(crate) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(at..at, text)
    }

    pub(crate) fn remove(bytes: Range<usize>) -> Self {
        Self::replace(bytes, "")
    }
}

/// The text with all splices done.
///
/// # Errors
/// Two of them concern the same bytes.
pub(crate) fn splice(text: &str, mut splices: Vec<Splice>) -> Result<String, Why> {
    splices.sort_by_key(|splice| (splice.bytes.start, splice.bytes.end));
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut edited = String::with_capacity(text.len() + added);
    let mut kept_to = 0;
    for Splice { bytes, text: new } in splices {
        edited.push_str(
            text.get(kept_to..bytes.start)
                .ok_or("it is changed twice at once")?,
        );
        edited.push_str(&new);
        kept_to = bytes.end;
    }
    edited.push_str(&text[kept_to..]);
    Ok(edited)
}
