//! The controller as a process: started, asked, killed and looked at.

use std::{ffi::OsStr, process::Command, process::ExitStatus, time::Duration};

use kube::Client;
use waxwing_api::names::DEFAULT_NAMESPACE;

use crate::{
    cluster::Cluster,
    control_plane::{free_port, get, plain_client, wait_ready},
    error::{Context, HarnessError},
    memory, metrics,
    process::Process,
    programs::Programs,
    usage::Usage,
    wait,
};

/// How long a graceful stop may take.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// A running `waxwing-controller`, with the rights of its ServiceAccount. Dropping it kills it.
#[derive(Debug)]
pub struct Controller {
    process: Process,
    port: u16,
}

impl Controller {
    /// Starts the controller with further arguments, as in `&["--key-rollover-period", "90s"]`, and
    /// returns once it says that it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the error shows the end of its log.
    pub async fn spawn(cluster: &Cluster, args: &[&str]) -> Result<Self, HarnessError> {
        let mut controller = Self::launch(cluster, args)?;
        controller.ready().await?;
        Ok(controller)
    }

    /// Starts the controller without waiting for anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(cluster: &Cluster, args: &[&str]) -> Result<Self, HarnessError> {
        Self::launch_program(&Programs::debug()?.controller, cluster, args)
    }

    /// Starts the controller as the Pod of that name, without waiting for anything. After a crash it
    /// takes the Lease that it left behind at once, as a container that is restarted in its Pod does.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch_as(cluster: &Cluster, pod: &str, args: &[&str]) -> Result<Self, HarnessError> {
        Self::launch_with(cluster, [("POD_NAME", pod)], args)
    }

    /// Starts the controller with further environment variables, without waiting for anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch_with(
        cluster: &Cluster,
        environment: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
        args: &[&str],
    ) -> Result<Self, HarnessError> {
        Self::start(&Programs::debug()?.controller, cluster, args, |command| {
            command.envs(environment);
        })
    }

    /// Starts the given build of the controller without waiting for anything.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch_program(
        program: &std::path::Path,
        cluster: &Cluster,
        args: &[&str],
    ) -> Result<Self, HarnessError> {
        Self::start(program, cluster, args, |_| {})
    }

    fn start(
        program: &std::path::Path,
        cluster: &Cluster,
        args: &[&str],
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, HarnessError> {
        let port = free_port()?;
        let mut command = Command::new(program);
        remove_settings(&mut command);
        command
            .arg("run")
            .args(["--http-address", &format!("127.0.0.1:{port}")])
            .args(args);
        if !args.contains(&"--kubeconfig") {
            command
                .arg("--kubeconfig")
                .arg(cluster.controller_kubeconfig());
        }
        if !args.contains(&"--namespace") {
            command.args(["--namespace", DEFAULT_NAMESPACE]);
        }
        prepare(&mut command);
        let name = format!("waxwing-controller-{port}");
        Ok(Self {
            process: Process::spawn(cluster.scratch(), &name, &mut command)?,
            port,
        })
    }

    /// Waits until `/readyz` says so.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the error shows the end of its log.
    pub async fn ready(&mut self) -> Result<(), HarnessError> {
        let client = self.http()?;
        wait_ready(&mut self.process, &client).await
    }

    /// Whether `/readyz` says so now.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub async fn is_ready(&self) -> Result<bool, HarnessError> {
        Ok(get(&self.http()?, "/readyz").await.is_ok())
    }

    /// What `/readyz` says is not in order now; empty when it is ready.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn problems(&self) -> Result<String, HarnessError> {
        match get(&self.http()?, "/readyz").await {
            Ok(_) => Ok(String::new()),
            Err(kube::Error::Api(answer)) => Ok(answer.message),
            Err(error) => Err(error).context("ask the controller whether it is ready"),
        }
    }

    /// What `/metrics` says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<String, HarnessError> {
        get(&self.http()?, "/metrics")
            .await
            .context("read the controller's metrics")
    }

    /// All that it has logged so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn logs(&self) -> Result<String, HarnessError> {
        std::fs::read_to_string(self.process.log()).context("read the controller's log")
    }

    /// Waits until all of these words are in its log, and returns the log.
    ///
    /// # Errors
    /// When they are not in time, or the log cannot be read.
    pub async fn logged(&self, words: &[&str]) -> Result<String, HarnessError> {
        wait::until(&format!("{words:?} in the log"), async || {
            let log = self.logs().map_err(|error| error.to_string())?;
            if words.iter().all(|word| log.contains(word)) {
                Ok(log)
            } else {
                Err(log)
            }
        })
        .await
    }

    /// All plaintexts of this test process that stand in its memory now. Only root may look.
    ///
    /// # Errors
    /// When it has ended, or its memory may not be read.
    pub fn plaintexts_in_memory(&self) -> Result<Vec<memory::Trace>, HarnessError> {
        memory::plaintexts(self.process.pid())
    }

    /// Whether `text` stands in its memory now. Only root may look.
    ///
    /// # Errors
    /// When it has ended, or its memory may not be read.
    pub fn has_in_memory(&self, text: &str) -> Result<bool, HarnessError> {
        memory::contains(self.process.pid(), text)
    }

    /// CPU time and peak memory up to now.
    ///
    /// # Errors
    /// When it has ended, or the system has no /proc.
    pub fn usage(&self) -> Result<Usage, HarnessError> {
        self.process.usage()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// Has it stand still (SIGSTOP) until it is told to go on.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Has it go on (SIGCONT) where it stood still.
    pub fn go_on(&self) {
        self.process.go_on();
    }

    /// How often it has tried to unseal an object, where its metric has this label; any, if empty.
    ///
    /// # Errors
    /// When it does not answer, or counts in no whole numbers.
    pub async fn unseals(&self, label: &str) -> Result<u64, HarnessError> {
        self.total("waxwing_unseal_total", label).await
    }

    /// How many requests it has made to the API server.
    ///
    /// # Errors
    /// When it does not answer, or counts in no whole numbers.
    pub async fn requests(&self) -> Result<u64, HarnessError> {
        self.total("waxwing_api_requests_total", "").await
    }

    /// The sum of all samples of a metric whose labels hold this text; of all, if it is empty.
    ///
    /// # Errors
    /// When it does not answer, or counts in no whole numbers.
    pub async fn total(&self, metric: &str, label: &str) -> Result<u64, HarnessError> {
        metrics::total(&self.metrics().await?, metric, label)
    }

    /// Waits until that sum is `expected`.
    ///
    /// # Errors
    /// When it is not after `patience`.
    pub async fn to_count(
        &self,
        metric: &str,
        label: &str,
        expected: u64,
        patience: Duration,
    ) -> Result<(), HarnessError> {
        let what = format!("{metric} {label} to be {expected}");
        wait::until_within(patience, &what, async || {
            match self.total(metric, label).await {
                Ok(total) if total == expected => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    /// Whether it says that it leads.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn leads(&self) -> Result<bool, HarnessError> {
        let metrics = self.metrics().await?;
        Ok(metrics.lines().any(|line| line == "waxwing_leader 1"))
    }

    /// Waits until it leads.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn to_lead(&self) -> Result<(), HarnessError> {
        wait::until("the replica to lead", async || match self.leads().await {
            Ok(true) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await
    }

    /// Kills it at once (SIGKILL).
    pub fn kill9(mut self) {
        self.process.kill();
    }

    /// Stops it (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// When it does not stop in time.
    pub fn terminate(mut self) -> Result<ExitStatus, HarnessError> {
        self.process.terminate(STOP_PATIENCE)
    }

    fn http(&self) -> Result<Client, HarnessError> {
        plain_client(self.port)
    }
}

/// What a person has set for their own cluster is nothing for a test.
pub(crate) fn remove_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("WAXWING_") || name_text.starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    command
        .env_remove("KUBECONFIG")
        .env_remove("POD_NAMESPACE")
        .env_remove("POD_NAME");
}
