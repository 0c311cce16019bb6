//! What holds for every command: help, exit codes, pipes and colours.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use clap::{Arg, Command};

use crate::workshop::{Workshop, finish};

/// The names of all commands, those of the first level only.
fn commands() -> Vec<String> {
    let command = waxwing::command();
    let commands = command.get_subcommands();
    commands
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// Every command that does something, by the words that are typed for it.
fn leaves() -> Vec<(String, Command)> {
    fn collect(words: &str, command: &Command, leaves: &mut Vec<(String, Command)>) {
        if !command.has_subcommands() {
            leaves.push((words.to_owned(), command.clone()));
        }
        for inner in command.get_subcommands() {
            collect(&format!("{words} {}", inner.get_name()), inner, leaves);
        }
    }
    let mut leaves = Vec::new();
    collect("waxwing", &waxwing::command(), &mut leaves);
    leaves
}

#[test]
fn every_command_explains_itself_with_examples() {
    let workshop = Workshop::new();
    let overview = workshop.run(&["--help"]).quiet();
    for command in commands() {
        assert!(
            overview.contains(&format!("  {command} ")),
            "{command} is not in the overview"
        );
        let help = workshop.run(&[&command, "--help"]).quiet();
        assert!(help.contains("Examples:\n"), "{command} has no examples");
        assert!(help.contains(&format!("waxwing {command}")), "{command}");
    }
}

#[test]
fn every_help_tells_the_exit_codes() {
    for (words, command) in leaves() {
        let help = command.get_after_help().unwrap().to_string();
        assert_eq!(help.matches("Exit codes: 0 ").count(), 1, "{words}: {help}");
    }
    let help = Workshop::new().run(&["keys", "rotate", "--help"]).quiet();
    assert!(help.contains("Exit codes: 0 done, 1 "), "{help}");
}

#[test]
fn every_command_has_its_section_in_the_document() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    for command in commands() {
        let title = format!("\n## waxwing {command}");
        let is_there = page
            .split(&title)
            .skip(1)
            .any(|rest| rest.starts_with(['\n', ' ', ',']));
        assert!(is_there, "{command} has no section in docs/cli.md");
    }
}

/// Commands that print no report: manifests and files in a format of their own, or nothing.
const NO_REPORT: [&str; 16] = [
    "completions",
    "create",
    "edit",
    "generate",
    "keygen",
    "keys backup",
    "keys export",
    "krm",
    "post-render",
    "rename",
    "schema",
    "seal",
    "set",
    "textconv",
    "unseal",
    "unset",
];

#[test]
fn every_report_is_there_as_json_too() {
    for (words, command) in leaves() {
        let output = command
            .get_arguments()
            .find(|argument| argument.get_id() == "output");
        let formats = output.map(Arg::get_possible_values).unwrap_or_default();
        let has_json = formats.iter().any(|format| format.get_name() == "json");
        let is_exempt = NO_REPORT
            .iter()
            .any(|exempt| words.starts_with(&format!("waxwing {exempt}")));
        assert!(has_json || is_exempt, "{words} has no -o json");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = Workshop::new().run(&["--version"]).quiet();
    assert_eq!(version, format!("waxwing {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_ends_with_exit_code_2() {
    let workshop = Workshop::new();
    for args in [
        &["frobnicate"][..],
        &["seal", "--scope", "galaxy"],
        &["seal", "--name", "db"],
        &["seal", "--controller-namespace", "a/b"],
        &["seal", "--raw", "--format", "json"],
        &["unseal"],
        &["validate"],
        &["keygen", "--algorithm", "rot13"],
        &["keygen", "key.txt"],
        &["inspect", "-o", "xml"],
    ] {
        let run = workshop.run(args);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{args:?}: {}",
            run.stderr
        );
        assert!(
            run.stderr.starts_with("error: "),
            "{args:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let workshop = Workshop::new();
    for args in [
        &["completions", "bash"][..],
        &["--help"],
        &["keygen", "--algorithm", "x25519"],
    ] {
        let mut command = workshop.command(args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            run.status.code(),
            Some(0),
            "{args:?}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        assert!(
            !String::from_utf8_lossy(&run.stderr).contains("error"),
            "{args:?}"
        );
    }
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let workshop = Workshop::new();
    let mut command = workshop.command(&["keygen", "-y", "missing.txt"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(command.stderr(writer).status().unwrap().code(), Some(1));
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let workshop = Workshop::new();
    let args = ["keygen", "-y", "missing.txt"];
    let plain = workshop.run(&args).refused();
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let forced = finish(workshop.command(&args).env("CLICOLOR_FORCE", "1"), b"").refused();
    assert!(forced.contains('\u{1b}'), "{forced:?}");
    let mut refused = workshop.command(&args);
    let refused = finish(refused.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"), b"").refused();
    assert!(!refused.contains('\u{1b}'), "{refused:?}");
}

#[test]
fn a_device_or_a_pipe_may_be_the_output_file() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let secret =
        "{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: prod}, stringData: {a: b}}";
    let mut child = workshop
        .command(&["seal", "-r", &recipient, "-o", "/dev/stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(secret.as_bytes())
        .unwrap();
    let mut sealed = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut sealed)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(sealed.contains("kind: SealedSecret"), "{sealed}");
}
