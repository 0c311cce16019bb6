//! Files changed in place: what was asked, and nothing else.

#![allow(clippy::unwrap_used)]

mod adding;
#[path = "../common/mod.rs"]
mod common;
mod item_edits;
mod removing;
mod renaming;
mod together;
mod values;
