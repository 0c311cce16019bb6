//! `waxwing unseal`: SealedSecrets back to Secrets, offline.

use std::path::PathBuf;

use waxwing_crypto::KeyRing;
use waxwing_manifest::{Object, Replacement, Unsealed, unseal};

use super::stream::{StreamArgs, Wanted};
use crate::diagnostic::{Failure, warn};
use crate::identities;
use crate::input::{Source, refuse_second_stdin};
use crate::output::Audience;

const EXAMPLES: &str = "\
Examples:
  Recover from a key that was kept offline:
    waxwing unseal -i key.txt -f sealed.yaml -o secret.yaml

  From a key file that is itself encrypted, without a copy on the disk:
    age -d key.age | waxwing unseal -i - -f sealed.yaml | kubectl apply -f -";

/// Turn SealedSecrets back into Secrets, with a private key and no cluster
///
/// All or nothing: if one item does not open, nothing is written, and every such item is told with
/// its reason. Other documents pass through unchanged. The Secret of a ClusterSealedSecret names no
/// namespace, unless -n does.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Open with the private keys in FILE (an age identity file); may be repeated
    #[arg(short, long = "identity", value_name = "FILE", required = true)]
    identities: Vec<PathBuf>,

    #[command(flatten)]
    stream: StreamArgs,

    /// The namespace of Secrets whose SealedSecrets do not name one
    #[arg(short, long)]
    namespace: Option<String>,
}

pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let identities: Vec<Source> = args.identities.into_iter().map(Source::from).collect();
    refuse_second_stdin(identities.iter().cloned().chain([args.stream.source()]))?;
    let ring = identities::key_ring(&identities)?;
    let stream = args.stream.read()?;
    let namespace = args.namespace.as_deref();
    let secrets = stream.read_each(Wanted::Sealed, |object| open(object, namespace, &ring))?;
    Ok(args
        .stream
        .destination()
        .write(stream.with(secrets)?.as_bytes(), Audience::Private)?)
}

fn open(
    object: &Object<'_>,
    namespace: Option<&str>,
    ring: &KeyRing,
) -> Result<Replacement, Failure> {
    let Unsealed { secret, templated } = unseal(object, namespace, ring)?;
    if !templated.is_empty() {
        warn(
            &format!(
                "{}: {}: left out, as they are made by spec.template.data: {}",
                object.location(),
                object.describe(),
                templated.join(", ")
            ),
            "the controller alone makes these; add them by hand if you need them",
        );
    }
    Ok(Replacement::Secret(Box::new(secret)))
}
