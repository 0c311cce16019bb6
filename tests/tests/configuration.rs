//! `.waxwing.yaml` with real clusters: one value for two of them, and their keys after a rollover.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::fs;

use serde_json::{Value, json};
use waxwing_crypto::{Algorithm, Identity, Recipient};
use waxwing_tests::{Cluster, Run, Stage, Terminal, canary::plaintext, contexts, wait};

/// A terminal in an empty Git repository.
fn repository(cluster: &Cluster) -> Terminal {
    let terminal = Terminal::open(cluster, "repository").unwrap();
    fs::create_dir(terminal.folder().join(".git")).unwrap();
    terminal
}

fn run(terminal: &Terminal, script: &str) -> Run {
    terminal.command(script).output().unwrap().into()
}

/// Runs what has to go well.
fn ok(terminal: &Terminal, script: &str) -> String {
    let run = run(terminal, script);
    assert_eq!(run.code, 0, "{script}: {}{}", run.stdout, run.stderr);
    run.stdout
}

/// Runs what has to be refused, and returns what it says.
fn refused(terminal: &Terminal, script: &str) -> String {
    let run = run(terminal, script);
    assert_eq!(run.code, 1, "{script}: {}{}", run.stdout, run.stderr);
    run.stdout + &run.stderr
}

fn config(terminal: &Terminal) -> String {
    fs::read_to_string(terminal.folder().join(".waxwing.yaml")).unwrap()
}

fn write(terminal: &Terminal, name: &str, text: &str) {
    fs::write(terminal.folder().join(name), text).unwrap();
}

/// Retires the primary key and waits for the next one.
async fn roll_over(stage: &Stage, terminal: &Terminal) -> Recipient {
    let old = stage.primary().await.unwrap();
    let patch = r#"-n waxwing-system --type=merge -p '{"spec":{"state":"Retired"}}'"#;
    ok(
        terminal,
        &format!("kubectl patch sealingkey {} {patch}", old.key_id()),
    );
    wait::until("another primary key", async || {
        match stage.primary().await {
            Ok(primary) if primary != old => Ok(primary),
            Ok(_) => Err("the old one".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_value_opens_in_two_clusters_each_with_its_own_key() {
    let (east, west) = (
        Stage::own(&[]).await.unwrap(),
        Stage::own(&[]).await.unwrap(),
    );
    let keys = [east.primary().await.unwrap(), west.primary().await.unwrap()];
    assert_ne!(keys[0], keys[1]);
    let terminal = repository(&east.cluster);
    let clusters = [("east", &east.cluster), ("west", &west.cluster)];
    write(
        &terminal,
        "kube.json",
        &contexts::kubeconfig(&clusters).unwrap(),
    );
    ok(
        &terminal,
        "waxwing init --kubeconfig kube.json --context east",
    );
    // The second cluster as the comments and the help say: by hand, its key by sync.
    let both = config(&terminal)
        .replace(
            "\nrecovery:",
            "\n  west:\n    context: west\n    recipients: []\n\nrecovery:",
        )
        .replace("clusters: [east]\n", "clusters: [east, west]\n");
    write(&terminal, ".waxwing.yaml", &both);
    let said = ok(&terminal, "waxwing recipients sync --kubeconfig kube.json");
    assert!(said.contains("updated"), "{said}");
    let expected = both.replace("recipients: []", &format!("recipients: [{}]", keys[1]));
    assert_eq!(config(&terminal), expected);

    let password = plaintext("both");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db", "namespace": "shop" },
        "stringData": { "password": password },
    });
    write(&terminal, "secret.json", &secret.to_string());
    // No cluster can be asked: what is in Git is enough.
    ok(
        &terminal,
        "KUBECONFIG=/nonexistent waxwing seal -f secret.json -o sealed.json",
    );
    for name in ["east", "west"] {
        let found = ok(
            &terminal,
            &format!(
                "k='kubectl --kubeconfig kube.json --context {name}'; $k create namespace shop >&2
                 $k apply -f sealed.json >&2; $k wait -n shop --for=condition=Ready sealedsecret/db >&2
                 $k get secret -n shop db -o jsonpath='{{.data.password}}' | base64 -d"
            ),
        );
        assert_eq!(found, password, "{name}");
    }
    east.assert_no_plaintext_leaked().await.unwrap();
    west.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rollover_sync_takes_the_new_key_into_git_and_until_then_none_is_sealed_to() {
    let stage = Stage::own(&[]).await.unwrap();
    let old = stage.primary().await.unwrap();
    let terminal = repository(&stage.cluster);
    ok(&terminal, "waxwing init --cluster prod");
    let before = config(&terminal);
    assert!(ok(&terminal, "waxwing recipients sync --check").contains("current"));
    let raw = "printf value | waxwing seal --raw --scope cluster --context $(kubectl config current-context)";
    ok(&terminal, raw);

    let new = roll_over(&stage, &terminal).await;

    let told = refused(&terminal, raw);
    for word in [
        &new.key_id().to_string(),
        "prod",
        "recipients sync",
        "--trust-cluster",
    ] {
        assert!(told.contains(word), "{word} in {told}");
    }
    ok(
        &terminal,
        &format!(
            "{raw} --trust-cluster | waxwing inspect | grep {}",
            new.key_id()
        ),
    );
    let told = refused(&terminal, "waxwing recipients sync --check");
    assert!(told.contains("outdated"), "{told}");
    assert_eq!(config(&terminal), before, "--check changed the file");

    let rows = ok(&terminal, "waxwing recipients sync -o json");
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let expected = json!([{
        "cluster": "prod", "state": "updated",
        "oldKey": old.key_id().to_string(), "newKey": new.key_id().to_string(),
    }]);
    assert_eq!(rows, expected);
    assert_eq!(
        config(&terminal),
        before.replace(&old.to_string(), &new.to_string())
    );
    ok(&terminal, "waxwing recipients sync --check");
    ok(&terminal, raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_resealed_to_a_new_key_only_when_it_is_pinned() {
    let stage = Stage::own(&[]).await.unwrap();
    stage.primary().await.unwrap();
    let terminal = repository(&stage.cluster);
    ok(&terminal, "waxwing init --cluster prod");
    write(&terminal, "password", &plaintext("resealed"));
    ok(
        &terminal,
        "waxwing create generic db -n shop --from-file=password -o db.yaml; rm password
         kubectl create namespace shop; kubectl apply -f db.yaml
         kubectl wait -n shop --for=condition=Ready sealedsecret/db",
    );
    let sealed = || fs::read_to_string(terminal.folder().join("db.yaml")).unwrap();
    let before = sealed();
    let new = roll_over(&stage, &terminal).await;
    ok(
        &terminal,
        "kubectl wait -n shop sealedsecret/db --for=jsonpath='{.status.renewal.encryptedData.password}'",
    );

    let told = refused(&terminal, "waxwing reseal --check .");
    assert!(told.contains("item \"password\": stale"), "{told}");
    let told = refused(&terminal, "waxwing reseal .");
    for word in [
        "item \"password\"",
        &format!("primary key {}", new.key_id()),
        "is not what .waxwing.yaml has for prod",
        "waxwing recipients sync",
        "--trust-cluster",
    ] {
        assert!(told.contains(word), "{word} in {told}");
    }
    assert_eq!(sealed(), before);

    let has_new = format!("grep {}", new.key_id());
    ok(
        &terminal,
        &format!(
            "cp db.yaml trusted.yaml; waxwing reseal --trust-cluster trusted.yaml
             waxwing inspect trusted.yaml | {has_new}"
        ),
    );
    ok(
        &terminal,
        &format!("waxwing recipients sync; waxwing reseal .; waxwing inspect db.yaml | {has_new}"),
    );
    ok(&terminal, "waxwing reseal --check .");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_know_the_pinned_key_is_refused_unless_it_is_trusted() {
    let stage = Stage::own(&[]).await.unwrap();
    let primary = stage.primary().await.unwrap();
    let stranger = Identity::generate(Algorithm::MlKem768X25519);
    let stranger = stranger.recipient();
    let terminal = repository(&stage.cluster);
    let context = ok(&terminal, "kubectl config current-context");
    let text = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  other:\n    context: {context}    \
         recipients:\n    - {stranger} # of another day\n  prod:\n    context: {context}    recipients: [ \
         '{primary}' ]\n  gone: {{context: gone, recipients: [{stranger}]}}\n"
    );
    write(&terminal, ".waxwing.yaml", &text);

    let told = refused(&terminal, "waxwing recipients sync");
    for word in [
        &stranger.key_id().to_string(),
        &primary.key_id().to_string(),
        "it may be another cluster",
        "has no context \"gone\"",
        "current",
    ] {
        assert!(told.contains(word), "{word} in {told}");
    }
    assert_eq!(config(&terminal), text);

    // The unreachable one still fails; the rest is done.
    let told = refused(&terminal, "waxwing recipients sync --trust-cluster");
    assert!(told.contains("updated"), "{told}");
    let expected = text.replacen(&stranger.to_string(), &primary.to_string(), 1);
    assert_eq!(config(&terminal), expected);
    ok(
        &terminal,
        "waxwing recipients sync --cluster other --cluster prod --check",
    );
}
