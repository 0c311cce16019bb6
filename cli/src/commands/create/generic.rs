//! `waxwing create generic`.

use waxwing_manifest::names::{NameError, check_secret_type};

use crate::commands::item_sources::SourceArgs;
use crate::commands::items::Items;
use crate::commands::new_secret::NewSecretArgs;
use crate::diagnostic::Failure;
use crate::input::refuse_second_stdin;

const EXAMPLES: &str = "\
Examples:
  A password from standard input, which no history keeps (printf adds no line break):
    printf %s \"$PASSWORD\" | waxwing create generic db -n prod --from-file=password=-

  Every file of a folder, each an item named after it:
    waxwing create generic app -n prod --from-file=config/ -o app.yaml

  The lines of an env file, in a Secret of a type of its own:
    waxwing create generic app -n prod --from-env-file=.env --type=example.com/app -o app.yaml";

/// From files, folders, env files or literal values
///
/// The words are those of kubectl create secret generic.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The type of the Secret
    #[arg(long = "type", value_name = "TYPE", value_parser = secret_type)]
    type_: Option<String>,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    secret: NewSecretArgs,
}

fn secret_type(word: &str) -> Result<String, NameError> {
    check_secret_type(word).map(|()| word.to_owned())
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    refuse_second_stdin(args.secret.sources().chain(args.sources.sources()))?;
    let secret = args.secret.prepare()?;
    let mut items = Items::default();
    args.sources.read(&mut items, None)?;
    let type_ = args.type_.as_deref().filter(|type_| !type_.is_empty());
    secret.write(type_, items)
}
