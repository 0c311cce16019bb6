//! `cargo xtask demo`: the main job, narrated, on a throw-away control plane.

use std::io::Write as _;

use waxwing_tests::{Cluster, Controller, Terminal};

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
    let terminal = Terminal::open(&cluster, "demo")?;
    let controller =
        Controller::spawn(&cluster, &["--key-rollover-period", ROLLOVER_PERIOD]).await?;

    waxwing_tests::stage::primary(&cluster.client().await?).await?;
    seal_and_unseal(&terminal)?;
    roll_over(&terminal)?;

    say("That was the main job. The control plane stops now, and its files are removed.");
    controller.terminate()?;
    Ok(())
}

fn seal_and_unseal(terminal: &Terminal) -> Result {
    say("1. A Secret as every team has it: anyone who reads the file reads the password.");
    std::fs::write(terminal.folder().join("secret.yaml"), PLAINTEXT)?;
    run_line(terminal, "cat secret.yaml")?;

    say(
        "2. Sealed to the cluster's public key, it may lie in Git. Nobody but the cluster opens it.",
    );
    run_line(
        terminal,
        "waxwing seal -f secret.yaml -o sealed-secret.yaml && rm secret.yaml",
    )?;
    run_line(terminal, "cut -c 1-76 sealed-secret.yaml")?;
    run_line(terminal, "waxwing inspect sealed-secret.yaml")?;
    run_line(terminal, "waxwing validate sealed-secret.yaml")?;

    say("3. Applied, by a GitOps tool or by hand, it comes out as a Secret.");
    run_line(terminal, "kubectl create namespace shop")?;
    run_line(terminal, "kubectl apply -f sealed-secret.yaml")?;
    run_line(
        terminal,
        "kubectl wait -n shop sealedsecret/db --for=condition=Ready --timeout=30s",
    )?;
    run_line(terminal, "kubectl get -n shop sealedsecrets,secrets")?;
    run_line(terminal, SHOW_DB)
}

fn roll_over(terminal: &Terminal) -> Result {
    say(
        "4. Keys roll over by themselves: here, for the show, every 20 seconds. A second one appears.",
    );
    run_line(
        terminal,
        "while [ $(kubectl get -n waxwing-system sealingkeys -o name | wc -l) -lt 2 ]; do sleep 1; done",
    )?;
    run_line(terminal, "kubectl get -n waxwing-system sealingkeys")?;

    say("5. What is sealed from now on is sealed to the new key.");
    run_line(
        terminal,
        "kubectl create secret generic api -n shop --dry-run=client -o yaml --from-literal=token=t0k3n \\\n    | waxwing seal | kubectl apply -f -",
    )?;
    run_line(
        terminal,
        "kubectl wait -n shop sealedsecret/api --for=condition=Ready --timeout=30s",
    )?;
    run_line(terminal, "kubectl get -n shop sealedsecrets")?;

    say("6. Both keys open: somebody deletes both Secrets, and both are back, from either key.");
    run_line(terminal, "kubectl delete -n shop secret db api")?;
    run_line(
        terminal,
        "kubectl wait -n shop secret/db secret/api --for=create --timeout=30s",
    )?;
    run_line(terminal, SHOW_DB)?;
    run_line(
        terminal,
        "kubectl get -n shop secret api -o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'",
    )
}

const SHOW_DB: &str =
    "kubectl get -n shop secret db -o go-template='{{.data.password | base64decode}}{{\"\\n\"}}'";

fn say(text: &str) {
    println!("\n== {text}\n");
}

/// Shows a command line and runs it, as a person would type it.
fn run_line(terminal: &Terminal, line: &str) -> Result {
    println!("$ {line}");
    std::io::stdout().flush()?;
    let status = terminal.command(line).status()?;
    println!();
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed: {status}").into())
    }
}
