//! The program under its other names.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::workshop::{Run, Workshop, finish};

/// Runs the program by a link of this name.
fn run_as(workshop: &Workshop, name: &str, args: &[&str]) -> Run {
    let link = workshop.path(name);
    symlink(env!("CARGO_BIN_EXE_waxwing"), &link).unwrap();
    let mut command = Command::new(&link);
    command
        .args(args)
        .current_dir(workshop.path(""))
        .env_clear();
    let run = finish(&mut command, b"");
    std::fs::remove_file(link).unwrap();
    run
}

#[test]
fn as_a_plugin_of_kubectl_its_help_says_kubectl_waxwing() {
    let workshop = Workshop::new();
    for (args, usage) in [
        (&["--help"][..], "Usage: kubectl waxwing <COMMAND>"),
        (&["seal", "--help"], "Usage: kubectl waxwing seal [OPTIONS]"),
        (&["keys", "list", "-h"], "Usage: kubectl waxwing keys list"),
    ] {
        let help = run_as(&workshop, "kubectl-waxwing", args).quiet();
        assert!(help.contains(usage), "{args:?}: {help}");
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
        let commands = examples.replace("kubectl waxwing ", "");
        assert!(!commands.contains(" waxwing "), "{args:?}: {examples}");
    }
    let run = run_as(&workshop, "kubectl-waxwing", &["seal", "--frobnicate"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("Usage: kubectl waxwing seal"),
        "{}",
        run.stderr
    );
}

#[test]
fn as_a_plugin_of_kubectl_it_does_the_same() {
    let workshop = Workshop::new();
    workshop.keygen("key.txt", "x25519");
    let recipient = run_as(&workshop, "kubectl-waxwing", &["keygen", "-y", "key.txt"]).quiet();
    assert_eq!(
        recipient,
        workshop.run(&["keygen", "-y", "key.txt"]).quiet()
    );
}

#[test]
fn as_the_completion_of_that_plugin_it_prints_what_kubectl_reads() {
    let workshop = Workshop::new();
    let printed = run_as(&workshop, "kubectl_complete-waxwing", &["comp"]).quiet();
    let (candidate, directive) = printed.split_once('\n').unwrap();
    assert!(
        candidate.starts_with("completions\tPrint a script"),
        "{printed}"
    );
    assert_eq!(directive, ":4\n");
}
