//! A new SealedSecret, for the commands that make one without any manifest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use waxwing_crypto::ScopeKind;
use waxwing_manifest::names::{NameError, check_object_name};
use waxwing_manifest::{Format, Problem, Replacement, SealFor, SecretManifest, seal_secret, write};

use super::in_place::{ObjectChoice, SetOrder};
use super::items::Items;
use super::seal::SCOPES;
use super::stream::FormatName;
use crate::args::one_of;
use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::namespace::FallbackNamespace;
use crate::namespaces::NamespacesArgs;
use crate::output::{self, Audience, Destination, OutputError};
use crate::recipients::{ChoiceArgs, Chosen};

/// What the new Secret is called, whom it is sealed to, and where the SealedSecret goes.
#[derive(Debug, clap::Args)]
pub(super) struct NewSecretArgs {
    /// The name of the Secret
    #[arg(value_name = "NAME")]
    name: String,

    /// The namespace of the Secret [default: that of the kubeconfig context]
    #[arg(short, long)]
    namespace: Option<String>,

    /// Where the values may be opened: in their own item only, anywhere in the namespace, anywhere
    /// [default: that of the rule in .waxwing.yaml, else strict]
    #[arg(long, value_parser = one_of::<ScopeKind>(SCOPES))]
    scope: Option<ScopeKind>,

    /// Write to this file, which must not exist yet, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The format of the output
    #[arg(long, default_value = "yaml")]
    format: FormatName,

    #[command(flatten)]
    recipients: ChoiceArgs,

    #[command(flatten)]
    namespaces: NamespacesArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

impl NewSecretArgs {
    /// The name of the Secret.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The files among the arguments, for [`crate::input::refuse_second_stdin`].
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        self.recipients.sources()
    }

    /// Where the SealedSecret goes.
    pub(super) fn destination(&self) -> Destination {
        Destination::or_stdout(self.output.clone())
    }

    /// The same for a SealedSecret that is in `file` already.
    pub(super) fn in_file<'a>(&'a self, file: &'a Path) -> SetOrder<'a> {
        SetOrder {
            file,
            object: ObjectChoice {
                name: Some(&self.name),
                namespace: self.namespace.as_deref(),
            },
            scope: self.scope,
            recipients: &self.recipients,
            cluster: &self.cluster,
        }
    }

    /// Checks everything but the items, so that nobody types a password in vain.
    pub(super) fn prepare(&self) -> Result<NewSecret<'_>, Failure> {
        check_object_name(&self.name).map_err(|cause| NewSecretError::Name {
            name: self.name.clone(),
            cause,
        })?;
        let destination = self.destination();
        let file = match &destination {
            Destination::File(path) => Some(path.as_path()),
            Destination::Stdout => None,
        };
        file.map(check_output).transpose()?;
        let home = match self.namespaces.selector(self.scope)? {
            Some(selector) => Home::Many(selector),
            None => Home::One(self.one_namespace()?),
        };
        Ok(NewSecret {
            args: self,
            home,
            chosen: self.recipients.choose(file, &self.cluster, self.scope)?,
            destination,
        })
    }

    fn one_namespace(&self) -> Result<String, Failure> {
        let fallback = FallbackNamespace::new(self.namespace.as_deref(), &self.cluster);
        let namespace = fallback.get()?.ok_or(NewSecretError::NoNamespace)?;
        Ok(namespace.to_owned())
    }
}

fn check_output(path: &Path) -> Result<(), NewSecretError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(NewSecretError::Exists {
            path: path.to_owned(),
        });
    }
    match path.to_str() {
        Some(format @ ("yaml" | "json")) => Err(NewSecretError::FormatAsFile {
            format: format.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Where the new Secret is to be.
enum Home {
    One(String),
    Many(LabelSelector),
}

/// A Secret of which all but the items is known.
pub(super) struct NewSecret<'a> {
    args: &'a NewSecretArgs,
    home: Home,
    chosen: Chosen,
    destination: Destination,
}

impl NewSecret<'_> {
    /// Seals the Secret and writes the SealedSecret. The cluster is asked last, when all that was
    /// given has proved to be good.
    pub(super) fn write(self, type_: Option<&str>, items: Items) -> Result<(), Failure> {
        let secret = SecretManifest {
            name: self.args.name.clone(),
            type_: type_.map(str::to_owned),
            items: items.into_map(),
            ..SecretManifest::default()
        };
        self.check(&secret)?;
        let seal_for = match &self.home {
            Home::One(namespace) => SealFor::Namespace(namespace, self.chosen.scope()),
            Home::Many(selector) => SealFor::Namespaces(selector),
        };
        let recipients = self.chosen.recipients(&self.args.cluster)?;
        let now = SystemTime::now();
        let sealed =
            seal_secret(&secret, seal_for, &recipients, now).map_err(|error| error.source)?;
        let text = write(
            Replacement::Sealed(Box::new(sealed)),
            Format::from(self.args.format),
        );
        write_new(&self.destination, text.as_bytes())
    }

    fn check(&self, secret: &SecretManifest) -> Result<(), NewSecretError> {
        if secret.items.is_empty() {
            return Err(self.refused(Reason::NoItems));
        }
        secret
            .check_size()
            .and_then(|()| secret.check_type())
            .map_err(|problem| self.refused(Reason::Problem(problem)))
    }

    fn refused(&self, reason: Reason) -> NewSecretError {
        let name = &self.args.name;
        let secret = match &self.home {
            Home::One(namespace) => format!("{namespace}/{name}"),
            Home::Many(_) => name.clone(),
        };
        NewSecretError::Secret { secret, reason }
    }
}

fn write_new(destination: &Destination, bytes: &[u8]) -> Result<(), Failure> {
    let Destination::File(path) = destination else {
        return Ok(destination.write(bytes, Audience::Public)?);
    };
    match output::create_new(path, bytes, Audience::Public) {
        Err(OutputError::Exists { path }) => Err(NewSecretError::Exists { path }.into()),
        written => Ok(written?),
    }
}

/// Why a Secret as a whole is refused.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("has no items; nothing would be sealed")]
    NoItems,
    #[error(transparent)]
    Problem(Problem),
}

/// A Secret that cannot be made.
#[derive(Debug, thiserror::Error)]
enum NewSecretError {
    #[error("NAME \"{}\": {cause}", name.escape_debug())]
    Name { name: String, cause: NameError },
    #[error("no namespace is known")]
    NoNamespace,
    #[error("{}: exists already, and its other values would be lost", path.display())]
    Exists { path: PathBuf },
    #[error("-o {format}: -o names a file here, not a format")]
    FormatAsFile { format: String },
    #[error("Secret {secret}: {reason}")]
    Secret { secret: String, reason: Reason },
}

impl Advice for NewSecretError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::NoNamespace => {
                "pass -n NAMESPACE, or choose a kubeconfig context that has one; for many namespaces, --namespace-selector"
            }
            Self::Exists { .. } => {
                "name another file; to change items of that one: waxwing set, waxwing generate --into"
            }
            Self::FormatAsFile { format } => {
                return vec![format!(
                    "pass --format {format}; for a file of that name, -o ./{format}"
                )];
            }
            Self::Secret {
                reason: Reason::NoItems,
                ..
            } => "give at least one: --from-file, --from-env-file or --from-literal",
            Self::Name { .. } | Self::Secret { .. } => return Vec::new(),
        };
        vec![advice.to_owned()]
    }
}
