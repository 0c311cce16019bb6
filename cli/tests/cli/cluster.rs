//! What `waxwing seal` says when it cannot ask a cluster, and what it takes from a kubeconfig.

use std::net::TcpListener;

use crate::workshop::{Workshop, finish};

const NAMELESS: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: canary\n";

fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: home\nclusters:\n- name: c\n  cluster: {{server: \"{server}\"}}\n\
         users:\n- name: u\n  user: {{token: canary-token}}\ncontexts:\n\
         - name: home\n  context: {{cluster: c, user: u, namespace: shop}}\n\
         - name: bare\n  context: {{cluster: c, user: u}}\n"
    )
}

/// The address of a port on loopback that nobody listens on.
fn deserted() -> String {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    format!("http://127.0.0.1:{port}")
}

#[test]
fn without_a_kubeconfig_the_error_says_what_was_tried_and_how_to_seal_offline() {
    let error = Workshop::new()
        .run_with(&["seal", "-n", "prod"], NAMELESS)
        .refused();
    assert!(error.contains("~/.kube/config"), "{error}");
    assert!(error.contains("-r RECIPIENT"), "{error}");
}

#[test]
fn an_unreachable_cluster_is_named_with_its_server_context_and_kubeconfig() {
    let workshop = Workshop::new();
    let server = deserted();
    workshop.write("kube.yaml", &kubeconfig(&server));
    let error = workshop
        .run_with(&["seal", "--kubeconfig", "kube.yaml"], NAMELESS)
        .refused();
    for told in [
        &server,
        "context \"home\"",
        "kube.yaml",
        "Connection refused",
        "-r RECIPIENT",
    ] {
        assert!(error.contains(told), "{told} in {error}");
    }
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn a_context_or_a_kubeconfig_that_is_not_there_is_named() {
    let workshop = Workshop::new();
    workshop.write("kube.yaml", &kubeconfig(&deserted()));
    let args = ["seal", "--kubeconfig", "kube.yaml", "--context", "work"];
    let error = workshop.run_with(&args, NAMELESS).refused();
    assert!(error.contains("has no context \"work\""), "{error}");
    assert!(error.contains("home, bare"), "{error}");
    let error = workshop
        .run_with(&["seal", "--kubeconfig", "gone.yaml"], NAMELESS)
        .refused();
    assert!(error.contains("kubeconfig gone.yaml"), "{error}");
}

#[test]
fn a_credential_plugin_that_fails_is_quoted_in_what_it_tells_people_and_in_nothing_else() {
    let workshop = Workshop::new();
    let script = "echo canary-output; echo please log in >&2; exit 3; canary-argument";
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, \
         env: [{{name: TOKEN, value: canary-environment}}], args: [-c, \"{script}\"]}}"
    );
    let kubeconfig = kubeconfig(&deserted()).replace("token: canary-token", &exec);
    workshop.write("kube.yaml", &kubeconfig);
    let mut command = workshop.command(&["seal", "--kubeconfig", "kube.yaml"]);
    let error = finish(command.env("PATH", "/usr/bin:/bin"), NAMELESS.as_bytes()).refused();
    assert!(error.contains("(exit status: 3): please log in"), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn what_is_wrong_with_the_kubeconfig_is_said_once_for_all_secrets() {
    let workshop = Workshop::new();
    workshop.write("kube.yaml", "clusters: [\n");
    let recipient = workshop.keygen("key.txt", "x25519");
    let args = ["seal", "-r", &recipient, "--kubeconfig", "kube.yaml"];
    let error = workshop
        .run_with(&args, format!("{NAMELESS}---\n{NAMELESS}"))
        .refused();
    assert_eq!(
        error.matches("is not a valid kubeconfig").count(),
        1,
        "{error}"
    );
}

#[test]
fn the_kubeconfig_may_come_from_the_environment() {
    let workshop = Workshop::new();
    workshop.write("kube.yaml", &kubeconfig(&deserted()));
    let recipient = workshop.keygen("key.txt", "x25519");
    let mut command = workshop.command(&["seal", "-r", &recipient]);
    let sealed = finish(
        command.env("KUBECONFIG", workshop.path("kube.yaml")),
        NAMELESS.as_bytes(),
    )
    .quiet();
    assert!(sealed.contains("namespace: shop"), "{sealed}");
}

#[test]
fn the_namespace_comes_from_the_manifest_then_the_flag_then_the_context_and_is_never_guessed() {
    let workshop = Workshop::new();
    workshop.write("kube.yaml", &kubeconfig(&deserted()));
    let recipient = workshop.keygen("key.txt", "x25519");
    let named = NAMELESS.replace("name: db", "name: db\n  namespace: own");
    let cases: [(&str, &[&str], Option<&str>); 5] = [
        (
            &named,
            &["-n", "flag", "--kubeconfig", "kube.yaml"],
            Some("own"),
        ),
        (
            NAMELESS,
            &["-n", "flag", "--kubeconfig", "kube.yaml"],
            Some("flag"),
        ),
        (NAMELESS, &["--kubeconfig", "kube.yaml"], Some("shop")),
        (
            NAMELESS,
            &["--kubeconfig", "kube.yaml", "--context", "bare"],
            None,
        ),
        (NAMELESS, &[], None),
    ];
    for (manifest, flags, expected) in cases {
        let args = [&["seal", "-r", &recipient], flags].concat();
        let run = workshop.run_with(&args, manifest);
        match expected {
            Some(namespace) => assert!(
                run.quiet().contains(&format!("namespace: {namespace}\n")),
                "{flags:?}"
            ),
            None => assert!(run.refused().contains("no metadata.namespace"), "{flags:?}"),
        }
    }
}

#[test]
fn a_cluster_that_does_not_answer_in_kubernetes_words_is_no_panic() {
    let workshop = Workshop::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::{Read, Write};
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
            );
        }
    });
    workshop.write("kube.yaml", &kubeconfig(&server));
    let error = workshop
        .run_with(&["seal", "--kubeconfig", "kube.yaml"], NAMELESS)
        .refused();
    assert!(
        error.contains("could not list sealingkeys.waxwing.dev"),
        "{error}"
    );
}
