//! Files changed in place: what was asked, and nothing else.

#![allow(clippy::unwrap_used)]

mod adding;
#[path = "../common/mod.rs"]
mod common;
mod item_edits;
mod removing;
mod renaming;
mod sequences;
mod streams;
mod together;
mod values;
