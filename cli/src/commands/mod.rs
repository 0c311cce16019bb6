//! One file per subcommand, with its options, its help text and what it does.

pub(crate) mod completions;
pub(crate) mod create;
pub(crate) mod diff;
pub(crate) mod edit;
pub(crate) mod generate;
mod in_place;
pub(crate) mod init;
pub(crate) mod inspect;
mod item_sources;
mod items;
pub(crate) mod keygen;
pub(crate) mod keys;
pub(crate) mod krm;
mod new_secret;
mod raw;
pub(crate) mod recipients;
pub(crate) mod rename;
pub(crate) mod reseal;
pub(crate) mod schema;
pub(crate) mod seal;
pub(crate) mod set;
pub(crate) mod status;
mod stream;
pub(crate) mod textconv;
pub(crate) mod unseal;
pub(crate) mod unset;
pub(crate) mod validate;

use crate::args::{Cli, Command};
use crate::diagnostic::Failure;

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::Create(args) => create::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Set(args) => set::run(&args),
        Command::Unset(args) => unset::run(&args),
        Command::Rename(args) => rename::run(&args),
        Command::Edit(args) => edit::run(&args),
        Command::Unseal(args) => unseal::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Validate(args) => validate::run(&args),
        Command::Status(args) => status::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Textconv(args) => textconv::run(args),
        Command::Reseal(args) => reseal::run(&args),
        Command::Recipients(args) => recipients::run(&args),
        Command::Keygen(args) => keygen::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Krm(args) => krm::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
