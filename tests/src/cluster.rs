//! A Kubernetes cluster of one's own.

use std::path::{Path, PathBuf};

use k8s_openapi::{
    api::{
        authentication::v1::{TokenRequest, TokenRequestSpec},
        core::v1::ServiceAccount,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, Client, api::PostParams};
use tokio_rustls::TlsAcceptor;
use waxwing_api::names::DEFAULT_NAMESPACE;

use crate::{
    control_plane::{self, ControlPlane},
    error::{Context, HarnessError},
    kustomize,
    scratch::Scratch,
    wait,
};

/// The ServiceAccount that deploy/ runs the controller with.
pub const CONTROLLER_ACCOUNT: &str = "waxwing-controller";

/// For how long the controller's token is good, in seconds.
const TOKEN_LIFETIME: i64 = 24 * 3600;

/// A throw-away cluster on loopback. Dropping it ends its servers and removes its files.
#[derive(Debug)]
pub struct Cluster {
    plane: ControlPlane,
    admin_kubeconfig: PathBuf,
    user_kubeconfig: PathBuf,
    controller_kubeconfig: Option<PathBuf>,
}

impl Cluster {
    /// Starts a cluster that has nothing of Waxwing. It takes some 3 s; the very first time its
    /// programs are built, which takes minutes and is told on stderr.
    ///
    /// # Errors
    /// When the programs cannot be built or do not start; the error shows the end of their log.
    pub async fn start() -> Result<Self, HarnessError> {
        Self::start_with(&[]).await
    }

    /// As [`Cluster::start`], with further flags for the API server.
    ///
    /// # Errors
    /// As [`Cluster::start`], and when the API server does not know a flag.
    pub async fn start_with(api_server_flags: &[&str]) -> Result<Self, HarnessError> {
        let plane = ControlPlane::start(api_server_flags).await?;
        let admin_kubeconfig = plane.admin_kubeconfig()?;
        let user_kubeconfig = plane.user_kubeconfig()?;
        Ok(Self {
            plane,
            admin_kubeconfig,
            user_kubeconfig,
            controller_kubeconfig: None,
        })
    }

    /// Starts a cluster and installs Waxwing in it: what most callers want.
    ///
    /// # Errors
    /// As [`Cluster::start`] and [`Cluster::install`].
    pub async fn installed() -> Result<Self, HarnessError> {
        let mut cluster = Self::start().await?;
        cluster.install().await?;
        Ok(cluster)
    }

    /// Applies deploy/kustomize and takes it up.
    ///
    /// # Errors
    /// When the API server refuses an object.
    pub async fn install(&mut self) -> Result<(), HarnessError> {
        let client = self.client().await?;
        for object in kustomize::objects(&kustomize::base())? {
            kustomize::apply(&client, &object).await?;
        }
        self.take_up().await
    }

    /// Takes up an installation that is applied already: waits until the custom resources are served,
    /// starts garbage collection and makes the kubeconfig of the controller's ServiceAccount.
    ///
    /// # Errors
    /// When something of it is not there.
    pub async fn take_up(&mut self) -> Result<(), HarnessError> {
        let client = self.client().await?;
        wait_until_served(&client).await?;
        self.plane.start_controller_manager()?;
        let token = token_of(&client, CONTROLLER_ACCOUNT).await?;
        self.controller_kubeconfig = Some(self.plane.write_kubeconfig(CONTROLLER_ACCOUNT, &token)?);
        Ok(())
    }

    /// A client of the admin, who may do everything. Every test makes its own: a client's connections
    /// end with the runtime that they were opened in.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read back.
    pub async fn client(&self) -> Result<Client, HarnessError> {
        control_plane::client(&self.admin_kubeconfig).await
    }

    /// A client of a user with no rights but those of every authenticated user.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read back.
    pub async fn user_client(&self) -> Result<Client, HarnessError> {
        control_plane::client(&self.user_kubeconfig).await
    }

    /// A client with the rights of the controller's ServiceAccount.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read back.
    pub async fn controller_client(&self) -> Result<Client, HarnessError> {
        control_plane::client(self.controller_kubeconfig()).await
    }

    /// The admin's kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        &self.admin_kubeconfig
    }

    /// The kubeconfig file of a user with no rights but those of every authenticated user.
    pub fn user_kubeconfig(&self) -> &Path {
        &self.user_kubeconfig
    }

    /// The kubeconfig file of the controller's ServiceAccount.
    ///
    /// # Panics
    /// When nothing has been installed yet.
    pub fn controller_kubeconfig(&self) -> &Path {
        self.controller_kubeconfig
            .as_deref()
            .expect("Cluster::install comes before the controller")
    }

    /// The same, but with another address of the API server.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn controller_kubeconfig_for(&self, url: &str) -> Result<PathBuf, HarnessError> {
        let present = self.controller_kubeconfig();
        let text = std::fs::read_to_string(present).context("read the controller's kubeconfig")?;
        let text = text.replace(&self.url(), url);
        let port = url.rsplit(':').next().unwrap_or_default();
        self.scratch()
            .write(&format!("{CONTROLLER_ACCOUNT}-{port}.kubeconfig"), &text)
    }

    /// What a server needs to be taken for the API server.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub(crate) fn tls_acceptor(&self) -> Result<TlsAcceptor, HarnessError> {
        self.plane.credentials.tls_acceptor()
    }

    /// The certificates of those who vouch for the API server, in DER.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn authorities(&self) -> Result<Vec<Vec<u8>>, HarnessError> {
        self.plane.credentials.authorities()
    }

    /// Where the API server listens.
    pub fn url(&self) -> String {
        self.plane.url()
    }

    /// The cluster's folder: for files that shall not outlive it.
    pub fn scratch(&self) -> &Scratch {
        &self.plane.scratch
    }

    /// Kills the API server at once.
    pub fn kill_api_server(&mut self) {
        self.plane.kill_api_server();
    }

    /// Starts the API server again and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start_api_server(&mut self) -> Result<(), HarnessError> {
        self.plane.start_api_server().await
    }

    /// Has etcd forget the past: whoever watches cannot go on where they stopped before.
    ///
    /// # Errors
    /// When etcd refuses.
    pub async fn compact_history(&self) -> Result<(), HarnessError> {
        self.plane.compact_history().await
    }

    /// Kills etcd at once. Its data stay.
    pub fn kill_etcd(&mut self) {
        self.plane.kill_etcd();
    }

    /// Starts etcd again, on its data.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_etcd(&mut self) -> Result<(), HarnessError> {
        self.plane.start_etcd()
    }
}

/// Waits until the API server serves every custom resource of Waxwing.
async fn wait_until_served(client: &Client) -> Result<(), HarnessError> {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for name in [
        "clustersealedsecrets.waxwing.dev",
        "sealedsecrets.waxwing.dev",
        "sealingkeys.waxwing.dev",
    ] {
        wait::until(&format!("{name} to be established"), async || {
            let crd = crds.get(name).await.map_err(|error| error.to_string())?;
            let conditions = crd
                .status
                .unwrap_or_default()
                .conditions
                .unwrap_or_default();
            let established = conditions
                .iter()
                .any(|c| c.type_ == "Established" && c.status == "True");
            if established {
                Ok(())
            } else {
                Err(format!("{conditions:?}"))
            }
        })
        .await?;
    }
    Ok(())
}

/// A token of a ServiceAccount in the controller's namespace.
async fn token_of(client: &Client, account: &str) -> Result<String, HarnessError> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(TOKEN_LIFETIME),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await
        .context(format!("request a token of ServiceAccount {account}"))?;
    Ok(answer
        .status
        .and_then(|status| status.token)
        .unwrap_or_default())
}
