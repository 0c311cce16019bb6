//! What becomes of the items of a SealedSecret after an edit: a decision without effects.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto::{ScopeKind, SealedValue};
use zeroize::Zeroizing;

/// Values by the names of their items.
pub(super) type Items = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// The items of a SealedSecret as they were shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Every sealed value.
    pub(super) sealed: &'a BTreeMap<String, String>,
    /// The plaintexts of those that were opened. A placeholder stands for each of the others.
    pub(super) opened: &'a Items,
}

impl Shown<'_> {
    /// The items with what is to be seen of them.
    pub(super) fn items(self) -> Items {
        let visible = |item: &String| match self.opened.get(item) {
            Some(plaintext) => plaintext.clone(),
            None => Zeroizing::new(placeholder(item).into_bytes()),
        };
        let items = self.sealed.keys();
        items.map(|item| (item.clone(), visible(item))).collect()
    }

    fn is_hidden(self, item: &str) -> bool {
        self.sealed.contains_key(item) && !self.opened.contains_key(item)
    }

    /// The item whose placeholder a value is. Where everything is opened there are no placeholders.
    fn stands_for(self, value: &[u8]) -> Option<&str> {
        let text = std::str::from_utf8(value).ok()?;
        let item = text.strip_prefix(START)?.strip_suffix(END)?;
        let has_placeholders = self.sealed.is_empty() || self.opened.len() < self.sealed.len();
        has_placeholders.then_some(item)
    }

    fn is_bound_to_its_item(self, item: &str) -> bool {
        let value = self.sealed.get(item).map(|text| SealedValue::parse(text));
        // What cannot be read may be bound to anything.
        !matches!(value, Some(Ok(value)) if value.header().scope.kind() != ScopeKind::Strict)
    }
}

const START: &str = "<sealed ";
const END: &str = ">";

/// What stands for the sealed value of an item.
pub(super) fn placeholder(item: &str) -> String {
    format!("{START}{item}{END}")
}

/// A change of a SealedSecret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// The item gets another value, or its first.
    Put {
        item: &'a str,
        value: Value<'a>,
    },
    Rename {
        item: &'a str,
        to: &'a str,
    },
    Remove {
        item: &'a str,
    },
}

/// Where the value of an item comes from.
#[derive(PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A plaintext that has to be sealed.
    New(&'a [u8]),
    /// The sealed value that another item has, or had.
    Moved(&'a str),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New(_) => f.write_str("New([redacted])"),
            Self::Moved(text) => f.debug_tuple("Moved").field(text).finish(),
        }
    }
}

/// Why an item cannot be as it was left in the editor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) item: String,
    pub(super) reason: Reason,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    #[error(
        "\"{}\" stands for no value of this SealedSecret; write the value itself", placeholder(.0)
    )]
    NoSuchValue(String),
    #[error("\"{}\" is there more than once; leave it in one place", placeholder(.0))]
    Twice(String),
    #[error(
        "its value is bound to the item \"{0}\" (scope strict); leave it there, or write the value itself"
    )]
    Bound(String),
}

/// The changes that make `edited` of what was `shown`, in the order of the items.
pub(super) fn plan<'a>(shown: Shown<'a>, edited: &'a Items) -> Result<Vec<Step<'a>>, Vec<Refusal>> {
    let origins: BTreeMap<&str, &str> = edited
        .iter()
        .filter_map(|(item, value)| Some((item.as_str(), shown.stands_for(value)?)))
        .collect();
    check(shown, &origins)?;
    let mut steps = Vec::new();
    let mut renamed = BTreeSet::new();
    for (item, value) in edited {
        let is_new = !shown.sealed.contains_key(item);
        let value = match origins.get(item.as_str()) {
            Some(origin) if origin == item => continue,
            Some(&origin) if is_new && !edited.contains_key(origin) => {
                renamed.insert(origin);
                steps.push(Step::Rename {
                    item: origin,
                    to: item,
                });
                continue;
            }
            Some(&origin) => Value::Moved(&shown.sealed[origin]),
            None if shown.opened.get(item) == Some(value) => continue,
            None => Value::New(value),
        };
        steps.push(Step::Put { item, value });
    }
    let gone = shown.sealed.keys().map(String::as_str);
    let gone = gone.filter(|item| !edited.contains_key(*item) && !renamed.contains(item));
    steps.extend(gone.map(|item| Step::Remove { item }));
    Ok(steps)
}

fn check(shown: Shown<'_>, origins: &BTreeMap<&str, &str>) -> Result<(), Vec<Refusal>> {
    let uses = |origin: &str| origins.values().filter(|other| **other == origin).count();
    let refusals: Vec<Refusal> = origins
        .iter()
        .filter_map(|(item, origin)| {
            let why: fn(String) -> Reason = if !shown.is_hidden(origin) {
                Reason::NoSuchValue
            } else if uses(origin) > 1 {
                Reason::Twice
            } else if item != origin && shown.is_bound_to_its_item(origin) {
                Reason::Bound
            } else {
                return None;
            };
            Some(Refusal {
                item: (*item).to_owned(),
                reason: why((*origin).to_owned()),
            })
        })
        .collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(refusals)
    }
}

#[cfg(test)]
mod tests;
