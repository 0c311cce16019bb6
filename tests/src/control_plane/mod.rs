//! A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager.
//!
//! ```text
//! credentials ──> api_server ──> etcd
//!                     ^── controller_manager (garbage collection, namespace deletion)
//! ```
//! There is no kubelet and no scheduler: nothing of Waxwing needs a running pod. The controller runs
//! beside it as an ordinary process, with the ServiceAccount's token.

mod binaries;
mod credentials;
mod history;
mod kubeconfig;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kube::{Client, Config, config::KubeConfigOptions, config::Kubeconfig};

use crate::{
    error::{Context, HarnessError},
    process::Process,
    scratch::Scratch,
};
use binaries::Binaries;
pub use binaries::kubectl;
pub(crate) use credentials::ORDINARY_USER;
use credentials::{ADMIN, Credentials};

/// How long a server may take to become ready: some 2 s on an idle machine.
const START_PATIENCE: Duration = Duration::from_secs(90);

/// How often a start is tried with other ports: between the choice of a free port and its use by a
/// server, another process may take it.
const START_TRIES: usize = 3;

/// The servers of one cluster, and their files.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    // Dropped in this order: the servers before what they write to.
    controller_manager: Option<Process>,
    api_server: Option<Process>,
    etcd: Option<Process>,
    binaries: Binaries,
    pub(crate) credentials: Credentials,
    ports: Ports,
    api_server_flags: Vec<String>,
    pub(crate) scratch: Scratch,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    etcd: u16,
    etcd_peer: u16,
    api_server: u16,
}

impl ControlPlane {
    /// Starts etcd and the API server with further flags, and returns once the API server is ready.
    pub(crate) async fn start(api_server_flags: &[&str]) -> Result<Self, HarnessError> {
        let binaries = Binaries::find()?;
        let scratch = Scratch::new()?;
        let credentials = Credentials::make(&scratch)?;
        let ports = Ports::choose()?;
        let mut plane = Self {
            controller_manager: None,
            api_server: None,
            etcd: None,
            binaries,
            credentials,
            ports,
            api_server_flags: api_server_flags.iter().map(ToString::to_string).collect(),
            scratch,
        };
        for _ in 1..START_TRIES {
            match plane.start_servers().await {
                Ok(()) => return Ok(plane),
                Err(error) => {
                    eprintln!("the control plane did not start, trying other ports: {error}");
                    plane.kill_api_server();
                    plane.kill_etcd();
                    plane.ports = Ports::choose()?;
                }
            }
        }
        plane.start_servers().await?;
        Ok(plane)
    }

    async fn start_servers(&mut self) -> Result<(), HarnessError> {
        self.start_etcd()?;
        self.start_api_server().await
    }

    /// Where the API server listens.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.api_server)
    }

    /// The admin's kubeconfig.
    pub(crate) fn admin_kubeconfig(&self) -> Result<PathBuf, HarnessError> {
        self.write_kubeconfig(ADMIN, ADMIN)
    }

    /// The ordinary user's kubeconfig.
    pub(crate) fn user_kubeconfig(&self) -> Result<PathBuf, HarnessError> {
        self.write_kubeconfig(ORDINARY_USER, ORDINARY_USER)
    }

    /// Starts etcd, on the data of an earlier run if there are any. The API server waits for it.
    pub(crate) fn start_etcd(&mut self) -> Result<(), HarnessError> {
        let client = format!("http://127.0.0.1:{}", self.ports.etcd);
        let peer = format!("http://127.0.0.1:{}", self.ports.etcd_peer);
        let mut command = Command::new(&self.binaries.etcd);
        command
            .arg("--data-dir")
            .arg(self.scratch.path().join("etcd"))
            .args([
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
            ])
            .args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ])
            .args(["--initial-cluster", &format!("default={peer}")])
            // What is lost in a power cut of the test machine is of no use anyway.
            .args(["--unsafe-no-fsync", "--log-level", "warn"]);
        self.etcd = Some(Process::spawn(&self.scratch, "etcd", &mut command)?);
        Ok(())
    }

    /// Starts the API server and waits until it is ready.
    pub(crate) async fn start_api_server(&mut self) -> Result<(), HarnessError> {
        let files = &self.credentials;
        let mut command = Command::new(&self.binaries.api_server);
        command
            .args([
                "--bind-address",
                "127.0.0.1",
                "--secure-port",
                &self.ports.api_server.to_string(),
            ])
            .args([
                "--etcd-servers",
                &format!("http://127.0.0.1:{}", self.ports.etcd),
            ])
            .arg("--tls-cert-file")
            .arg(&files.server_certificate)
            .arg("--tls-private-key-file")
            .arg(&files.server_key)
            .arg("--service-account-signing-key-file")
            .arg(&files.service_account_key)
            .arg("--service-account-key-file")
            .arg(&files.service_account_public_key)
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .arg("--token-auth-file")
            .arg(&files.tokens)
            .args([
                "--authorization-mode",
                "RBAC",
                "--service-cluster-ip-range",
                "10.0.0.0/24",
            ])
            .args(["--endpoint-reconciler-type", "none"])
            .args(&self.api_server_flags);
        self.api_server = Some(Process::spawn(
            &self.scratch,
            "kube-apiserver",
            &mut command,
        )?);
        let kubeconfig = self.admin_kubeconfig()?;
        let client = client(&kubeconfig).await?;
        let process = self.api_server.as_mut().expect("it was set above");
        wait_ready(process, &client).await
    }

    /// Starts garbage collection and the deletion of namespaces. To be called when the CRDs are
    /// there: the garbage collector takes up to 30 s to notice kinds that come later.
    pub(crate) fn start_controller_manager(&mut self) -> Result<(), HarnessError> {
        let mut command = Command::new(&self.binaries.controller_manager);
        command
            .arg("--kubeconfig")
            .arg(self.admin_kubeconfig()?)
            .args([
                "--controllers",
                "garbage-collector-controller,namespace-controller",
            ])
            .args(["--leader-elect=false", "--secure-port=0"])
            .args(["--kube-api-qps=300", "--kube-api-burst=300"]);
        self.controller_manager = Some(Process::spawn(
            &self.scratch,
            "kube-controller-manager",
            &mut command,
        )?);
        Ok(())
    }

    /// Kills the API server at once.
    pub(crate) fn kill_api_server(&mut self) {
        self.api_server = None;
    }

    /// Kills etcd at once. Its data stay.
    pub(crate) fn kill_etcd(&mut self) {
        self.etcd = None;
    }
}

impl Ports {
    fn choose() -> Result<Self, HarnessError> {
        Ok(Self {
            etcd: free_port()?,
            etcd_peer: free_port()?,
            api_server: free_port()?,
        })
    }
}

/// A TCP port of the loopback interface that nothing listens on.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> Result<u16, HarnessError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// A client for the current context of a kubeconfig file.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client, HarnessError> {
    let options = KubeConfigOptions::default();
    let config =
        Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig)?, &options).await?;
    waxwing_client::client(&config).context("make a Kubernetes client")
}

/// A client of a server of loopback that knows neither TLS nor users.
pub(crate) fn plain_client(port: u16) -> Result<Client, HarnessError> {
    let url = format!("http://127.0.0.1:{port}");
    let mut config = Config::new(url.parse().expect("the address is a URL"));
    config.default_retry = false;
    waxwing_client::client(&config).context("make an HTTP client")
}

/// Waits until `/readyz` says so to `client`, or `process` ends.
pub(crate) async fn wait_ready(process: &mut Process, client: &Client) -> Result<(), HarnessError> {
    let deadline = tokio::time::Instant::now() + START_PATIENCE;
    loop {
        if get(client, "/readyz").await.is_ok() {
            return Ok(());
        }
        if let Some(status) = process.ended() {
            return Err(process.failure(format!("ended at its start ({status})")));
        }
        if tokio::time::Instant::now() > deadline {
            return Err(process.failure(format!(
                "was not ready within {} s",
                START_PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Reads a path of a server as text.
pub(crate) async fn get(client: &Client, path: &str) -> Result<String, kube::Error> {
    let request = http::Request::get(path)
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    client.request_text(request).await
}
