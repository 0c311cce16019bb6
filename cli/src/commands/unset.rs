//! `waxwing unset`: items of a SealedSecret removed from its file.

use std::path::PathBuf;

use waxwing_manifest::edit::Change;

use super::in_place::{Action, EditedFile, ObjectArgs, Report};
use crate::completion;
use crate::diagnostic::Failure;
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  waxwing unset db.yaml old-password
  waxwing unset apps.yaml --name db old-password older-password";

/// Remove items of a SealedSecret from its file, and change no other byte of it
///
/// An item goes with its line and the comment on it; comments on lines of their own stay. No key is
/// needed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file with the SealedSecret
    file: PathBuf,

    /// The items to remove
    #[arg(value_name = "ITEM", required = true, add = completion::items())]
    items: Vec<String>,

    #[command(flatten)]
    object: ObjectArgs,

    /// Lines for people on standard error, or JSON for programs on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = EditedFile::read(&args.file)?;
    let target = args.object.choice().of(&file)?;
    let mut report = Report::new(&file, &target);
    let mut changes = Vec::new();
    let mut failure = Failure::default();
    for item in &args.items {
        if let Err(error) = target.value(item) {
            failure.add(error);
            continue;
        }
        changes.push(Change::remove_item(target.object(), item)?);
        report.add(item, Action::Removed, None);
    }
    failure.or(())?;
    file.write(&changes)?;
    Ok(report.tell(args.output)?)
}
