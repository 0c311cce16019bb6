//! `waxwing create basic-auth`.

use zeroize::Zeroizing;

use super::password;
use crate::commands::item_sources::SourceArgs;
use crate::commands::items::Items;
use crate::commands::new_secret::NewSecretArgs;
use crate::diagnostic::Failure;
use crate::input::{Source, refuse_second_stdin};
use crate::plaintext_argument::Plaintext;

const EXAMPLES: &str = "\
Examples:
  printf %s \"$PASSWORD\" |
    waxwing create basic-auth db -n prod --username=app --password-stdin -o db.yaml

  The same, and an item more:
    waxwing create basic-auth db -n prod --username=app --from-file=password=pw.txt \\
      --from-file=ca.crt";

/// From a user name and a password
///
/// The Secret has the type kubernetes.io/basic-auth and the items username and password, at least
/// one of the two; other items may be there as well.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The item username
    #[arg(long, value_name = "USER", help_heading = "Items")]
    username: Option<String>,

    /// Read the item password from standard input
    #[arg(long, help_heading = "Items")]
    password_stdin: bool,

    /// The item password as it stands here, where the shell's history keeps it
    #[arg(
        long,
        value_name = "PASSWORD",
        conflicts_with = "password_stdin",
        help_heading = "Items"
    )]
    password: Option<Plaintext>,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    secret: NewSecretArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let stdin = args.password_stdin.then_some(Source::Stdin);
    let sources = args.sources.sources().chain(stdin);
    refuse_second_stdin(args.secret.sources().chain(sources))?;
    let secret = args.secret.prepare()?;
    let mut items = Items::default();
    if let Some(username) = &args.username {
        let username = Zeroizing::new(username.clone().into_bytes());
        items.add("--username", "username", username)?;
    }
    if args.password_stdin || args.password.is_some() {
        let mut password = password::read("--password", args.password.as_ref())?;
        let password = Zeroizing::new(std::mem::take(&mut *password).into_bytes());
        items.add("--password", "password", password)?;
    }
    args.sources.read(&mut items, None)?;
    secret.write(Some("kubernetes.io/basic-auth"), items)
}
