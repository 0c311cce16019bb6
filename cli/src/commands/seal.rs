//! `waxwing seal`: Secrets to SealedSecrets.

use std::path::Path;
use std::time::SystemTime;

use waxwing_crypto::{Recipient, ScopeKind, SealError};
use waxwing_manifest::{
    Kind, ManifestError, Object, Problem, Replacement, SealItemError, SecretManifest, seal_secret,
};

use super::raw::Target;
use super::stream::{Stream, StreamArgs};
use crate::args::one_of;
use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure};
use crate::input::refuse_second_stdin;
use crate::namespace::FallbackNamespace;
use crate::output::{Audience, Destination};
use crate::recipients::{ChoiceArgs, Chosen};

const EXAMPLES: &str = "\
Examples:
  For the cluster of the current kubeconfig context:
    waxwing seal -f secret.yaml -o sealed.yaml

  Offline, for everyone whose public key is in a file:
    waxwing seal -R recipients.txt -f secret.yaml -o sealed.yaml

  For the clusters that .waxwing.yaml names for the file, or for one of its clusters:
    waxwing seal -f secret.yaml -o clusters/prod/db.yaml
    waxwing seal --cluster prod -f secret.yaml -o db.yaml

  As a filter; other documents pass through unchanged:
    kustomize build . | waxwing seal -r age1pq1… | kubectl apply -f -
    helm template shop ./chart -n prod | waxwing seal --pass-through -n prod -o shop.yaml

  One value, for a file that you edit by hand (printf adds no line break):
    printf %s \"$PASSWORD\" | waxwing seal --raw -n prod --name db --item password";

/// Turn Secrets into SealedSecrets that may lie in Git
///
/// Every item is encrypted on its own and bound to its namespace, name and item. Other documents
/// pass through unchanged. The namespace is that of the manifest, else that of -n, else that of the
/// kubeconfig context.
///
/// Whom to seal to: -r and -R, else --cluster; else the primary key of the cluster of --context or
/// --kubeconfig; else what the rules of .waxwing.yaml say for the output file (for the input file, if
/// there is none); without a .waxwing.yaml, the primary key of the current context's cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    stream: StreamArgs,

    #[command(flatten)]
    recipients: ChoiceArgs,

    /// Where the values may be opened: in their own item only, anywhere in the namespace, anywhere
    /// [default: that of the rule in .waxwing.yaml, else strict]
    #[arg(long, value_parser = one_of::<ScopeKind>(SCOPES))]
    scope: Option<ScopeKind>,

    /// The namespace of Secrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,

    /// Let through what there is nothing to seal in: SealedSecrets, Secrets without items, a stream
    /// without any Secret. For pipelines
    #[arg(long)]
    pass_through: bool,

    /// Seal one value: all of the input, byte for byte
    #[arg(long, conflicts_with_all = ["format", "pass_through"])]
    raw: bool,

    /// The name of the Secret that the value of --raw is for
    #[arg(long, requires = "raw")]
    name: Option<String>,

    /// The item of the Secret that the value of --raw is for
    #[arg(long, requires = "raw")]
    item: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) const SCOPES: &[&str] = &[
    ScopeKind::Strict.as_str(),
    ScopeKind::Namespace.as_str(),
    ScopeKind::Cluster.as_str(),
];

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    refuse_second_stdin(args.recipients.sources().chain([args.stream.source()]))?;
    if args.raw {
        seal_value(args)
    } else {
        seal_stream(args)
    }
}

fn seal_value(args: &Args) -> Result<(), Failure> {
    let file = match args.stream.destination() {
        Destination::File(file) => Some(file),
        Destination::Stdout => None,
    };
    let chosen = args.choose(file.as_deref())?;
    let target = Target {
        scope: chosen.scope(),
        namespace: args.fallback_namespace(),
        name: args.name.as_deref(),
        item: args.item.as_deref(),
    };
    let scope = target.scope()?;
    let recipients = chosen.recipients(&args.cluster)?;
    let sealed = super::raw::seal(&args.stream.source(), &scope, &recipients)?;
    Ok(args
        .stream
        .destination()
        .write(format!("{sealed}\n").as_bytes(), Audience::Public)?)
}

fn seal_stream(args: &Args) -> Result<(), Failure> {
    let chosen = args.choose(args.stream.file().as_deref())?;
    let scope = chosen.scope();
    let stream = args.stream.read()?;
    let fallback = args.fallback_namespace();
    let secrets = if args.pass_through {
        stream.read_every(|object| Secret::read_if_any(object, &fallback))?
    } else {
        stream.read_each(Kind::Secret, |object| Secret::read(object, &fallback))?
    };
    // Nobody is asked for a key that nothing is sealed to.
    let recipients = match secrets.iter().any(Option::is_some) {
        true => chosen.recipients(&args.cluster)?,
        false => Vec::new(),
    };
    let sealed = seal_each(&stream, secrets, scope, &recipients)?;
    Ok(args
        .stream
        .destination()
        .write(stream.with(sealed)?.as_bytes(), Audience::Public)?)
}

fn seal_each(
    stream: &Stream,
    secrets: Vec<Option<Secret>>,
    scope: ScopeKind,
    recipients: &[Recipient],
) -> Result<Vec<Option<Replacement>>, Failure> {
    let now = SystemTime::now();
    let seal = |(object, secret): (Object<'_>, Option<Secret>)| {
        let Some(secret) = secret else {
            return Ok(None);
        };
        let sealed = seal_secret(&secret.manifest, &secret.namespace, scope, recipients, now);
        let sealed = sealed.map_err(|error| explain(&object, error))?;
        Ok(Some(Replacement::SealedSecret(Box::new(sealed))))
    };
    stream.objects().zip(secrets).map(seal).collect()
}

pub(super) fn explain(object: &Object<'_>, error: SealItemError) -> Failure {
    about_item(object, error).map_or_else(Failure::from, Failure::from)
}

/// The error about an item that could not be sealed; or its cause alone: what is wrong with the
/// recipients or the clock is no fault of the item that met it first.
pub(super) fn about_item(
    object: &Object<'_>,
    error: SealItemError,
) -> Result<ManifestError, SealError> {
    match error.source {
        cause @ (SealError::TooLong | SealError::ScopeWord(_)) => {
            Ok(object.item_error(&error.item, Problem::NotSealed(cause)))
        }
        cause => Err(cause),
    }
}

impl Advice for SealError {}

impl Args {
    fn choose(&self, file: Option<&Path>) -> Result<Chosen, Failure> {
        self.recipients.choose(file, &self.cluster, self.scope)
    }

    fn fallback_namespace(&self) -> FallbackNamespace<'_> {
        FallbackNamespace::new(self.namespace.as_deref(), &self.cluster)
    }
}

/// Whether all that can be said against a Secret is that it has no items, as those have which
/// Kubernetes fills in.
pub(super) fn has_no_items(object: &Object<'_>) -> bool {
    let is_emptiness = |error: &ManifestError| matches!(error.problem(), Problem::Empty { .. });
    SecretManifest::read(object).is_err_and(|errors| errors.iter().all(is_emptiness))
}

/// A Secret of the input, and the namespace that it is sealed for.
struct Secret {
    manifest: SecretManifest,
    namespace: String,
}

impl Secret {
    /// As [`Self::read`]; none for what is no Secret, and for a Secret without items.
    fn read_if_any(
        object: &Object<'_>,
        fallback: &FallbackNamespace<'_>,
    ) -> Result<Option<Self>, Failure> {
        if object.kind() == Kind::Secret && !has_no_items(object) {
            Self::read(object, fallback).map(Some)
        } else {
            Ok(None)
        }
    }

    fn read(object: &Object<'_>, fallback: &FallbackNamespace<'_>) -> Result<Self, Failure> {
        let manifest = SecretManifest::read(object)?;
        let own = manifest.namespace.as_deref();
        let namespace = match own {
            Some(own) => own,
            None => fallback
                .get()?
                .ok_or_else(|| object.error(Problem::NoNamespace))?,
        };
        Ok(Self {
            namespace: namespace.to_owned(),
            manifest,
        })
    }
}
