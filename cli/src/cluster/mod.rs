//! The cluster of the current kubeconfig context: which namespace people work in there, which key it
//! wants values sealed to, and a connection for those commands that ask it for more.

mod connection;
mod error;
mod kubeconfig;
mod primary;
mod sealed_secrets;

use std::path::PathBuf;

use kube::api::ListParams;
use kube::{Api, Config};
use waxwing_api::{SealingKey, names};
use waxwing_crypto::Recipient;
use waxwing_manifest::names::{NameError, check_namespace};

pub(crate) use connection::{Connection, Permission};
pub(crate) use error::{ClusterError, NoRecipient};
use kubeconfig::KubeconfigFile;
pub(crate) use primary::primary;
pub(crate) use sealed_secrets::{Address, Fetcher};

/// The resource of sealing keys, as RBAC and kubectl call it.
pub(crate) const SEALING_KEYS: &str = "sealingkeys.waxwing.dev";

/// Which cluster to ask.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cluster")]
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

    /// The cluster of a context, or of the current one, as if it had been typed.
    pub(crate) fn at_context(
        kubeconfig: Option<PathBuf>,
        context: Option<&str>,
        controller_namespace: Option<&str>,
    ) -> Self {
        Self {
            kubeconfig,
            context: context.map(ToOwned::to_owned),
            controller_namespace: controller_namespace
                .unwrap_or(names::DEFAULT_NAMESPACE)
                .to_owned(),
        }
    }

    /// Whether a cluster was named by hand.
    pub(crate) fn is_named(&self) -> bool {
        self.context.is_some() || self.kubeconfig.is_some()
    }

    /// The kubeconfig context to use, if there is any. Reads a file, and asks no cluster.
    pub(crate) fn context(&self) -> Result<Option<String>, ClusterError> {
        let file = self.kubeconfig_file()?;
        Ok(file.map(|file| file.context_name().to_owned()))
    }

    /// The namespace that the controller runs in.
    pub(crate) fn controller_namespace(&self) -> &str {
        &self.controller_namespace
    }

    /// The public half of the cluster's primary sealing key.
    pub(crate) fn primary_recipient(&self) -> Result<Recipient, NoRecipient> {
        let connection = self.connect()?;
        let keys = self.sealing_keys(&connection)?;
        Ok(self.recipient_of(&keys)?)
    }

    /// The recipient of the primary among `keys`, which are all of the cluster.
    pub(crate) fn recipient_of(&self, keys: &[SealingKey]) -> Result<Recipient, ClusterError> {
        primary::recipient(keys, &self.controller_namespace)
    }

    /// All sealing keys of the cluster.
    pub(crate) fn sealing_keys(
        &self,
        connection: &Connection,
    ) -> Result<Vec<SealingKey>, ClusterError> {
        let keys: Api<SealingKey> =
            Api::namespaced(connection.client(), &self.controller_namespace);
        let permission = Permission {
            verb: "list",
            resource: SEALING_KEYS,
            namespace: Some(self.controller_namespace.clone()),
        };
        let everything = ListParams::default();
        let answer = connection.ask(permission, keys.list(&everything))?;
        Ok(answer.items)
    }

    /// A connection to the cluster.
    pub(crate) fn connect(&self) -> Result<Connection, ClusterError> {
        Connection::open(self.find())
    }

    /// How to connect, and in words what is connected to.
    async fn find(&self) -> Result<(Config, String), ClusterError> {
        if let Some(file) = self.kubeconfig_file()? {
            return file.connection().await;
        }
        // Whoever names a context does not mean the cluster that this pod happens to run in.
        if let Some(context) = &self.context {
            return Err(ClusterError::NoSuchContext {
                place: kubeconfig::default_place(),
                context: context.clone(),
                known: Vec::new(),
            });
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
