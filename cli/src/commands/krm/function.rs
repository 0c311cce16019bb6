//! What a ResourceList asks for: its functionConfig.

use serde::Deserialize;
use serde::de::IgnoredAny;
use waxwing_crypto::{Recipient, ScopeKind};
use waxwing_manifest::Document;

use crate::config::{self, DefaultScope, FILE_NAME, Place};
use crate::diagnostic::{Advice, Failure};
use crate::recipients::parse_recipient;

/// The group of the API that ResourceLists belong to.
const KRM_GROUP: &str = "config.kubernetes.io/";

/// What is to be done with the items of a list.
pub(super) struct Function {
    pub(super) work: Work,
    /// The namespace of items that do not name one.
    pub(super) namespace: Option<String>,
}

pub(super) enum Work {
    /// Every Secret becomes a SealedSecret.
    Seal {
        recipients: Vec<Recipient>,
        scope: ScopeKind,
    },
    /// Nothing changes, and no Secret may be in clear.
    Validate,
}

impl Function {
    /// Reads it from a ResourceList, and `.waxwing.yaml` if that is to say whom to seal to. No cluster is
    /// ever asked.
    pub(super) fn of(list: &Document) -> Result<Self, Failure> {
        let list: ResourceList = list.read_as().map_err(|error| FunctionError::Content {
            line: error.line,
            problem: error.message,
        })?;
        let config = list.function_config.ok_or(FunctionError::Missing)?;
        let work = match config.kind {
            Kind::SealSecrets => config.spec.seal()?,
            Kind::ValidateSealedSecrets => config.spec.validate()?,
        };
        Ok(Self {
            work,
            namespace: config.spec.namespace,
        })
    }
}

/// Whether a document is a ResourceList, of whatever version.
pub(super) fn is_resource_list(document: &Document) -> bool {
    document
        .read_as()
        .is_ok_and(|TypeMeta { api_version, kind }| {
            api_version.starts_with(KRM_GROUP) && kind == "ResourceList"
        })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeMeta {
    api_version: String,
    kind: String,
}

/// A ResourceList, as far as it is not its items.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList {
    function_config: Option<FunctionConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FunctionConfig {
    #[serde(rename = "apiVersion")]
    _api_version: Version,
    kind: Kind,
    #[serde(rename = "metadata", default)]
    _metadata: IgnoredAny,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
enum Version {
    #[serde(rename = "waxwing.dev/v1alpha1")]
    V1Alpha1,
}

#[derive(Deserialize)]
enum Kind {
    SealSecrets,
    ValidateSealedSecrets,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    clusters: Vec<String>,
    scope: Option<DefaultScope>,
    namespace: Option<String>,
}

impl Spec {
    /// Seals to the recipients, else to the clusters of `.waxwing.yaml`, else by its rule for a file
    /// in the working folder, which is that of the kustomization.
    fn seal(&self) -> Result<Work, Failure> {
        let scope = self.scope.map(ScopeKind::from);
        match (&self.recipients[..], &self.clusters[..]) {
            ([], clusters) => {
                let place = Place::of(None)?;
                let config = config::find(&place)?.ok_or_else(|| FunctionError::NoRecipient {
                    folder: place.folder().display().to_string(),
                })?;
                let recipients = match clusters {
                    [] => config.recipients_for(&place)?,
                    named => config.recipients_of(named)?,
                };
                let scope = scope.or_else(|| config.scope_for(&place));
                Ok(Work::Seal {
                    recipients,
                    scope: scope.unwrap_or_default(),
                })
            }
            (recipients, []) => {
                let parse = |text: &String| parse_recipient("spec.recipients", text);
                Ok(Work::Seal {
                    recipients: recipients.iter().map(parse).collect::<Result<_, _>>()?,
                    scope: scope.unwrap_or_default(),
                })
            }
            _ => Err(FunctionError::Both.into()),
        }
    }

    fn validate(&self) -> Result<Work, FunctionError> {
        if self.recipients.is_empty() && self.clusters.is_empty() && self.scope.is_none() {
            Ok(Work::Validate)
        } else {
            Err(FunctionError::NothingSealed)
        }
    }
}

/// A functionConfig that does not say what to do.
#[derive(Debug, thiserror::Error)]
enum FunctionError {
    #[error("stdin:{line}: {problem}")]
    Content { line: usize, problem: String },
    #[error("stdin: the ResourceList has no functionConfig")]
    Missing,
    #[error("functionConfig: names recipients and clusters; give one of the two")]
    Both,
    #[error("functionConfig: kind ValidateSealedSecrets seals nothing, and needs only a namespace")]
    NothingSealed,
    #[error(
        "functionConfig: names neither recipients nor clusters, and there is no {FILE_NAME} in {folder} or in a folder above it"
    )]
    NoRecipient { folder: String },
}

impl Advice for FunctionError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::Missing => {
                "give one of apiVersion waxwing.dev/v1alpha1 and kind SealSecrets or ValidateSealedSecrets"
            }
            Self::NothingSealed => "remove the other fields, or use kind SealSecrets",
            Self::NoRecipient { .. } => {
                "give spec.recipients, or write a .waxwing.yaml at the root of the repository (waxwing init) and give spec.clusters"
            }
            Self::Content { .. } | Self::Both => return Vec::new(),
        };
        vec![advice.to_owned()]
    }
}
