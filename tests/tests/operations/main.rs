//! Looking after the sealing keys: `waxwing keys`, and the procedures of docs/operations.md, run as
//! they are written.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod backups;
mod commands;
mod operator;
mod procedures;
mod repository;
