//! Why the cluster did not do as it was asked, and what to do about it.

use std::error::Error;
use std::io;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use super::Permission;
use crate::diagnostic::Advice;

/// How to go on without any cluster.
const OFFLINE: &str = "to seal without asking a cluster, give its public key with -r RECIPIENT or -R FILE, or keep it in a \
     .waxwing.yaml, which `waxwing init` writes";

/// Why the cluster did not do as it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    #[error("no cluster to ask: {tried} does not exist or names no context, and this is no pod")]
    NoCluster { tried: String },
    #[error("kubeconfig {place}: {problem}")]
    Kubeconfig { place: String, problem: String },
    #[error("kubeconfig {place}: has no current context")]
    NoCurrentContext { place: String },
    #[error("kubeconfig {place}: has no context \"{context}\"")]
    NoSuchContext {
        place: String,
        context: String,
        known: Vec<String>,
    },
    #[error("no cluster reachable at {target}: {problem}")]
    Unreachable { target: String, problem: String },
    #[error("the credentials for {target} cannot be used: {problem}")]
    Credentials { target: String, problem: String },
    #[error("{target} does not accept the credentials of its context")]
    Unauthorized { target: String },
    #[error("no permission to {permission} at {target}")]
    Forbidden {
        target: String,
        permission: Permission,
    },
    #[error("{target} knows no {resource}: the CRDs of Waxwing are not installed there")]
    NoCrds {
        target: String,
        resource: &'static str,
    },
    #[error("{target} could not {permission}: {problem}")]
    Answer {
        target: String,
        permission: Permission,
        problem: String,
    },
    #[error("namespace {namespace} holds no SealingKey")]
    NoKeys { namespace: String },
    #[error("none of the {count} SealingKeys in namespace {namespace} is primary and Active")]
    NoPrimary { namespace: String, count: usize },
    #[error(
        "SealingKey {name}: its recipient is not the one that it is named after; nothing is sealed to it"
    )]
    InconsistentKey { name: String },
    #[error("cannot start the network client: {cause}")]
    Runtime { cause: io::Error },
}

impl ClusterError {
    /// An unreadable kubeconfig. A parser's own words may quote the file, and with it a token.
    pub(super) fn kubeconfig(place: &str, cause: &KubeconfigError) -> Self {
        let problem = match cause {
            KubeconfigError::Parse(error) => match error.location() {
                Some(at) => format!(
                    "line {}, column {}: is not a valid kubeconfig",
                    at.line(),
                    at.column()
                ),
                None => "is not a valid kubeconfig".to_owned(),
            },
            KubeconfigError::ReadConfig(error, _) => error.to_string(),
            other => other.to_string(),
        };
        Self::Kubeconfig {
            place: place.to_owned(),
            problem,
        }
    }

    /// A request that was not answered as hoped.
    pub(super) fn request(cause: kube::Error, target: String, permission: Permission) -> Self {
        match cause {
            kube::Error::Api(status) => match status.code {
                401 => Self::Unauthorized { target },
                403 => Self::Forbidden { target, permission },
                // An object or a namespace that is not there is named; a resource is not.
                404 if status.details.is_none_or(|details| details.name.is_empty()) => {
                    Self::NoCrds {
                        target,
                        resource: permission.resource,
                    }
                }
                _ => Self::Answer {
                    target,
                    permission,
                    problem: status.message,
                },
            },
            kube::Error::SerdeError(error) => Self::Answer {
                target,
                permission,
                problem: error.to_string(),
            },
            other => Self::client(&other, target),
        }
    }

    /// No request could be made.
    pub(super) fn client(cause: &kube::Error, target: String) -> Self {
        match find_auth(cause) {
            Some(auth) => Self::Credentials {
                target,
                problem: describe_auth(auth),
            },
            None => Self::Unreachable {
                target,
                problem: root_cause(cause),
            },
        }
    }

    /// No answer in time.
    pub(super) fn timeout(target: String, after: Duration) -> Self {
        Self::Unreachable {
            target,
            problem: format!("no answer within {} seconds", after.as_secs()),
        }
    }
}

impl Advice for ClusterError {
    fn advice(&self) -> Vec<String> {
        self.remedy().into_iter().collect()
    }
}

/// Why the cluster did not tell which key to seal to.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct NoRecipient(#[from] ClusterError);

impl Advice for NoRecipient {
    fn advice(&self) -> Vec<String> {
        let way_out = match self.0 {
            // Whoever changed a key may have changed more: this is no time to seal.
            ClusterError::InconsistentKey { .. } => None,
            _ => Some(OFFLINE.to_owned()),
        };
        self.0.advice().into_iter().chain(way_out).collect()
    }
}

impl ClusterError {
    /// How the cluster itself can be asked with success.
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NoSuchContext { known, .. } if !known.is_empty() => {
                format!(
                    "choose one of its contexts with --context: {}",
                    known.join(", ")
                )
            }
            Self::NoCurrentContext { .. } => "choose a context with --context".to_owned(),
            Self::NoCluster { .. } | Self::Kubeconfig { .. } | Self::NoSuchContext { .. } => {
                "name a kubeconfig with --kubeconfig".to_owned()
            }
            Self::Unauthorized { .. } | Self::Credentials { .. } => {
                "log in to the cluster again".to_owned()
            }
            Self::Forbidden {
                permission:
                    Permission {
                        verb,
                        resource,
                        namespace: Some(namespace),
                    },
                ..
            } => format!(
                "ask for a Role in namespace {namespace} that allows the verb {verb} on the resource \
                 {resource}; if the controller runs elsewhere, give --controller-namespace"
            ),
            Self::Forbidden {
                permission: Permission { verb, resource, .. },
                ..
            } => format!(
                "ask for a ClusterRole that allows the verb {verb} on the resource {resource}"
            ),
            Self::NoCrds { .. } => {
                "install Waxwing first: waxwing-controller crds | kubectl apply -f -".to_owned()
            }
            Self::NoKeys { namespace } => format!(
                "see whether waxwing-controller runs in {namespace}; if it runs elsewhere, give --controller-namespace"
            ),
            Self::NoPrimary { namespace, .. } => format!(
                "see whether waxwing-controller runs, and what the keys lack: kubectl -n {namespace} get sealingkeys"
            ),
            Self::InconsistentKey { .. } => {
                "find out who changed it before anything is sealed".to_owned()
            }
            Self::Unreachable { .. } | Self::Answer { .. } | Self::Runtime { .. } => return None,
        })
    }
}

fn find_auth(error: &kube::Error) -> Option<&AuthError> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// What went wrong with the credentials, without them: the arguments, the environment and the output
/// of a credential plugin may hold a token. Its standard error is meant for people.
fn describe_auth(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let words = String::from_utf8_lossy(&out.stderr);
            format!(
                "the kubeconfig's credential plugin failed ({}): {}",
                out.status,
                words.trim()
            )
        }
        AuthError::AuthExecStart(cause) => {
            format!("the kubeconfig's credential plugin cannot be started: {cause}")
        }
        AuthError::ReadTokenFile(cause, path) => {
            format!("the token file {} cannot be read: {cause}", path.display())
        }
        _ => "the kubeconfig's user is not set up correctly".to_owned(),
    }
}

fn root_cause(error: &kube::Error) -> String {
    chain(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
