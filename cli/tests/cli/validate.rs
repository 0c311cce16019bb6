//! `waxwing validate`: every finding, each with its file and line.

use crate::seal::SECRET;
use crate::workshop::{Workshop, finish};

fn sealed(workshop: &Workshop) -> String {
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet()
}

#[test]
fn what_waxwing_seals_is_valid_and_nothing_is_said() {
    let workshop = Workshop::new();
    workshop.write("db.yaml", &sealed(&workshop));
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    workshop.write("other.yaml", other);
    assert_eq!(
        workshop.run(&["validate", "db.yaml", "other.yaml"]).quiet(),
        ""
    );
}

#[test]
fn every_finding_of_every_file_is_told_with_file_and_line_first() {
    let workshop = Workshop::new();
    let good = sealed(&workshop);
    let line_of = |text: &str, wanted: &str| {
        1 + text
            .lines()
            .position(|line| line.trim_start().starts_with(wanted))
            .unwrap()
    };
    let moved = good.replacen("  namespace: prod", "  namespace: dev", 1);
    workshop.write("moved.yaml", &moved);
    let renamed = good.replacen("    username: ", "    user: ", 1);
    workshop.write("renamed.yaml", &renamed);
    let broken = good.replacen("encryptedData:\n", "encryptedData:\n    broken: '%'\n", 1);
    workshop.write("broken.yaml", &broken);
    workshop.write("good.yaml", &good);
    workshop.write("no.yaml", "a: [\n");

    let files = [
        "moved.yaml",
        "good.yaml",
        "renamed.yaml",
        "broken.yaml",
        "no.yaml",
        "gone.yaml",
    ];
    let run = workshop.run(&[&["validate"], &files[..]].concat());
    assert_eq!(run.code, 1);
    let starts = [
        format!("moved.yaml:{}: ", line_of(&moved, "password: ")),
        format!("moved.yaml:{}: ", line_of(&moved, "username: ")),
        format!("renamed.yaml:{}: ", line_of(&renamed, "user: ")),
        format!("broken.yaml:{}: ", line_of(&broken, "broken: ")),
        "no.yaml:".to_owned(),
    ];
    let findings: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(findings.len(), starts.len(), "{}", run.stdout);
    for (finding, start) in findings.iter().zip(&starts) {
        assert!(finding.starts_with(start.as_str()), "{start}: {finding}");
    }
    assert!(
        findings[0].contains("strict prod/db/password"),
        "{}",
        findings[0]
    );
    assert!(
        run.stderr.contains("error: gone.yaml: cannot be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn standard_input_can_be_validated() {
    let workshop = Workshop::new();
    let good = sealed(&workshop);
    workshop.run_with(&["validate", "-"], &good).quiet();
    let run = workshop.run_with(
        &["validate", "-"],
        good.replacen("name: db", "name: other", 1),
    );
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("stdin:"), "{}", run.stdout);
}

#[test]
fn an_item_that_is_there_twice_is_told_with_both_lines_and_windows_line_endings_are_no_fault() {
    let workshop = Workshop::new();
    let good = sealed(&workshop);
    let windows = good.replace('\n', "\r\n");
    workshop.write("windows.yaml", &windows);
    assert_eq!(workshop.run(&["validate", "windows.yaml"]).quiet(), "");
    let lines: Vec<&str> = good.lines().collect();
    let is_item = |line: &&str| line.starts_with("    password: ");
    let first = 1 + lines.iter().position(is_item).unwrap();
    let mut twice = lines.clone();
    twice.insert(first, lines[first - 1]);
    workshop.write("twice.yaml", &twice.join("\r\n"));
    let run = workshop.run(&["validate", "twice.yaml"]);
    let expected = format!(
        "twice.yaml:{}: document 1: SealedSecret prod/db: spec.encryptedData: the key \"password\" is there twice, first on line {first}; remove one of them [invalid-object]\n",
        first + 1
    );
    assert_eq!((run.code, run.stdout), (1, expected));
}

#[test]
fn the_repository_of_waxwing_keeps_its_own_rule() {
    let workshop = Workshop::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut command = workshop.command(&["validate", "."]);
    let run = finish(command.current_dir(root), b"");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("allowed by waxwing:allow"),
        "{}",
        run.stderr
    );
}
