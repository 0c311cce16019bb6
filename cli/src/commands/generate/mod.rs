//! `waxwing generate`: values that no person ever sees, straight to a SealedSecret.

mod alphabet;
mod htpasswd;
mod password;
mod ssh_key;
mod strength;
mod tls_cert;
mod token;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::in_place::set_items;
use super::items::Items;
use super::new_secret::NewSecretArgs;
use crate::diagnostic::Failure;
use crate::input::refuse_second_stdin;
use crate::output::{self, Destination};
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  waxwing generate password db -n prod -o db.yaml
  waxwing generate token webhook -n prod --item signing-key --encoding hex -o webhook.yaml
  waxwing generate ssh-key deploy -n prod -o deploy.yaml > deploy.pub
  waxwing generate tls-cert web -n prod --host web.prod.svc -o web.yaml > web.crt

  A new value for an item, in the file that has it:
    waxwing generate password db --into db.yaml";

/// Make a SealedSecret of random values that no person ever sees
///
/// Secret halves are never printed, and no file but the SealedSecret is written. The public half of
/// a key pair is printed: to standard output if -o or --into names a file, else to standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// A password: one item of random characters
    #[command(after_help = password::EXAMPLES)]
    Password(Command<password::Args>),

    /// A token: one item of random bytes, as text
    #[command(after_help = token::EXAMPLES)]
    Token(Command<token::Args>),

    /// An SSH key pair (Ed25519), and print its public half
    ///
    /// The Secret has the type kubernetes.io/ssh-auth if the item keeps its name, and the public
    /// half as an item as well: ssh-publickey, or that of --item with .pub.
    #[command(after_help = ssh_key::EXAMPLES)]
    SshKey(Command<ssh_key::Args>),

    /// A TLS key (ECDSA P-256) with a certificate signed by itself, and print the certificate
    ///
    /// The Secret has the type kubernetes.io/tls and its items tls.crt and tls.key.
    #[command(after_help = tls_cert::EXAMPLES)]
    TlsCert(Command<tls_cert::Args>),

    /// A random password for a user, with the htpasswd line that a web server checks it by
    ///
    /// The Secret has the items username, password, and the htpasswd line (bcrypt).
    #[command(after_help = htpasswd::EXAMPLES)]
    Htpasswd(Command<htpasswd::Args>),
}

#[derive(Debug, clap::Args)]
struct Command<T: clap::Args> {
    /// Set the items in the SealedSecret of that name in this file, and change no other byte of it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["output", "format", "namespace_selector", "all_namespaces"]
    )]
    into: Option<PathBuf>,

    #[command(flatten)]
    value: T,

    #[command(flatten)]
    secret: NewSecretArgs,
}

/// What can be generated.
trait Generate {
    /// The type of the Secret, if it must have a certain one.
    fn secret_type(&self) -> Option<&'static str> {
        None
    }

    /// New items, for the Secret `name`.
    fn generate(&self, name: &str) -> Result<Generated, Failure>;
}

/// What was generated.
struct Generated {
    items: Items,
    /// The public half in the form in which it is passed on, with the line break at its end.
    public: Option<String>,
}

impl Generated {
    /// Items without a public half.
    fn secret(items: Items) -> Self {
        Self {
            items,
            public: None,
        }
    }
}

/// Does what was typed.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    match args.kind {
        Kind::Password(command) => command.run(),
        Kind::Token(command) => command.run(),
        Kind::SshKey(command) => command.run(),
        Kind::TlsCert(command) => command.run(),
        Kind::Htpasswd(command) => command.run(),
    }
}

impl<T: clap::Args + Generate> Command<T> {
    fn run(&self) -> Result<(), Failure> {
        refuse_second_stdin(self.secret.sources())?;
        let public = match &self.into {
            Some(file) => self.set_in(file)?,
            None => self.make_new()?,
        };
        match public {
            Some(public) => print_public(&public, &self.destination()),
            None => Ok(()),
        }
    }

    /// Makes a new SealedSecret, and returns the public half.
    fn make_new(&self) -> Result<Option<String>, Failure> {
        let secret = self.secret.prepare()?;
        let generated = self.value.generate(self.secret.name())?;
        secret.write(self.value.secret_type(), generated.items)?;
        Ok(generated.public)
    }

    /// Sets the items in a file, and returns the public half.
    fn set_in(&self, file: &Path) -> Result<Option<String>, Failure> {
        let mut public = None;
        let report = set_items(&self.secret.in_file(file), |_| {
            let generated = self.value.generate(self.secret.name())?;
            public = generated.public;
            Ok(generated.items)
        })?;
        report.tell(ReportFormat::Table)?;
        Ok(public)
    }

    fn destination(&self) -> Destination {
        match &self.into {
            Some(file) => Destination::File(file.clone()),
            None => self.secret.destination(),
        }
    }
}

fn print_public(public: &str, destination: &Destination) -> Result<(), Failure> {
    if *destination == Destination::Stdout {
        // Where standard error is closed there is nobody left to tell.
        let _ = io::stderr().write_all(public.as_bytes());
        return Ok(());
    }
    Ok(output::write_stdout(public.as_bytes())?)
}
