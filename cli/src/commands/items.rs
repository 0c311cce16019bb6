//! Items of a Secret, as they are collected from arguments, files and standard input.

use std::collections::BTreeMap;
use std::fmt;

use waxwing_manifest::names::{NameError, check_item};
use zeroize::Zeroizing;

use crate::diagnostic::Advice;

/// Items with their values.
#[derive(Default)]
pub(super) struct Items(BTreeMap<String, Zeroizing<Vec<u8>>>);

/// Their names alone.
impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Items {
    /// Adds an item. `origin` is how errors call the argument or the line that it comes from.
    ///
    /// The error does not repeat a name that is none: whoever forgets the name, or the `=` after it,
    /// gives a value in its place.
    pub(super) fn add(
        &mut self,
        origin: &str,
        item: &str,
        value: Zeroizing<Vec<u8>>,
    ) -> Result<(), ItemError> {
        check_item_name(origin, item)?;
        if self.0.contains_key(item) {
            return Err(ItemError::Twice {
                origin: origin.to_owned(),
                item: item.to_owned(),
            });
        }
        self.0.insert(item.to_owned(), value);
        Ok(())
    }

    pub(super) fn get(&self, item: &str) -> Option<&[u8]> {
        self.0.get(item).map(|value| value.as_slice())
    }

    /// The items with their values, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(item, value)| (item.as_str(), value.as_slice()))
    }

    pub(super) fn into_map(self) -> BTreeMap<String, Zeroizing<Vec<u8>>> {
        self.0
    }
}

/// Refuses a name that no item can have, and does not repeat it.
pub(super) fn check_item_name(origin: &str, item: &str) -> Result<(), ItemError> {
    check_item(item).map_err(|cause| ItemError::Name {
        origin: origin.to_owned(),
        cause,
    })
}

/// An item that a Secret cannot have.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemError {
    #[error("{origin}: the name of the item {cause}")]
    Name { origin: String, cause: NameError },
    #[error("{origin}: the item \"{item}\" is there already; give each item once")]
    Twice { origin: String, item: String },
}

impl Advice for ItemError {}
