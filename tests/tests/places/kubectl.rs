//! `kubectl waxwing`: the plugin, installed as docs/cli.md says, and its completion.

use crate::desk::{Desk, documented};

/// Runs a script after the installation of the plugin.
fn with_plugin(script: &str) -> String {
    let install = documented("kubectl waxwing").concat();
    Desk::new().ok(&format!("{install}\nPATH=$PWD/bin:$PATH\n{script}"))
}

#[test]
fn kubectl_runs_it_as_a_plugin() {
    let printed = with_plugin("kubectl plugin list --name-only; kubectl waxwing seal --help");
    assert!(printed.contains("\nkubectl-waxwing\n"), "{printed}");
    assert!(printed.contains("Usage: kubectl waxwing seal"), "{printed}");
}

#[test]
fn an_error_of_the_plugin_is_one_of_kubectl() {
    let printed = with_plugin("! kubectl waxwing validate missing.yaml 2>&1");
    assert!(printed.contains("missing.yaml"), "{printed}");
}

#[test]
fn kubectl_completes_its_arguments() {
    let printed = with_plugin("kubectl __complete waxwing seal --cluster '' 2>/dev/null");
    assert_eq!(printed, "prod\n:4\n");
}
