//! Why the cluster did not tell its sealing key, and what to do about it.

use std::error::Error;
use std::io;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::KubeconfigError;

use crate::diagnostic::Advice;

/// How to go on without any cluster.
const OFFLINE: &str =
    "to seal without the cluster, give its public key with -r RECIPIENT or -R FILE";

/// Why the cluster did not tell its sealing key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    #[error(
        "no cluster to ask for its sealing key: {tried} does not exist or names no context, and this is no pod"
    )]
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
    #[error("no permission to list sealingkeys.waxwing.dev in namespace {namespace} at {target}")]
    Forbidden { target: String, namespace: String },
    #[error("{target} knows no SealingKeys: the CRDs of Waxwing are not installed there")]
    NoCrds { target: String },
    #[error("{target} could not list its SealingKeys: {problem}")]
    Answer { target: String, problem: String },
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
    pub(super) fn request(cause: kube::Error, target: &str, namespace: &str) -> Self {
        let target = target.to_owned();
        match cause {
            kube::Error::Api(status) => match status.code {
                401 => Self::Unauthorized { target },
                403 => Self::Forbidden {
                    target,
                    namespace: namespace.to_owned(),
                },
                404 => Self::NoCrds { target },
                _ => Self::Answer {
                    target,
                    problem: status.message,
                },
            },
            kube::Error::SerdeError(error) => Self::Answer {
                target,
                problem: error.to_string(),
            },
            other => match find_auth(&other) {
                Some(auth) => Self::Credentials {
                    target,
                    problem: describe_auth(auth),
                },
                None => Self::Unreachable {
                    target,
                    problem: root_cause(&other),
                },
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
        let way_out = match self {
            // Whoever changed a key may have changed more: this is no time to seal.
            Self::InconsistentKey { .. } => None,
            _ => Some(OFFLINE.to_owned()),
        };
        self.remedy().into_iter().chain(way_out).collect()
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
            Self::Forbidden { namespace, .. } => format!(
                "ask for a Role in namespace {namespace} that allows the verb list on the resource \
                 sealingkeys.waxwing.dev; if the controller runs elsewhere, give --controller-namespace"
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
