//! `kubectl waxwing`: the plugin, installed as docs/cli.md says, and its completion.

use waxwing_tests::{Terminal, document};

/// Runs a script after the installation of the plugin.
fn with_plugin(script: &str) -> String {
    let sections = document::sections(&document::read("docs/cli.md").unwrap());
    let section = sections
        .into_iter()
        .find(|section| section.heading == "kubectl waxwing");
    let install = section.unwrap().commands.concat();
    let terminal = Terminal::offline().unwrap();
    let script = format!("{install}\nPATH=$PWD/bin:$PATH\n{script}");
    terminal
        .run(&script)
        .unwrap_or_else(|error| panic!("{error}"))
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
    let printed = with_plugin(
        "waxwing keygen -o key.txt
         waxwing init --cluster prod -r $(waxwing keygen -y key.txt)
         kubectl __complete waxwing seal --cluster '' 2>/dev/null",
    );
    assert!(printed.ends_with("\nprod\n:4\n"), "{printed}");
}
