//! What can be changed, and what is wrong with a change wherever the item stands.

use super::group::Group;
use super::{Why, find};
use crate::error::{ManifestError, Problem};
use crate::names::check_item;
use crate::object::Object;

/// A change of one item of one SealedSecret.
#[derive(Clone)]
pub struct Change<'a> {
    pub(super) object: Object<'a>,
    pub(super) item: String,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Replace { value: String },
    Insert { value: String },
    Remove,
    Rename { to: String },
}

impl<'a> Change<'a> {
    /// Another sealed value for an item that a SealedSecret has. Its quotes or its block, its anchor
    /// and its comment stay.
    ///
    /// # Errors
    /// The item is not there, is there twice, or is written so that it cannot be changed safely; the
    /// new value is not base64 on one line.
    pub fn replace_item(
        object: Object<'a>,
        item: &str,
        value: &str,
    ) -> Result<Self, ManifestError> {
        let value = value.to_owned();
        Self::new(object, item, Action::Replace { value })
    }

    /// A new item, after the last that there is, in the style of what stands around it.
    ///
    /// # Errors
    /// The item is there already, or the items are written so that none can be added safely; the
    /// name is none that Kubernetes takes, or the value is not base64 on one line.
    pub fn insert_item(object: Object<'a>, item: &str, value: &str) -> Result<Self, ManifestError> {
        let value = value.to_owned();
        Self::new(object, item, Action::Insert { value })
    }

    /// An item less. Its line goes, with the comment on it; comments on lines of their own stay.
    ///
    /// # Errors
    /// The item is not there, is there twice, or is written so that it cannot be removed safely.
    pub fn remove_item(object: Object<'a>, item: &str) -> Result<Self, ManifestError> {
        Self::new(object, item, Action::Remove)
    }

    /// Another name for an item. Its place, its value and its comments stay. Whether the value may
    /// be opened under the new name depends on its scope, which is not looked at.
    ///
    /// # Errors
    /// The item is not there, or is written so that it cannot be renamed safely; the new name is
    /// there already, or none that Kubernetes takes.
    pub fn rename_item(object: Object<'a>, item: &str, to: &str) -> Result<Self, ManifestError> {
        let to = to.to_owned();
        Self::new(object, item, Action::Rename { to })
    }

    fn new(object: Object<'a>, item: &str, action: Action) -> Result<Self, ManifestError> {
        let item = item.to_owned();
        let change = Self {
            object,
            item,
            action,
        };
        find::check_once(&change.object, &change.item)?;
        change.check().map_err(|why| change.error(why))?;
        Group::of(&change).try_out()?;
        Ok(change)
    }

    /// What of a change is wrong wherever the item stands.
    fn check(&self) -> Result<(), Why> {
        match &self.action {
            Action::Replace { value } => check_value(value),
            Action::Insert { value } => {
                check_value(value)?;
                self.check_new_name(&self.item)
            }
            Action::Rename { to } => self.check_new_name(to),
            Action::Remove => Ok(()),
        }
    }

    fn check_new_name(&self, name: &str) -> Result<(), Why> {
        check_item(name).map_err(|_| "its new name is no name of an item")?;
        if self.object.has(&[find::PATH[0], find::PATH[1], name]) {
            return Err("an item of its new name is there already");
        }
        Ok(())
    }

    /// The names that the change is about.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let to = match &self.action {
            Action::Rename { to } => Some(to.as_str()),
            _ => None,
        };
        std::iter::once(self.item.as_str()).chain(to)
    }

    pub(super) fn error(&self, why: Why) -> ManifestError {
        self.object
            .item_error(&self.item, Problem::NotEditable(why))
    }
}

fn check_value(value: &str) -> Result<(), Why> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_base64) {
        Ok(())
    } else {
        Err("its new value is not base64 on one line")
    }
}
