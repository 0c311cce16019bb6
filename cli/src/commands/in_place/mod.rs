//! What the commands share that edit the items of a SealedSecret in its file, without any private
//! key: the `file`, which SealedSecret of it (`object`), how a new value is sealed (`sealing`), and
//! what is told (`report`).

mod file;
mod object;
mod report;
mod sealing;
mod set_items;

pub(super) use file::EditedFile;
pub(super) use object::{ObjectArgs, ObjectChoice, SealedObject};
pub(super) use report::{Action, Report};
pub(super) use sealing::{Sealing, check_can_be_set, put};
pub(super) use set_items::{SetOrder, set_items};
