//! examples/gitops: its commands and those of its CI, on two clusters, and what Flux and Argo CD are given.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use waxwing_api::SealedSecret;
use waxwing_tests::{Stage, Terminal, contexts, document};

use crate::argocd::health;

const README: &str = "examples/gitops/README.md";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/gitops")
}

fn commands(heading: &str) -> Vec<String> {
    document::commands(README, heading).unwrap()
}

/// All documents of a file of the example.
fn documents(name: &str) -> Vec<Value> {
    let text = document::read(&format!("examples/gitops/{name}")).unwrap();
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// Every value of the key `name`, however deep.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                if key == name {
                    found.push(value);
                }
                all(value, name, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| all(value, name, found)),
        _ => {}
    }
}

/// The commands of a CI workflow that are waxwing's.
fn commands_of_ci(file: &str) -> Vec<String> {
    let workflow = documents(file).remove(0);
    let mut found = Vec::new();
    all(&workflow, "run", &mut found);
    all(&workflow, "script", &mut found);
    let lines = found.into_iter().flat_map(|value| match value {
        Value::Array(lines) => lines.iter().collect(),
        line => vec![line],
    });
    let lines = lines.filter_map(Value::as_str);
    lines
        .filter(|line| line.starts_with("waxwing "))
        .map(ToOwned::to_owned)
        .collect()
}

/// The repository, cloned on a machine with a context for each of the two clusters.
struct Clone(Terminal);

impl Clone {
    fn new(staging: &Stage, prod: &Stage) -> Self {
        let terminal = Terminal::open(&staging.cluster, "gitops").unwrap();
        let clusters = [("staging", &staging.cluster), ("prod", &prod.cluster)];
        let kubeconfig = contexts::kubeconfig(&clusters).unwrap();
        staging
            .cluster
            .scratch()
            .write("both.json", &kubeconfig)
            .unwrap();
        let clone = Self(terminal);
        clone.run(&format!("cp -R '{}'/. .", example().display()));
        clone
    }

    fn run(&self, script: &str) -> String {
        let settings = "export KUBECONFIG=$PWD/../both.json HOME=$PWD/.. GIT_CONFIG_NOSYSTEM=1
            export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
            export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com TOKEN=given";
        let run = self.0.run(&format!("{settings}\n{script}"));
        run.unwrap_or_else(|error| panic!("{error}"))
    }

    fn object(&self, context: &str, resource: &str) -> Value {
        let get = format!("kubectl --context {context} get -n shop -o json {resource}");
        serde_json::from_str(&self.run(&get)).unwrap()
    }

    fn run_ci(&self) {
        for file in [".github/workflows/secrets.yaml", ".gitlab-ci.yml"] {
            let commands = commands_of_ci(file);
            assert_eq!(commands.len(), 5, "{file}: {commands:?}");
            self.run(&commands.join("\n"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repository_serves_two_clusters_from_the_first_commit_to_a_rollover() {
    let (staging, prod) = (
        Stage::own(&[]).await.unwrap(),
        Stage::own(&[]).await.unwrap(),
    );
    for stage in [&staging, &prod] {
        stage.primary().await.unwrap();
    }
    let clone = Clone::new(&staging, &prod);
    for heading in ["Look", "Make it yours", "Deploy"] {
        clone.run(&commands(heading).concat());
    }
    clone.run_ci();
    let secrets = ["staging", "prod"].map(|context| clone.object(context, "secret/db"));
    assert_ne!(secrets[0]["data"], secrets[1]["data"]);

    let [edit, rollover] = &commands("Day by day")[..] else {
        panic!("another number of commands");
    };
    clone.run(edit);
    let deploy = commands("Deploy").concat();
    clone.run(&deploy);
    clone.run("kubectl --context prod wait -n shop secret/db --for=jsonpath='{.data.API_TOKEN}' --timeout=60s");
    assert_eq!(
        clone.object("prod", "secret/db")["data"]["API_TOKEN"],
        "Z2l2ZW4="
    );

    clone.run(
        "waxwing keys rotate --context prod
         kubectl --context prod wait -n shop sealedsecret/db --for=jsonpath='{.status.renewal}' --timeout=60s
         ! waxwing recipients sync --check
         ! waxwing reseal --check --trust-cluster --context prod overlays/prod",
    );
    clone.run(rollover);
    clone.run(&deploy);
    clone.run_ci();
    for stage in [staging, prod] {
        stage.assert_no_plaintext_leaked().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cd_tells_the_health_of_live_objects() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("health").await.unwrap();
    let good = space.unseal("db", &[("k", "v")]).await.unwrap();
    let mut moved = space.seal("db", &[("k", "v")]).await.unwrap();
    moved.metadata.name = Some("moved".to_owned());
    space.apply(&moved).await.unwrap();
    let told = space
        .refused("moved", waxwing_api::Reason::ScopeMismatch)
        .await
        .unwrap();
    let moved: SealedSecret = space.sealed_secrets().get("moved").await.unwrap();
    let mut changed = json!(good);
    changed["metadata"]["generation"] = json!(7);
    for (object, status, message) in [
        (json!(good), "Healthy", ""),
        (json!(moved), "Degraded", told.as_str()),
        (changed, "Progressing", "waiting for waxwing-controller"),
        (
            json!({ "metadata": {} }),
            "Progressing",
            "waiting for waxwing-controller",
        ),
    ] {
        for kind in ["SealedSecret", "ClusterSealedSecret"] {
            let (found, said) = health(kind, &object);
            assert_eq!(found, status, "{said}");
            assert!(said.contains(message), "{said}");
        }
    }
}

#[test]
fn flux_and_argo_cd_are_given_the_overlay_of_their_cluster() {
    for cluster in ["staging", "prod"] {
        let flux = documents(&format!("clusters/{cluster}/flux.yaml"));
        let argocd = documents(&format!("clusters/{cluster}/argocd.yaml"));
        let overlay = format!("overlays/{cluster}");
        assert_eq!(flux[1]["kind"], "Kustomization");
        assert_eq!(flux[1]["spec"]["path"], format!("./{overlay}"));
        assert_eq!(
            flux[1]["spec"]["sourceRef"]["name"],
            flux[0]["metadata"]["name"]
        );
        assert_eq!(argocd[0]["spec"]["source"]["path"], overlay);
        assert!(example().join(overlay).join("kustomization.yaml").is_file());
    }
}
