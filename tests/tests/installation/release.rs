//! docs/install.md, as it is written: the chart as a release on a real API server, from installation to
//! removal.

use std::path::Path;

use waxwing_tests::{
    Cluster, Controller, Stage, Terminal, canary::plaintext, document, go_tools, helm, kustomize,
};

/// The sections of docs/install.md with commands, in the order in which they are run.
const SECTIONS: [&str; 5] = [
    "With Helm",
    "With kustomize",
    "Upgrade",
    "Roll back",
    "Uninstall from Helm",
];

fn commands(heading: &str) -> String {
    let commands = document::commands("docs/install.md", heading).unwrap();
    commands.concat()
}

/// A terminal at the top of a source tree, with that program as `helm`.
fn terminal(cluster: &Cluster, helm: &Path) -> Terminal {
    let terminal = Terminal::open(cluster, "source").unwrap();
    let chart = helm::chart().display().to_string();
    let base = kustomize::base().display().to_string();
    let script = format!(
        "mkdir -p bin deploy/helm && ln -s '{}' bin/helm && cp -R '{chart}' deploy/helm/waxwing && cp -R '{base}' '{base}/../crds' deploy",
        helm.display()
    );
    terminal.run(&script).unwrap();
    terminal
}

fn run(terminal: &Terminal, script: &str) -> String {
    let settings = "export PATH=$PWD/bin:$PATH HELM_CACHE_HOME=$PWD/cache HELM_CONFIG_HOME=$PWD/config HELM_DATA_HOME=$PWD/data\n";
    terminal
        .run(&(settings.to_owned() + script))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn no_section_is_left_out() {
    let with_commands = document::headings_with_commands("docs/install.md").unwrap();
    assert_eq!(with_commands, SECTIONS);
}

/// An older release, whose definitions lack a column, is upgraded, rolled back and removed; the controller
/// works with its roles, and what it made outlives the release.
async fn play(helm: &Path) {
    let mut cluster = Cluster::start().await.unwrap();
    let terminal = terminal(&cluster, helm);
    let definition = "deploy/helm/waxwing/files/crds/sealedsecrets.waxwing.dev.yaml";
    run(
        &terminal,
        &format!(
            "cp {definition} newer.yaml; sed -i 's/name: Stale$/name: Older/' {definition}; \
             ! cmp -s {definition} newer.yaml"
        ),
    );
    run(&terminal, &commands("With Helm"));
    cluster.take_up().await.unwrap();
    let controller = Controller::spawn(&cluster, &[]).await.unwrap();
    let mut stage = Stage {
        controller: Some(controller),
        cluster,
    };
    let space = stage.space("release").await.unwrap();
    let items = [("password", &*plaintext("release"))];
    space.unseal("db", &items).await.unwrap();

    let columns = "kubectl get crd sealedsecrets.waxwing.dev \
                   -o jsonpath='{.spec.versions[0].additionalPrinterColumns[*].name}'";
    assert!(run(&terminal, columns).contains("Older"));
    run(&terminal, &format!("mv newer.yaml {definition}"));
    run(&terminal, &commands("Upgrade"));
    assert!(run(&terminal, columns).contains("Stale"));
    let image = "kubectl get deployment -n waxwing-system waxwing-controller \
                 -o jsonpath='{.spec.template.spec.containers[0].image}'";
    assert!(run(&terminal, image).starts_with("registry.example/"));

    let history = run(&terminal, &commands("Roll back"));
    assert!(history.contains("Rollback to 1"), "{history}");
    assert!(run(&terminal, columns).contains("Older"));
    space.unseal("late", &items).await.unwrap();

    stage.controller.take().unwrap().terminate().unwrap();
    run(&terminal, &commands("Uninstall from Helm"));
    let left = run(
        &terminal,
        "kubectl get deployments,networkpolicies -A -o name",
    );
    assert_eq!(left, "");
    for name in ["db", "late"] {
        space.holds(name, &items).await.unwrap();
    }

    run(&terminal, &commands("With Helm"));
    stage.cluster.take_up().await.unwrap();
    let again = Controller::spawn(&stage.cluster, &[]).await.unwrap();
    stage.controller = Some(again);
    space.unseal("again", &items).await.unwrap();
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn helm_3_installs_upgrades_rolls_back_and_removes_without_losing_anything() {
    play(&go_tools::helm3().unwrap()).await;
}

#[tokio::test]
async fn helm_4_installs_upgrades_rolls_back_and_removes_without_losing_anything() {
    play(&go_tools::helm4().unwrap()).await;
}

#[tokio::test]
async fn kustomize_installs_it_and_helm_takes_it_over() {
    let cluster = Cluster::start().await.unwrap();
    let terminal = terminal(&cluster, &go_tools::helm4().unwrap());
    run(&terminal, &commands("With kustomize"));
    let take_over = "helm install waxwing deploy/helm/waxwing --namespace waxwing-system \
                     --take-ownership --force-conflicts";
    run(&terminal, take_over);
    let label = run(
        &terminal,
        "kubectl get deployment -n waxwing-system waxwing-controller \
         -o jsonpath='{.metadata.labels.app\\.kubernetes\\.io/managed-by}'",
    );
    assert_eq!(label, "Helm");
}
