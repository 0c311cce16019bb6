//! `cargo xtask demo`: the main job, narrated, on a throw-away control plane.

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use waxwing_tests::{Cluster, Controller, Programs, kubectl};

use crate::command::Result;

/// Long enough to look at the first half, short enough to wait for in the second.
const ROLLOVER_PERIOD: &str = "20s";

const PLAINTEXT: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
stringData:
  username: shop
  password: correct horse battery staple
";

/// Runs the demonstration; everything that it starts or writes is gone afterwards.
///
/// # Errors
/// If a step fails, with what it printed.
pub(crate) fn run() -> Result {
    tokio::runtime::Runtime::new()?.block_on(play())
}

async fn play() -> Result {
    say("A real etcd and kube-apiserver start on loopback, with Waxwing installed from deploy/.");
    let cluster = Cluster::installed().await?;
    let terminal = Terminal::new(&cluster)?;
    let controller =
        Controller::spawn(&cluster, &["--key-rollover-period", ROLLOVER_PERIOD]).await?;

    seal_and_unseal(&terminal)?;
    roll_over(&terminal)?;

    say("That was the main job. The control plane stops now, and its files are removed.");
    controller.terminate()?;
    Ok(())
}

fn seal_and_unseal(terminal: &Terminal) -> Result {
    say("1. A Secret as every team has it: anyone who reads the file reads the password.");
    std::fs::write(terminal.folder.join("secret.yaml"), PLAINTEXT)?;
    terminal.run("cat secret.yaml")?;

    say(
        "2. Sealed to the cluster's public key, it may lie in Git. Nobody but the cluster opens it.",
    );
    terminal.run("waxwing seal -f secret.yaml -o sealed-secret.yaml && rm secret.yaml")?;
    terminal.run("cut -c 1-76 sealed-secret.yaml")?;
    terminal.run("waxwing inspect sealed-secret.yaml")?;
    terminal.run("waxwing validate sealed-secret.yaml")?;

    say("3. Applied, by a GitOps tool or by hand, it comes out as a Secret.");
    terminal.run("kubectl create namespace shop")?;
    terminal.run("kubectl apply -f sealed-secret.yaml")?;
    terminal.run("kubectl wait -n shop sealedsecret/db --for=condition=Ready --timeout=30s")?;
    terminal.run("kubectl get -n shop sealedsecrets,secrets")?;
    terminal.run(SHOW_DB)
}

fn roll_over(terminal: &Terminal) -> Result {
    say(
        "4. Keys roll over by themselves: here, for the show, every 20 seconds. A second one appears.",
    );
    terminal.run(
        "while [ $(kubectl get -n waxwing-system sealingkeys -o name | wc -l) -lt 2 ]; do sleep 1; done",
    )?;
    terminal.run("kubectl get -n waxwing-system sealingkeys")?;

    say("5. What is sealed from now on is sealed to the new key.");
    terminal.run(
        "kubectl create secret generic api -n shop --dry-run=client -o yaml --from-literal=token=t0k3n \\\n    | waxwing seal | kubectl apply -f -",
    )?;
    terminal.run("kubectl wait -n shop sealedsecret/api --for=condition=Ready --timeout=30s")?;
    terminal.run("kubectl get -n shop sealedsecrets")?;

    say("6. Both keys open: somebody deletes both Secrets, and both are back, from either key.");
    terminal.run("kubectl delete -n shop secret db api")?;
    terminal.run("kubectl wait -n shop secret/db secret/api --for=create --timeout=30s")?;
    terminal.run(SHOW_DB)?;
    terminal.run(
        "kubectl get -n shop secret api -o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'",
    )
}

const SHOW_DB: &str =
    "kubectl get -n shop secret db -o go-template='{{.data.password | base64decode}}{{\"\\n\"}}'";

fn say(text: &str) {
    println!("\n== {text}\n");
}

/// Where the commands run: an empty folder, with the two programs and kubectl at hand.
struct Terminal {
    folder: PathBuf,
    kubeconfig: PathBuf,
    path: OsString,
}

impl Terminal {
    fn new(cluster: &Cluster) -> Result<Self> {
        let folder = cluster.scratch().path().join("demo");
        std::fs::create_dir(&folder)?;
        let programs = Programs::debug()?;
        let kubectl = kubectl()?;
        let ours = [&programs.waxwing, &kubectl]
            .map(|program| program.parent().unwrap_or(Path::new("/")).to_owned());
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(ours.into_iter().chain(env::split_paths(&others)))?;
        Ok(Self {
            folder,
            kubeconfig: cluster.kubeconfig().to_owned(),
            path,
        })
    }

    /// Shows a command line and runs it, as a person would type it.
    fn run(&self, line: &str) -> Result {
        println!("$ {line}");
        std::io::stdout().flush()?;
        let status = Command::new("sh")
            .args(["-c", line])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig)
            .status()?;
        println!();
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{line}` failed: {status}").into())
        }
    }
}
