//! YAML and JSON streams of Kubernetes objects, and Secrets to SealedSecrets and back.
//!
//! [`read`] turns a text into [`Document`]s, each with its raw text and its [`Object`]s. From an
//! object, by its [`Kind`]: [`SecretManifest::read`] and [`seal_secret`] make a SealedSecret of a
//! Secret, or a ClusterSealedSecret; [`unseal`] opens one; [`sealed_items`] and [`validate`] look at one
//! without any key; [`plaintext()`] tells what a Secret gives away. [`rewrite`] puts the stream together again, with
//! objects replaced and everything else as it was; [`edit`] adds, changes, renames and removes sealed
//! items in place and touches no other byte; [`write()`] makes a stream of one object, and
//! [`write_readable`] one for people to edit. A backup of sealing keys is written by
//! [`write_sealing_keys`] and read, object by object, by [`read_sealing_key`]. A file of settings is
//! read by [`Document::read_as`] as a Rust type;
//! [`change_texts`] changes values in it.
//!
//! A text is read into one tree whose nodes know their bytes (`yaml_reader` and `json_reader` make
//! it, `tree` holds it). Values, the lines in errors, and edits in place all come from that tree, so
//! that they cannot disagree. What an unquoted scalar means is decided by `plain`, as kubectl does.
//!
//! Errors never hold a value of the input. Texts of the input are wiped from memory when dropped.

#![forbid(unsafe_code)]

mod bookkeeping;
mod budget;
mod byte_offsets;
mod document;
pub mod edit;
mod error;
mod fields;
mod json_reader;
mod json_writer;
mod label_selector;
mod location;
mod manifest_value;
mod mapping;
pub mod names;
mod object;
mod path;
mod plain;
mod plaintext;
mod rewrite;
mod scalar_bytes;
mod seal;
mod sealed_secret;
mod sealing_key;
mod secret;
mod secret_type;
mod selector_words;
mod settings_edit;
mod tree;
mod typed;
mod unseal;
mod validate;
mod value;
mod yaml_reader;
mod yaml_writer;

pub use document::{Document, Format, read};
pub use error::{ManifestError, Problem};
pub use location::Location;
pub use object::{Kind, Object};
pub use path::Step;
pub use plaintext::plaintext;
pub use rewrite::{Replacement, rewrite, write, write_readable};
pub use seal::{SealFor, SealItemError, seal_secret};
pub use sealed_secret::{SealedItem, read_sealed_secret, sealed_items};
pub use sealing_key::{is_sealing_key, read_sealing_key, write_sealing_keys};
pub use secret::{MAX_SECRET_LEN, SecretManifest};
pub use selector_words::{SelectorError, parse_selector};
pub use settings_edit::{TextChange, change_texts};
pub use typed::TypedError;
pub use unseal::{Unsealed, unseal};
pub use validate::{Validation, validate};
