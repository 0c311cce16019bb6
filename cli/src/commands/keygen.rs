//! `waxwing keygen`: key pairs, in age's own words and file format.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use waxwing_crypto::{Algorithm, Identity, format_time};
use zeroize::Zeroizing;

use crate::args::one_of;
use crate::diagnostic::Failure;
use crate::identities;
use crate::input::Source;
use crate::output::{self, Audience, Destination};

const EXAMPLES: &str = "\
Examples:
  Make a key pair for offline use, and print its public half again:
    waxwing keygen -o key.txt
    waxwing keygen -y key.txt

  The file is an age identity file. age opens what was sealed to the key:
    base64 -d sealed-value | age -d -i key.txt";

/// Make a key pair, or print the recipients of an identity file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The recipient type: mlkem768x25519 is safe against quantum computers, x25519 is compact
    #[arg(long, value_parser = one_of::<Algorithm>(ALGORITHMS), default_value_t, conflicts_with = "public")]
    algorithm: Algorithm,

    /// Write to this file instead of standard output; an identity file must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print the recipients that belong to the identities in FILE
    #[arg(short = 'y')]
    public: bool,

    /// The identity file of -y [default: standard input]
    #[arg(value_name = "FILE", requires = "public")]
    input: Option<PathBuf>,
}

const ALGORITHMS: &[&str] = &[
    Algorithm::MlKem768X25519.as_str(),
    Algorithm::X25519.as_str(),
];

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    if args.public {
        print_recipients(
            &Source::or_stdin(args.input),
            &Destination::or_stdout(args.output),
        )
    } else {
        generate(args.algorithm, Destination::or_stdout(args.output))
    }
}

fn generate(algorithm: Algorithm, destination: Destination) -> Result<(), Failure> {
    let identity = Identity::generate(algorithm);
    let file = identity_file(&identity);
    // As age-keygen does: on a terminal the recipient stands in the file's comment already.
    let shown = destination == Destination::Stdout && io::stdout().is_terminal();
    match destination {
        Destination::File(path) => output::create_new(&path, file.as_bytes(), Audience::Private)?,
        Destination::Stdout => {
            output::write_stdout(file.as_bytes())?;
            identities::warn_if_stdout_exposed();
        }
    }
    if !shown {
        // Where standard error is closed there is nobody left to tell.
        let _ = writeln!(io::stderr(), "Public key: {}", identity.recipient());
    }
    Ok(())
}

/// An age identity file, as age-keygen writes it.
fn identity_file(identity: &Identity) -> Zeroizing<String> {
    let secret = identity.to_secret_string();
    let created = format_time(SystemTime::now());
    let recipient = identity.recipient().to_string();
    let parts = [
        "# created: ",
        &created,
        "\n# public key: ",
        &recipient,
        "\n",
        &secret,
        "\n",
    ];
    // `concat` allocates once: a growing string would leave copies of the secret behind.
    Zeroizing::new(parts.concat())
}

fn print_recipients(source: &Source, destination: &Destination) -> Result<(), Failure> {
    let identities = identities::read_file(source)?;
    let lines: String = identities
        .iter()
        .map(|identity| format!("{}\n", identity.recipient()))
        .collect();
    Ok(destination.write(lines.as_bytes(), Audience::Public)?)
}
