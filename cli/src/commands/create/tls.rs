//! `waxwing create tls`.

use std::path::PathBuf;

use super::key_pair;
use crate::commands::item_sources::read_value;
use crate::commands::items::Items;
use crate::commands::new_secret::NewSecretArgs;
use crate::diagnostic::Failure;
use crate::input::{Source, refuse_second_stdin};

const EXAMPLES: &str = "\
Examples:
  waxwing create tls web -n prod --cert=fullchain.pem --key=privkey.pem -o web.yaml

  A key that is encrypted on the disk stays so:
    openssl pkey -in encrypted.key | waxwing create tls web -n prod --cert=tls.crt --key=-";

/// From a certificate and its private key, which must belong together
///
/// Both are PEM files. The words are those of kubectl create secret tls.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The certificate, followed by those that lead to the root; - for standard input
    #[arg(long, value_name = "FILE", help_heading = "Items")]
    cert: PathBuf,

    /// The private key of the certificate, not encrypted; - for standard input
    #[arg(long, value_name = "FILE", help_heading = "Items")]
    key: PathBuf,

    #[command(flatten)]
    secret: NewSecretArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let (cert, key) = (
        Source::from(args.cert.clone()),
        Source::from(args.key.clone()),
    );
    refuse_second_stdin(args.secret.sources().chain([cert.clone(), key.clone()]))?;
    let secret = args.secret.prepare()?;
    let (cert_pem, key_pem) = (read_value(&cert)?, read_value(&key)?);
    key_pair::check((&cert.name(), &cert_pem), (&key.name(), &key_pem))?;
    let mut items = Items::default();
    items.add("--cert", "tls.crt", cert_pem)?;
    items.add("--key", "tls.key", key_pem)?;
    secret.write(Some("kubernetes.io/tls"), items)
}
