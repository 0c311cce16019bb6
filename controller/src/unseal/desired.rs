//! The Secret that should be.

use std::collections::BTreeMap;
use std::fmt;

use waxwing_api::{DeletionPolicy, ImmutablePolicy};

use super::Plaintext;

/// The plaintexts by item.
pub(crate) type Items = BTreeMap<String, Plaintext>;

/// The Secret that a SealedSecret stands for.
pub(crate) struct Desired {
    pub(crate) items: Items,
    pub(crate) type_: String,
    pub(crate) immutable: Option<bool>,
    pub(crate) immutable_policy: ImmutablePolicy,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) deletion_policy: DeletionPolicy,
}

/// Without the plaintexts.
impl fmt::Debug for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desired")
            .field("items", &self.items.keys().collect::<Vec<_>>())
            .field("type_", &self.type_)
            .finish_non_exhaustive()
    }
}
