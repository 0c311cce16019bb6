//! What can be typed: the program and its commands. Each command's own options stand in its file.

use std::error::Error;
use std::str::FromStr;

use anstyle::AnsiColor;
use clap::builder::{PossibleValuesParser, Styles, TypedValueParser};
use clap::{Parser, Subcommand};

use crate::commands::{
    completions, create, diff, edit, generate, init, inspect, keygen, keys, krm, recipients,
    rename, reseal, schema, seal, set, status, textconv, unseal, unset, validate,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  Seal a Secret for the cluster of the current kubeconfig context:
    kubectl create secret generic db -n prod --from-literal=password=hunter2 \\
      --dry-run=client -o yaml | waxwing seal -o db.yaml

  See which keys, scopes and ages the values in it have, and check it in CI:
    waxwing inspect db.yaml
    waxwing validate db.yaml

Exit codes: 0 done, 1 bad input or findings, 2 wrong usage.";

/// Keep Kubernetes Secrets in Git.
///
/// waxwing encrypts Secrets to a cluster's public key; waxwing-controller in that cluster turns them
/// back into Secrets. Every sealed value is a plain age file: with its key, age opens it too.
#[derive(Debug, Parser)]
#[command(name = "waxwing", version, after_help = EXAMPLES, styles = STYLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Seal(seal::Args),
    Create(create::Args),
    Generate(generate::Args),
    Set(set::Args),
    Unset(unset::Args),
    Rename(rename::Args),
    Edit(edit::Args),
    Unseal(unseal::Args),
    Inspect(inspect::Args),
    Validate(validate::Args),
    Status(status::Args),
    Diff(diff::Args),
    Textconv(textconv::Args),
    Reseal(reseal::Args),
    Recipients(recipients::Args),
    Keygen(keygen::Args),
    Keys(keys::Args),
    Krm(krm::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// Reads one of `words`, which help and completions then offer.
pub(crate) fn one_of<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}
