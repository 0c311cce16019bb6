//! `waxwing create ssh-auth`.

use std::path::PathBuf;

use crate::commands::item_sources::{SourceArgs, read_file};
use crate::commands::items::Items;
use crate::commands::new_secret::NewSecretArgs;
use crate::diagnostic::{Advice, Failure};
use crate::input::{Source, refuse_second_stdin};

/// The item that holds the private key.
const ITEM: &str = "ssh-privatekey";

const EXAMPLES: &str = "\
Examples:
  waxwing create ssh-auth deploy -n prod --ssh-privatekey=$HOME/.ssh/deploy -o deploy.yaml

  With the host keys that it is used for:
    ssh-keyscan git.example.com |
      waxwing create ssh-auth deploy -n prod --ssh-privatekey=deploy --from-file=known_hosts=-

For a key pair that nobody has seen: waxwing generate ssh-key.";

/// From the private key of an SSH key pair
///
/// The Secret has the type kubernetes.io/ssh-auth and the item ssh-privatekey; other items may be
/// there as well.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The private key file, which becomes the item ssh-privatekey; - for standard input
    #[arg(long, value_name = "FILE", help_heading = "Items")]
    ssh_privatekey: Option<PathBuf>,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    secret: NewSecretArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let key = args.ssh_privatekey.iter().cloned().map(Source::from);
    let sources = args.sources.sources().chain(key);
    refuse_second_stdin(args.secret.sources().chain(sources))?;
    let secret = args.secret.prepare()?;
    let mut items = Items::default();
    if let Some(path) = &args.ssh_privatekey {
        read_file("--ssh-privatekey", ITEM, path, &mut items)?;
    }
    args.sources.read(&mut items, None)?;
    if items.get(ITEM).is_some_and(|key| !is_private_key(key)) {
        return Err(NotAPrivateKey.into());
    }
    secret.write(Some("kubernetes.io/ssh-auth"), items)
}

/// Whether it is framed as OpenSSH and PEM frame private keys of every type.
fn is_private_key(text: &[u8]) -> bool {
    const END: &[u8] = b"PRIVATE KEY-----";
    text.starts_with(b"-----BEGIN ") && text.windows(END.len()).any(|part| part == END)
}

/// The public half was given, or another file.
#[derive(Debug, thiserror::Error)]
#[error("item \"{ITEM}\": is no private key in the form of OpenSSH or PEM")]
struct NotAPrivateKey;

impl Advice for NotAPrivateKey {
    fn advice(&self) -> Vec<String> {
        vec!["give the file without .pub, which starts with a line -----BEGIN …".to_owned()]
    }
}
