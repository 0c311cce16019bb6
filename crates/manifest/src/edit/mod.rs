//! Changes to a file that keep every other byte of it.
//!
//! A [`Change`] is found against the documents that were [`read`], and [`apply`] makes all
//! changes of a file at once: `insertion` and `removal` know the places, in `block` and in `flow`
//! style. What cannot be changed without the risk of changing something else (an alias stands for it,
//! it runs over several lines) is refused. The result is read again and held against what was asked
//! for (`comparison`), so that an edit cannot corrupt a file.

mod block;
mod change;
mod comparison;
mod find;
mod flow;
mod group;
mod insertion;
mod new_value;
mod removal;
mod splice;

use std::collections::HashMap;
use std::ptr;

use crate::document::{Document, read};
use crate::error::ManifestError;
use crate::object::Object;
use group::{Group, by_object};

pub use change::Change;
pub(crate) use comparison::Expectation;
pub(crate) use new_value::NewValue;
pub(crate) use splice::{Splice, splice};

/// Why something cannot be changed in place.
pub(crate) type Why = &'static str;

const WOULD_DIFFER: Why = "the file would not read the same afterwards";

/// Makes changes in a file, of which `documents` are all, and gives its new text.
///
/// # Errors
/// Two changes of one item, a change of an object of another file, or a new text that would not
/// read as it should. Then nothing may be written.
pub fn apply(documents: &[Document], changes: &[Change<'_>]) -> Result<String, ManifestError> {
    let text: String = documents.iter().map(Document::raw).collect();
    let groups = by_object(changes);
    let Some(first) = groups.first() else {
        return Ok(text);
    };
    check_apart(documents, &groups)?;
    let mut expectations: HashMap<usize, Expectation> = HashMap::new();
    let mut splices = Vec::new();
    for group in &groups {
        let document = group.object.document().index();
        splices.extend(group.splices(expectations.entry(document).or_default())?);
    }
    // New items are written while all their neighbours stand; only then some of these go.
    let edited = splice(&text, splices).map_err(|why| first.error(why))?;
    let edited = remove(documents, &groups, edited)?;
    let read_again = read_again(first, &edited)?;
    let unchanged = Expectation::default();
    let is_as_asked = documents.len() == read_again.len()
        && documents.iter().zip(&read_again).all(|(old, new)| {
            let expectation = expectations.get(&old.index()).unwrap_or(&unchanged);
            expectation.is_met(old, new)
        });
    if is_as_asked {
        Ok(edited)
    } else {
        Err(first.error(WOULD_DIFFER))
    }
}

fn check_apart(documents: &[Document], groups: &[Group<'_, '_>]) -> Result<(), ManifestError> {
    for group in groups {
        let document = group.object.document();
        if !documents.iter().any(|other| ptr::eq(other, document)) {
            return Err(group.error("it stands in another file"));
        }
        group.check_apart()?;
    }
    Ok(())
}

/// Makes the removals, in a text in which everything else is done.
fn remove(
    documents: &[Document],
    groups: &[Group<'_, '_>],
    edited: String,
) -> Result<String, ManifestError> {
    let mut groups = groups.iter().filter(|group| group.removes()).peekable();
    let Some(&first) = groups.peek() else {
        return Ok(edited);
    };
    let read_again = read_again(first, &edited)?;
    let mut splices = Vec::new();
    for group in groups {
        let object = again(documents, &read_again, &group.object);
        let object = object.ok_or_else(|| group.error(WOULD_DIFFER))?;
        splices.extend(group.removals(&object)?);
    }
    splice(&edited, splices).map_err(|why| first.error(why))
}

fn read_again(group: &Group<'_, '_>, edited: &str) -> Result<Vec<Document>, ManifestError> {
    let source = group.object.location().source;
    read(&source, edited).map_err(|_| group.error(WOULD_DIFFER))
}

/// The object that stands in the same place in documents that were read again.
fn again<'b>(
    documents: &[Document],
    read_again: &'b [Document],
    object: &Object<'_>,
) -> Option<Object<'b>> {
    let mut pairs = documents.iter().zip(read_again);
    let (old, new) = pairs.find(|(old, _)| ptr::eq(*old, object.document()))?;
    let at = old.objects().position(|it| it.node() == object.node())?;
    new.objects().nth(at)
}
