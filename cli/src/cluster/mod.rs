//! The cluster of the current kubeconfig context: which namespace people work in there, and which
//! key it wants values sealed to. This is all that the CLI ever asks of a cluster.

mod error;
mod kubeconfig;
mod primary;

use std::path::PathBuf;
use std::time::Duration;

use kube::api::ListParams;
use kube::{Api, Client, Config};
use waxwing_api::{SealingKey, names};
use waxwing_crypto::Recipient;
use waxwing_manifest::names::{NameError, check_namespace};

pub(crate) use error::ClusterError;
use kubeconfig::KubeconfigFile;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the answer may take, retries included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Which cluster to ask.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cluster (asked for its sealing key when there is no -r and no -R)")]
pub(crate) struct ClusterArgs {
    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The kubeconfig context [default: the current one]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The namespace that waxwing-controller runs in and keeps its sealing keys in
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "WAXWING_CONTROLLER_NAMESPACE",
        value_parser = namespace,
        default_value = names::DEFAULT_NAMESPACE
    )]
    controller_namespace: String,
}

fn namespace(word: &str) -> Result<String, NameError> {
    check_namespace(word).map(|()| word.to_owned())
}

impl ClusterArgs {
    /// The namespace of the kubeconfig context, if there is a kubeconfig and its context names one.
    /// Reads a file, and asks no cluster.
    pub(crate) fn context_namespace(&self) -> Result<Option<String>, ClusterError> {
        match self.kubeconfig_file()? {
            Some(file) => file.namespace(),
            None => Ok(None),
        }
    }

    /// The public half of the cluster's primary sealing key.
    pub(crate) fn primary_recipient(&self) -> Result<Recipient, ClusterError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| ClusterError::Runtime { cause })?;
        let keys = runtime.block_on(self.sealing_keys())?;
        primary::recipient(&keys, &self.controller_namespace)
    }

    async fn sealing_keys(&self) -> Result<Vec<SealingKey>, ClusterError> {
        let (mut config, target) = self.connection().await?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        let refused = |cause| ClusterError::request(cause, &target, &self.controller_namespace);

        let client = Client::try_from(config).map_err(refused)?;
        let keys: Api<SealingKey> = Api::namespaced(client, &self.controller_namespace);
        let everything = ListParams::default();
        match tokio::time::timeout(ANSWER_TIMEOUT, keys.list(&everything)).await {
            Ok(answer) => Ok(answer.map_err(refused)?.items),
            Err(_) => Err(ClusterError::timeout(target, ANSWER_TIMEOUT)),
        }
    }

    /// How to connect, and in words what is connected to.
    async fn connection(&self) -> Result<(Config, String), ClusterError> {
        if let Some(file) = self.kubeconfig_file()? {
            return file.connection().await;
        }
        let config = Config::incluster().map_err(|_| ClusterError::NoCluster {
            tried: kubeconfig::default_place(),
        })?;
        let target = format!("{} (this pod's own cluster)", config.cluster_url);
        Ok((config, target))
    }

    fn kubeconfig_file(&self) -> Result<Option<KubeconfigFile>, ClusterError> {
        KubeconfigFile::find(self.kubeconfig.as_deref(), self.context.as_deref())
    }
}
