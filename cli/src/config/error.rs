//! What can be wrong with `.waxwing.yaml`, or with what is asked of it.

use waxwing_crypto::MixedRecipients;
use waxwing_manifest::{ManifestError, TypedError};

use super::FILE_NAME;
use crate::diagnostic::Advice;
use crate::input::InputError;
use crate::suggestion::nearest;

/// What is wrong with `.waxwing.yaml`, or with what is asked of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error(transparent)]
    Unreadable(InputError),
    #[error(
        "{name}: belongs to someone else, in a folder that anyone may write to; it is not read"
    )]
    Planted { name: String },
    #[error(transparent)]
    Syntax(ManifestError),
    #[error("{name}:{line}: {problem}")]
    Content {
        name: String,
        line: usize,
        problem: String,
    },
    #[error("{name}:{line}: {users}: {cause}")]
    Mixed {
        name: String,
        line: usize,
        users: String,
        cause: MixedRecipients,
    },
    #[error("{place}: knows no cluster \"{cluster}\"")]
    UnknownCluster {
        /// The file, or where in it the cluster is named.
        place: String,
        cluster: String,
        known: Vec<String>,
    },
    #[error("{name}: cluster {cluster} has no recipient yet")]
    NoRecipientYet { name: String, cluster: String },
    #[error("{name}: no rule in it matches {file}")]
    NoRule {
        name: String,
        file: String,
        patterns: Vec<String>,
    },
    #[error("{name}: has no rules, so it does not say which clusters {file} is for")]
    NoRules {
        name: String,
        file: String,
        clusters: Vec<String>,
    },
    #[error(
        "--cluster {cluster}: there is no {FILE_NAME} that names clusters, neither in {folder} nor in a folder above it"
    )]
    NoConfig { cluster: String, folder: String },
    #[error("there is no {FILE_NAME}, neither in {folder} nor in a folder above it")]
    NotFound { folder: String },
}

impl ConfigError {
    /// Something that is wrong in the file called `name`.
    pub(super) fn content(name: &str, error: TypedError) -> Self {
        Self::Content {
            name: name.to_owned(),
            line: error.line,
            problem: error.message,
        }
    }
}

impl Advice for ConfigError {
    fn advice(&self) -> Vec<String> {
        vec![match self {
            Self::Unreadable(cause) => return cause.advice(),
            Self::Syntax(cause) => return cause.advice(),
            Self::Planted { .. } => {
                "see who put it there; work in another folder, or give recipients with -r or -R"
                    .to_owned()
            }
            Self::Content { .. } | Self::Mixed { .. } => return Vec::new(),
            Self::UnknownCluster { cluster, known, .. } => {
                let words = known.iter().map(String::as_str);
                match nearest(cluster, words) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None if known.is_empty() => "write the cluster into its clusters".to_owned(),
                    None => format!("choose one of its clusters: {}", known.join(", ")),
                }
            }
            Self::NoRecipientYet { cluster, .. } => {
                format!("take it from the cluster: waxwing recipients sync --cluster {cluster}")
            }
            Self::NoRule { patterns, .. } => format!(
                "its rules are for {}; add one for this file, or choose a cluster with --cluster",
                patterns.join(", ")
            ),
            Self::NoRules { clusters, .. } => format!(
                "add a rule such as {{path: \"*\", clusters: [{}]}}, or choose a cluster with --cluster",
                clusters.join(", ")
            ),
            Self::NoConfig { .. } | Self::NotFound { .. } => {
                "write one at the root of the repository: waxwing init".to_owned()
            }
        }]
    }
}
