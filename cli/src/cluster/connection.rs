//! An open connection to a cluster, for commands that ask it one thing after the other.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use kube::{Client, Config};
use tokio::runtime::{Builder, Runtime};

use super::ClusterError;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may take, retries included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What RBAC has to allow for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) verb: &'static str,
    /// With its API group, as in `sealingkeys.waxwing.dev`.
    pub(crate) resource: &'static str,
    /// None, where it has to be allowed for the whole cluster.
    pub(crate) namespace: Option<String>,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verb,
            resource,
            namespace,
        } = self;
        write!(f, "{verb} {resource}")?;
        match namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

/// A connection, and in words what it leads to.
pub(crate) struct Connection {
    runtime: Runtime,
    client: Client,
    target: String,
}

impl Connection {
    /// Makes ready to ask; the first request connects. `find` says how, and what it leads to.
    pub(super) fn open(
        find: impl Future<Output = Result<(Config, String), ClusterError>>,
    ) -> Result<Self, ClusterError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| ClusterError::Runtime { cause })?;
        let (client, target) = runtime.block_on(async {
            let (mut config, target) = find.await?;
            config.connect_timeout = Some(CONNECT_TIMEOUT);
            match Client::try_from(config) {
                Ok(client) => Ok((client, target)),
                Err(cause) => Err(ClusterError::client(&cause, target)),
            }
        })?;
        Ok(Self {
            runtime,
            client,
            target,
        })
    }

    /// What requests are made with.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The cluster in words: its address and where that is from.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Waits for the answer to a request, which needs `permission`.
    pub(crate) fn ask<T>(
        &self,
        permission: Permission,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        let target = self.target.clone();
        let answer = async { tokio::time::timeout(ANSWER_TIMEOUT, request).await };
        match self.runtime.block_on(answer) {
            Ok(answer) => answer.map_err(|cause| ClusterError::request(cause, target, permission)),
            Err(_) => Err(ClusterError::timeout(target, ANSWER_TIMEOUT)),
        }
    }
}
