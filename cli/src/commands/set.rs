//! `waxwing set`: new values for items of a SealedSecret, in its file.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use waxwing_crypto::ScopeKind;
use waxwing_manifest::MAX_SECRET_LEN;
use zeroize::Zeroizing;

use super::in_place::{ObjectArgs, SealedObject, SetOrder, check_can_be_set, set_items};
use super::item_sources::SourceArgs;
use super::items::{Items, check_item_name};
use super::seal::SCOPES;
use crate::args::one_of;
use crate::cluster::ClusterArgs;
use crate::completion;
use crate::diagnostic::{Advice, Failure, warn};
use crate::hidden_prompt;
use crate::input::{Source, refuse_second_stdin};
use crate::recipients::ChoiceArgs;
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  Asked for on the terminal, and not shown:
    waxwing set db.yaml password

  From standard input, byte for byte (printf adds no line break):
    printf %s \"$PASSWORD\" | waxwing set db.yaml password

  From a file, and from the environment:
    waxwing set www.yaml tls.crt --from-file www.crt
    waxwing set db.yaml password --from-env DB_PASSWORD

  Several at once:
    waxwing set db.yaml --from-file ca=ca.crt --from-env password=DB_PASSWORD

No key is needed. For values that nobody needs to know, see waxwing generate.";

/// Set items of a SealedSecret in its file, and change no other byte of it
///
/// Items that are not there are added. A value comes from an option; else from standard input, if
/// that is no terminal; else it is asked for, twice. Whom to seal to: as with waxwing seal, by FILE.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file with the SealedSecret
    file: PathBuf,

    /// The items to set. If it is one, an option without ITEM= is for it
    #[arg(
        value_name = "ITEM",
        add = completion::items(),
        required_unless_present_any = ["from_file", "from_env_file", "from_env", "from_literal"]
    )]
    items: Vec<String>,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    object: ObjectArgs,

    /// Where the values may be opened: in their own item only, anywhere in the namespace, anywhere
    /// [default: that of the value that is replaced; of a new item, that which all others share, else
    /// that of the rule in .waxwing.yaml, else strict]
    #[arg(long, value_parser = one_of::<ScopeKind>(SCOPES))]
    scope: Option<ScopeKind>,

    /// Lines for people on standard error, or JSON for programs on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    recipients: ChoiceArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    refuse_second_stdin(args.recipients.sources().chain(args.sources.sources()))?;
    let order = SetOrder {
        file: &args.file,
        object: args.object.choice(),
        scope: args.scope,
        recipients: &args.recipients,
        cluster: &args.cluster,
    };
    let report = set_items(&order, |target| args.values(target))?;
    Ok(report.tell(args.output)?)
}

impl Args {
    fn values(&self, target: &SealedObject<'_>) -> Result<Items, Failure> {
        let mut items = Items::default();
        let named = match &self.items[..] {
            [item] => Some(item.as_str()),
            _ => None,
        };
        self.sources.read(&mut items, named)?;
        let asked: Vec<&str> = self
            .items
            .iter()
            .map(String::as_str)
            .filter(|item| items.get(item).is_none())
            .collect();
        for item in &asked {
            check_item_name("ITEM", item)?;
            check_can_be_set(target, item)?;
        }
        match asked[..] {
            [] => {}
            _ if io::stdin().is_terminal() => {
                for item in asked {
                    items.add("ITEM", item, ask(target, item)?)?;
                }
            }
            [item] => items.add("ITEM", item, self.read_stdin(item)?)?,
            _ => {
                return Err(SetError::OneStdin.into());
            }
        }
        Ok(items)
    }

    fn read_stdin(&self, item: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let others = self.recipients.sources().chain(self.sources.sources());
        refuse_second_stdin(others.chain([Source::Stdin]))?;
        let value = Source::Stdin.read_bytes(MAX_SECRET_LEN)?;
        if value.is_empty() {
            let item = item.to_owned();
            return Err(SetError::EmptyStdin { item }.into());
        }
        if value.iter().position(|byte| *byte == b'\n') == Some(value.len() - 1) {
            warn(
                "stdin: the line break at the end is part of the value",
                "printf adds none: printf %s VALUE | waxwing set …",
            );
        }
        Ok(value)
    }
}

/// Asks for a value, twice.
fn ask(target: &SealedObject<'_>, item: &str) -> Result<Zeroizing<Vec<u8>>, SetError> {
    let object = target.object().describe();
    let first = format!("{object}: new value of {item}: ");
    let second = format!("{object}: {item} once more: ");
    let [mut value, again] =
        hidden_prompt::ask_twice([&first, &second]).map_err(SetError::NotAsked)?;
    let item = item.to_owned();
    if value != again {
        return Err(SetError::Different { item });
    }
    if value.is_empty() {
        return Err(SetError::EmptyAnswer { item });
    }
    Ok(Zeroizing::new(std::mem::take(&mut *value).into_bytes()))
}

/// A value that is not clear.
#[derive(Debug, thiserror::Error)]
enum SetError {
    #[error("item \"{item}\": the two values are not the same; nothing was written")]
    Different { item: String },
    #[error("item \"{item}\": the value is empty; nothing was written")]
    EmptyAnswer { item: String },
    #[error("item \"{item}\": standard input is empty; nothing was written")]
    EmptyStdin { item: String },
    #[error("standard input is one value, and several items want one")]
    OneStdin,
    #[error("the terminal: cannot be asked for a value: {0}")]
    NotAsked(io::Error),
}

impl Advice for SetError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::EmptyAnswer { item } | Self::EmptyStdin { item } => vec![format!(
                "if it is to be empty: --from-literal={item}="
            )],
            Self::OneStdin => vec![
                "give one ITEM, or a value for each: --from-file=ITEM=PATH, --from-env=ITEM=VARIABLE".to_owned(),
            ],
            Self::NotAsked(_) => vec!["pipe the value in, or give it with --from-file".to_owned()],
            Self::Different { .. } => vec!["type it again".to_owned()],
        }
    }
}
