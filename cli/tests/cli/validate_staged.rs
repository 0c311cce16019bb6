//! `waxwing validate --staged`: what is about to be committed, and nothing else.

use std::fs;
use std::process::Command;

use crate::seal::SECRET;
use crate::validate_leaks::broken;
use crate::workshop::Workshop;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

fn git(workshop: &Workshop, args: &[&str]) -> bool {
    let user = ["-c", "user.name=a", "-c", "user.email=a@b.test"];
    let mut git = Command::new("git");
    let git = git.args(user).args(args).current_dir(workshop.path(""));
    let output = git.env("HOME", workshop.path("")).output().unwrap();
    output.status.success()
}

fn repository() -> Workshop {
    let workshop = Workshop::new();
    fs::create_dir(workshop.path("apps")).unwrap();
    assert!(git(&workshop, &["init", "-q", "."]));
    workshop
}

/// The broken rules among what is staged.
fn staged(workshop: &Workshop, args: &[&str]) -> Vec<String> {
    broken(workshop, &[&["--staged"], args].concat())
}

#[test]
fn the_index_counts_and_not_what_lies_in_the_folder() {
    let workshop = repository();
    workshop.write("apps/old.yaml", SECRET);
    assert!(git(&workshop, &["add", "."]));
    assert_eq!(staged(&workshop, &[]), ["apps/old.yaml:1 plaintext-secret"]);
    assert!(git(&workshop, &["commit", "-qm", "old"]));
    assert_eq!(staged(&workshop, &[]), [""; 0]);

    workshop.write("apps/new.yaml", SECRET);
    workshop.write("a b.txt", "x");
    assert!(git(&workshop, &["add", "."]));
    workshop.write("apps/new.yaml", CONFIG_MAP);
    workshop.write("apps/untracked.yaml", SECRET);
    assert_eq!(staged(&workshop, &[]), ["apps/new.yaml:1 plaintext-secret"]);
    assert_eq!(staged(&workshop, &["a b.txt"]), [""; 0]);

    assert!(git(&workshop, &["add", "apps/new.yaml"]));
    workshop.write("apps/new.yaml", SECRET);
    assert_eq!(staged(&workshop, &[]), [""; 0]);
    assert!(git(&workshop, &["rm", "-q", "-f", "apps/old.yaml"]));
    assert_eq!(staged(&workshop, &[]), [""; 0]);
}

#[test]
fn paths_are_told_from_the_current_folder() {
    let workshop = repository();
    workshop.write("a.yaml", SECRET);
    workshop.write("apps/b.yaml", SECRET);
    assert!(git(&workshop, &["add", "."]));
    let mut command = workshop.command(&["validate", "--staged"]);
    let output = command
        .env("PATH", std::env::var_os("PATH").unwrap())
        .current_dir(workshop.path("apps"))
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let files: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(files, ["../a.yaml", "../apps/b.yaml"]);
}

#[test]
fn the_config_in_the_index_says_which_clusters_a_file_is_for() {
    let workshop = repository();
    let (prod, staging) = (
        workshop.keygen("prod.key", "x25519"),
        workshop.keygen("staging.key", "x25519"),
    );
    let sealed = workshop.run_with(&["seal", "-r", &staging], SECRET).quiet();
    workshop.write("apps/db.yaml", &sealed);
    workshop.write(".waxwing.yaml", &format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  prod: {{recipients: [{prod}]}}\n  \
         staging: {{recipients: [{staging}]}}\nrules: [{{path: /apps/, clusters: [prod]}}]\n"
    ));
    assert!(git(&workshop, &["add", "apps"]));
    assert_eq!(staged(&workshop, &[]), [""; 0]);
    assert!(git(&workshop, &["add", ".waxwing.yaml"]));
    workshop.write(".waxwing.yaml", "broken: [");
    let line = 1 + sealed
        .lines()
        .position(|line| line.contains("password: "))
        .unwrap();
    assert_eq!(
        staged(&workshop, &[]),
        [format!("apps/db.yaml:{line} wrong-cluster")]
    );
    assert!(git(&workshop, &["add", ".waxwing.yaml"]));
    let run = workshop.run(&["validate", "--staged"]);
    assert!(
        run.stderr.contains("error: .waxwing.yaml:1"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_repository_or_without_git_there_is_a_way_on() {
    let workshop = Workshop::new();
    let error = workshop.run(&["validate", "--staged"]).refused();
    assert!(
        error.contains("error: git rev-parse failed: fatal: not a git repository")
            && error.contains("help: run it in a Git repository, or name the files"),
        "{error}"
    );
    let mut command = workshop.command(&["validate", "--staged"]);
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("error: the program git is not there\nhelp: install git"),
        "{error}"
    );
}
