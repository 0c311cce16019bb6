//! `waxwing seal`: Secrets to SealedSecrets.

use std::path::Path;
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use waxwing_crypto::{Recipient, ScopeKind, SealError};
use waxwing_manifest::{
    Kind, ManifestError, Object, Problem, Replacement, SealFor, SealItemError, SecretManifest,
    seal_secret,
};

use super::raw::Target;
use super::stream::{Stream, StreamArgs, Wanted};
use crate::args::one_of;
use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure};
use crate::input::refuse_second_stdin;
use crate::namespace::FallbackNamespace;
use crate::namespaces::NamespacesArgs;
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

  For every namespace with a label, as a ClusterSealedSecret:
    waxwing seal --namespace-selector team=a -f registry.yaml -o sealed-registry.yaml

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
    #[arg(
        long,
        conflicts_with_all = ["format", "pass_through", "namespace_selector", "all_namespaces"]
    )]
    raw: bool,

    /// The name of the Secret that the value of --raw is for
    #[arg(long, requires = "raw")]
    name: Option<String>,

    /// The item of the Secret that the value of --raw is for
    #[arg(long, requires = "raw")]
    item: Option<String>,

    #[command(flatten)]
    namespaces: NamespacesArgs,

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
    let selector = args.namespaces.selector(args.scope)?;
    let chosen = args.choose(args.stream.file().as_deref())?;
    let stream = args.stream.read()?;
    let fallback = args.fallback_namespace();
    let home = match &selector {
        Some(selector) => Home::Many(selector),
        None => Home::One(&fallback, chosen.scope()),
    };
    let secrets = if args.pass_through {
        stream.read_every(|object| Secret::read_if_any(object, home))?
    } else {
        stream.read_each(Wanted::Secret, |object| Secret::read(object, home))?
    };
    // Nobody is asked for a key that nothing is sealed to.
    let recipients = match secrets.iter().any(Option::is_some) {
        true => chosen.recipients(&args.cluster)?,
        false => Vec::new(),
    };
    let sealed = seal_each(&stream, secrets, &recipients)?;
    Ok(args
        .stream
        .destination()
        .write(stream.with(sealed)?.as_bytes(), Audience::Public)?)
}

fn seal_each(
    stream: &Stream,
    secrets: Vec<Option<Secret<'_>>>,
    recipients: &[Recipient],
) -> Result<Vec<Option<Replacement>>, Failure> {
    let now = SystemTime::now();
    let seal = |(object, secret): (Object<'_>, Option<Secret<'_>>)| {
        let Some(secret) = secret else {
            return Ok(None);
        };
        let sealed = seal_secret(&secret.manifest, secret.seal_for, recipients, now);
        let sealed = sealed.map_err(|error| explain(&object, error))?;
        Ok(Some(Replacement::Sealed(Box::new(sealed))))
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

/// Where the Secrets of the input are to be.
#[derive(Clone, Copy)]
enum Home<'a> {
    /// In the namespace that each of them names, else in this one; with the scope of their values.
    One(&'a FallbackNamespace<'a>, ScopeKind),
    Many(&'a LabelSelector),
}

/// A Secret of the input, and where it is to be.
struct Secret<'a> {
    manifest: SecretManifest,
    seal_for: SealFor<'a>,
}

impl<'a> Secret<'a> {
    /// As [`Self::read`]; none for what is no Secret, and for a Secret without items.
    fn read_if_any(object: &Object<'a>, home: Home<'a>) -> Result<Option<Self>, Failure> {
        if object.kind() == Kind::Secret && !has_no_items(object) {
            Self::read(object, home).map(Some)
        } else {
            Ok(None)
        }
    }

    fn read(object: &Object<'a>, home: Home<'a>) -> Result<Self, Failure> {
        let manifest = SecretManifest::read(object)?;
        let seal_for = match home {
            Home::One(fallback, scope) => SealFor::Namespace(fallback.of(object)?, scope),
            Home::Many(selector) => match object.namespace() {
                Some(namespace) => return Err(NamesOne::new(object, namespace).into()),
                None => SealFor::Namespaces(selector),
            },
        };
        Ok(Self { manifest, seal_for })
    }
}

/// A Secret that names a namespace, where a selector names many.
#[derive(Debug, thiserror::Error)]
#[error(
    "{place}: {object}: names the namespace {namespace}, and is to be in all that are selected"
)]
struct NamesOne {
    place: String,
    object: String,
    namespace: String,
}

impl NamesOne {
    fn new(object: &Object<'_>, namespace: &str) -> Self {
        Self {
            place: object.location().to_string(),
            object: object.describe(),
            namespace: namespace.to_owned(),
        }
    }
}

impl Advice for NamesOne {
    fn advice(&self) -> Vec<String> {
        vec!["remove metadata.namespace, or seal it without a selector".to_owned()]
    }
}
