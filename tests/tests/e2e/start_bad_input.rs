//! The controller's start with flags and kubeconfig files that are of no use: it ends, and says why.

use std::process::Command;

use waxwing_tests::{Programs, scratch::Scratch};

/// Runs the controller to its end; returns its exit code and what it said.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(&Programs::debug().unwrap().controller);
    command.env_clear().arg("run").args(arguments);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_flag_or_value_that_it_does_not_know_is_named_and_nothing_starts() {
    for (arguments, words) in [
        (
            &["--concurency", "3"][..],
            &["--concurency", "--concurrency"][..],
        ),
        (&["--concurrency", "0"], &["'0'", "--concurrency"]),
        (
            &["--key-rollover-period", "soon"],
            &["soon", "--key-rollover-period"],
        ),
        (&["--key-algorithm", "rsa"], &["rsa", "--key-algorithm"]),
        (&["--watch-namespace", "Prod"], &["Prod", "a-z"]),
        (&["--http-address", "8080"], &["8080", "--http-address"]),
        (&["--drift-repair", "maybe"], &["maybe", "true", "false"]),
        (&["--log-level", "loud"], &["loud", "--log-level"]),
    ] {
        let (code, said) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: no {word:?} in: {said}");
        }
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_named_and_nothing_starts() {
    let scratch = Scratch::new().unwrap();
    let file = |name, text| scratch.write(name, text).unwrap();
    let no_yaml = file("no-yaml", "clusters: [");
    let empty = file("empty", "apiVersion: v1\nkind: Config\n");
    let missing = scratch.path().join("missing");
    for path in [&no_yaml, &empty, &missing] {
        let (code, said) = run(&["--kubeconfig", path.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{}: {said}", path.display());
        let is_clear = said.contains("no cluster to connect to") && said.contains("--kubeconfig");
        assert!(is_clear, "{}: {said}", path.display());
    }
    let (_, said) = run(&["--kubeconfig", missing.to_str().unwrap()]);
    assert!(
        said.contains(missing.to_str().unwrap()),
        "not which file: {said}"
    );
}
