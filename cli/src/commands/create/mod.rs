//! `waxwing create`: what `kubectl create secret` does, straight to a SealedSecret.

mod basic_auth;
mod docker_config;
mod docker_registry;
mod generic;
mod key_pair;
mod password;
mod ssh_auth;
mod tls;

use clap::Subcommand;

use crate::diagnostic::Failure;

const EXAMPLES: &str = "\
Examples:
  waxwing create generic db -n prod --from-file=password=- -o db.yaml
  waxwing create tls web -n prod --cert=tls.crt --key=tls.key -o web.yaml
  waxwing create docker-registry pull -n prod --docker-server=ghcr.io \\
    --docker-username=bot --docker-password-stdin -o pull.yaml

For values that nobody needs to know, see waxwing generate.";

/// Make a SealedSecret from values, in the words of kubectl create secret
///
/// The values go from their files or from standard input straight into the SealedSecret: no
/// plaintext manifest is written in between.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    Generic(generic::Args),
    Tls(tls::Args),
    DockerRegistry(docker_registry::Args),
    BasicAuth(basic_auth::Args),
    SshAuth(ssh_auth::Args),
}

/// Does what was typed.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    match args.kind {
        Kind::Generic(args) => generic::run(&args),
        Kind::Tls(args) => tls::run(&args),
        Kind::DockerRegistry(args) => docker_registry::run(&args),
        Kind::BasicAuth(args) => basic_auth::run(&args),
        Kind::SshAuth(args) => ssh_auth::run(&args),
    }
}
