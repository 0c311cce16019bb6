//! `waxwing rename`: another name for an item of a SealedSecret, where its scope allows it.

use std::path::PathBuf;

use waxwing_crypto::{Scope, SealedValue};
use waxwing_manifest::Problem;
use waxwing_manifest::edit::Change;
use waxwing_manifest::names::{NameError, check_item};

use super::in_place::{Action, EditedFile, ObjectArgs, Report, SealedObject};
use crate::completion;
use crate::diagnostic::{Advice, Failure};
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  waxwing rename db.yaml passwd password";

/// Rename an item of a SealedSecret in its file, and change no other byte of it
///
/// Only values of scope namespace or cluster open under another name. A strict value is bound to its
/// item: set it under the new name, and unset the old one. No key is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file with the SealedSecret
    file: PathBuf,

    /// The item to rename
    #[arg(add = completion::items())]
    item: String,

    /// Its new name
    new: String,

    #[command(flatten)]
    object: ObjectArgs,

    /// Lines for people on standard error, or JSON for programs on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (item, new) = (args.item.as_str(), args.new.as_str());
    check_item(new).map_err(|cause| RenameError::Name {
        new: new.to_owned(),
        cause,
    })?;
    let file = EditedFile::read(&args.file)?;
    let target = args.object.choice().of(&file)?;
    check_allowed(&target, item, new)?;
    file.write(&[Change::rename_item(target.object(), item, new)?])?;
    target.warn_of_templates(item);
    let mut report = Report::new(&file, &target);
    let new_name = new.to_owned();
    report.add(item, Action::Renamed { new_name }, None);
    Ok(report.tell(args.output)?)
}

fn check_allowed(target: &SealedObject<'_>, item: &str, new: &str) -> Result<(), Failure> {
    let object = target.object();
    let value = SealedValue::parse(target.value(item)?)
        .map_err(|cause| object.item_error(item, Problem::Malformed(cause)))?;
    let place = || format!("{}: {}", object.location(), object.describe());
    let (item, new) = (item.to_owned(), new.to_owned());
    if let scope @ Scope::Strict { .. } = &value.header().scope {
        let scope = scope.clone();
        return Err(RenameError::Bound {
            place: place(),
            item,
            new,
            scope,
        }
        .into());
    }
    if target.values().contains_key(&new) || target.templates().contains_key(&new) {
        return Err(RenameError::Exists {
            place: place(),
            new,
        }
        .into());
    }
    Ok(())
}

/// A name that an item cannot be given.
#[derive(Debug, thiserror::Error)]
enum RenameError {
    #[error("NEW \"{}\": {cause}", new.escape_debug())]
    Name { new: String, cause: NameError },
    #[error(
        "{place}: item \"{item}\": its value is bound to the item ({scope}) and would not open as \"{new}\""
    )]
    Bound {
        place: String,
        item: String,
        new: String,
        scope: Scope,
    },
    #[error("{place}: has an item \"{new}\" already")]
    Exists { place: String, new: String },
}

impl Advice for RenameError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::Name { .. } => return Vec::new(),
            Self::Bound { item, new, .. } => format!(
                "seal the value under the new name: waxwing set FILE {new}, then waxwing unset FILE {item}"
            ),
            Self::Exists { new, .. } => {
                format!("choose another name, or remove that item first: waxwing unset FILE {new}")
            }
        };
        vec![advice]
    }
}
