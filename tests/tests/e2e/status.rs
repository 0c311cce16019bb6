//! `waxwing status --live`: the files of a repository beside what the cluster has of them.

use std::fs;

use serde_json::Value;
use waxwing_api::Reason;
use waxwing_tests::{Run, Terminal, canary::plaintext};

use crate::play;

fn run(terminal: &Terminal, script: &str) -> Run {
    terminal.command(script).output().unwrap().into()
}

/// Seals a Secret into `NAME.yaml`.
fn seal(terminal: &Terminal, namespace: &str, name: &str) {
    let value = plaintext(name);
    let script = format!(
        "kubectl create secret generic {name} -n {namespace} --from-literal=password={value} \
         --dry-run=client -o yaml | waxwing seal -o {name}.yaml"
    );
    terminal.run(&script).unwrap();
}

#[tokio::test]
async fn it_tells_what_is_applied_and_ready_and_what_is_not_as_in_the_file() {
    play("status", async |stage, space| {
        stage.primary().await.unwrap();
        let terminal = Terminal::open(&stage.cluster, "status").unwrap();
        fs::create_dir(terminal.folder().join(".git")).unwrap();
        terminal.run("waxwing init --cluster prod").unwrap();
        let namespace = &space.namespace;
        for name in ["good", "drifted", "moved", "waiting"] {
            seal(&terminal, namespace, name);
        }
        terminal
            .run("sed 's/name: moved/name: elsewhere/' moved.yaml > elsewhere.yaml; rm moved.yaml")
            .unwrap();
        terminal
            .run("kubectl apply -f good.yaml -f drifted.yaml -f elsewhere.yaml")
            .unwrap();
        for name in ["good", "drifted"] {
            space.ready(name).await.unwrap();
        }
        space
            .refused("elsewhere", Reason::ScopeMismatch)
            .await
            .unwrap();
        seal(&terminal, namespace, "drifted");

        let offline = run(&terminal, "waxwing status --kubeconfig /nonexistent");
        assert_eq!(offline.code, 1, "no such kubeconfig: {}", offline.stdout);
        let offline = run(&terminal, "KUBECONFIG=/nonexistent waxwing status");
        assert_eq!(offline.code, 0, "{}", offline.stderr);

        let live = run(&terminal, "waxwing status --live");
        assert_eq!(live.code, 0, "{}", live.stderr);
        for (name, expected) in [
            ("good", "  Ready"),
            ("drifted", "  Ready drifted"),
            ("elsewhere", "  ScopeMismatch"),
            ("waiting", "  not applied"),
        ] {
            let row = format!("{namespace}/{name} ");
            let row = live.stdout.lines().find(|line| line.starts_with(&row));
            assert!(row.unwrap().ends_with(expected), "{}", live.stdout);
        }
        assert!(
            live.stderr.ends_with("1 of 4 Ready and as in the files\n"),
            "{}",
            live.stderr
        );

        // The same by the context alone, for programs.
        let json = terminal
            .run("waxwing status -o json --context $(kubectl config current-context)")
            .unwrap();
        let report: Value = serde_json::from_str(&json).unwrap();
        let moved = report["sealedSecrets"]
            .as_array()
            .unwrap()
            .iter()
            .find(|sealed| sealed["name"] == "elsewhere")
            .unwrap();
        let answer = &moved["live"][0];
        for (field, expected) in [
            ("state", "applied"),
            ("ready", "notReady"),
            ("reason", "ScopeMismatch"),
        ] {
            assert_eq!(answer[field], expected, "{answer}");
        }
        assert!(
            answer["message"].as_str().unwrap().contains("moved"),
            "{answer}"
        );
    })
    .await;
}

#[tokio::test]
async fn who_may_not_look_into_a_namespace_is_told_and_sees_the_rest() {
    play("status-rbac", async |stage, space| {
        stage.primary().await.unwrap();
        let terminal = Terminal::open(&stage.cluster, "status-rbac").unwrap();
        let namespace = &space.namespace;
        seal(&terminal, namespace, "db");
        seal(&terminal, "forbidden", "other");
        let user = stage.cluster.user_kubeconfig().display();
        terminal
            .run(&format!(
                "user=$(kubectl --kubeconfig {user} auth whoami -o jsonpath='{{.status.userInfo.username}}')
                 kubectl create role -n {namespace} look --verb=get,list --resource=sealedsecrets.waxwing.dev
                 kubectl create rolebinding -n {namespace} look --role=look --user=\"$user\""
            ))
            .unwrap();
        let run = run(&terminal, &format!("waxwing status --kubeconfig {user}"));
        assert_eq!(run.code, 1, "{}", run.stdout);
        let lines: Vec<&str> = run.stdout.lines().skip(1).collect();
        assert!(lines[0].ends_with("  not applied"), "{}", run.stdout);
        assert!(lines[1].ends_with("  no answer"), "{}", run.stdout);
        let told = "no permission to get sealedsecrets.waxwing.dev in namespace forbidden";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    })
    .await;
}
