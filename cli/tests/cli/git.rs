//! `waxwing init --git` and what it sets up, with the real git.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workshop::{Run, Workshop, finish, mode};

/// A clone of a repository, with a recipient to seal to.
struct Clone {
    workshop: Workshop,
    recipient: String,
}

impl Clone {
    fn new() -> Self {
        let workshop = Workshop::new();
        let recipient = workshop.keygen("key.txt", "x25519");
        let clone = Self {
            workshop,
            recipient,
        };
        clone.ok("git init -q . && echo key.txt > .gitignore");
        clone
    }

    /// Runs a script, with waxwing, git and the usual tools at hand.
    fn run(&self, script: &str) -> Run {
        let program = Path::new(env!("CARGO_BIN_EXE_waxwing")).parent().unwrap();
        self.run_at(&format!("{}:/usr/bin:/bin", program.display()), script)
    }

    fn run_at(&self, path: &str, script: &str) -> Run {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", script])
            .current_dir(self.workshop.path(""))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.workshop.path(""))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("RECIPIENT", &self.recipient);
        for who in ["AUTHOR", "COMMITTER"] {
            shell
                .env(format!("GIT_{who}_NAME"), "test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.com");
        }
        finish(&mut shell, b"")
    }

    fn ok(&self, script: &str) -> String {
        self.run(script).ok()
    }

    /// Commits `db.yaml` as it was sealed first, and seals another password into it.
    fn change_a_password(&self) {
        let create = |password: &str| {
            self.ok(&format!(
                "printf {password} | waxwing create generic db -n prod -r $RECIPIENT \
                 --from-file=user=key.txt --from-file=password=-"
            ))
        };
        let old = create("old");
        self.workshop.write("db.yaml", &old);
        self.ok("git add . && git commit -qm first --no-verify");
        let is_password = |line: &&str| line.starts_with("    password: ");
        let new = create("new");
        let [from, to] = [&old, &new].map(|text| text.lines().find(is_password).unwrap());
        self.workshop.write("db.yaml", &old.replace(from, to));
    }
}

#[test]
fn git_diff_shows_in_words_what_became_of_a_value() {
    let clone = Clone::new();
    let said = clone.run("waxwing init --git").quiet();
    assert_eq!(
        said,
        "diff.waxwing.textconv: set for this clone\n\
         .gitattributes: added the files that git diff makes readable; commit it\n\
         .git/hooks/pre-commit: written\n"
    );
    clone.change_a_password();
    let diff = clone.ok("git diff");
    let body = diff.split_once("\n@@").unwrap().1;
    let changed: Vec<&str> = body
        .lines()
        .filter(|line| line.starts_with(['-', '+']))
        .collect();
    let [old, new] = changed.as_slice() else {
        panic!("{diff}")
    };
    for (line, sign) in [(old, '-'), (new, '+')] {
        let start = format!("{sign}    password: sealed 20");
        assert!(line.starts_with(&start), "{diff}");
        assert!(line.contains("Z, strict prod/db/password, key "), "{diff}");
    }
    assert!(!diff.contains("YWdl"), "{diff}");
    assert!(diff.contains("\n     user: sealed 20"), "{diff}");
}

#[test]
fn git_diff_works_where_waxwing_is_not_there_or_the_file_is_none_of_its_own() {
    let clone = Clone::new();
    clone.ok("waxwing init --git");
    clone.change_a_password();
    let diff = clone.run_at("/usr/bin:/bin", "git diff").ok();
    assert!(diff.contains("+    password: YWdl"), "{diff}");
    fs::write(clone.workshop.path("other.yaml"), b"a: \xff\n").unwrap();
    clone.ok("git add other.yaml && printf 'b: {' > other.yaml");
    let diff = clone.ok("git diff other.yaml | cat -v");
    assert!(diff.contains("\n+b: {"), "{diff}");
}

#[test]
fn a_second_run_changes_nothing() {
    let clone = Clone::new();
    clone.ok("waxwing init --git");
    let files = [".git/config", ".gitattributes", ".git/hooks/pre-commit"];
    let before = files.map(|file| clone.workshop.read(file));
    let said = clone
        .run("mkdir sub && cd sub && waxwing init --git")
        .quiet();
    assert_eq!(said.matches(" already\n").count(), 3, "{said}");
    assert_eq!(files.map(|file| clone.workshop.read(file)), before);
    assert_eq!(mode(&clone.workshop.path(files[2])), 0o755);
}

#[test]
fn what_the_user_has_set_up_is_never_overwritten_and_the_rest_is_done() {
    let clone = Clone::new();
    clone.ok(
        "echo 'make lint' > .git/hooks/pre-commit; git config diff.waxwing.textconv mine
         printf '*.json diff=mine' > .gitattributes",
    );
    let run = clone.run("waxwing init --git");
    assert_eq!(run.code, 1);
    for told in [
        "error: diff.waxwing.textconv: is set to something else",
        "error: .git/hooks/pre-commit: exists already",
        "help: add this line to it: waxwing validate --staged || exit 1",
    ] {
        assert!(run.stderr.contains(told), "{told} in {}", run.stderr);
    }
    assert_eq!(clone.workshop.read(".git/hooks/pre-commit"), "make lint\n");
    assert_eq!(clone.ok("git config diff.waxwing.textconv"), "mine\n");
    assert_eq!(
        clone.workshop.read(".gitattributes"),
        "*.json diff=mine\n*.yaml diff=waxwing\n*.yml diff=waxwing\n"
    );
    // As it is told.
    clone.ok("git config --local --unset diff.waxwing.textconv
         echo 'waxwing validate --staged || exit 1' >> .git/hooks/pre-commit
         waxwing init --git");
}

#[test]
fn the_hook_is_written_where_git_looks_for_it() {
    let clone = Clone::new();
    clone.ok("git config core.hooksPath hooks/of/ours && waxwing init --git");
    assert_eq!(
        mode(&clone.workshop.path("hooks/of/ours/pre-commit")),
        0o755
    );

    let clone = Clone::new();
    clone.ok("git commit -q --allow-empty -m first && git worktree add -q tree");
    let said = clone.ok("cd tree && waxwing init --git");
    assert!(said.contains("pre-commit: written"), "{said}");
    assert!(clone.workshop.path(".git/hooks/pre-commit").exists());
    assert!(clone.workshop.path("tree/.gitattributes").exists());

    let clone = Clone::new();
    clone.ok("mkdir shared && git config --global core.hooksPath ~/shared");
    let run = clone.run("waxwing init --git");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("core.hooksPath"), "{}", run.stderr);
    assert!(!clone.workshop.path("shared/pre-commit").exists());
}

#[test]
fn without_a_repository_or_without_git_it_says_so() {
    let workshop = Workshop::new();
    let clone = Clone {
        recipient: String::new(),
        workshop,
    };
    let error = clone.run("waxwing init --git").refused();
    assert!(error.contains("not a git repository"), "{error}");
    clone.ok("git init -q --bare bare.git");
    let error = clone.run("waxwing init --git bare.git").refused();
    assert!(error.contains("work tree"), "{error}");

    let clone = Clone::new();
    fs::create_dir(clone.workshop.path("bin")).unwrap();
    let script = format!("{} init --git", env!("CARGO_BIN_EXE_waxwing"));
    let path = clone.workshop.path("bin").display().to_string();
    let error = clone.run_at(&path, &script).refused();
    assert!(error.contains("the program git is not there"), "{error}");
    let run = clone.run("waxwing init --git --cluster prod");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_commit_with_a_plaintext_secret_is_refused_and_with_a_sealed_one_it_is_made() {
    let clone = Clone::new();
    clone.ok("waxwing init --git && git add . && git commit -qm 'set up'");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n\
                  stringData: {password: canary}\n";
    clone.workshop.write("secret.yaml", secret);
    let run = clone.run("git add secret.yaml && git commit -qm plaintext");
    assert_ne!(run.code, 0);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("secret.yaml:"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    clone.ok(
        "waxwing seal -r $RECIPIENT -f secret.yaml -o db.yaml && git rm -q --cached secret.yaml
         git add db.yaml && git commit -qm sealed",
    );
    let committed = clone.ok("git log --format=%s --name-only");
    assert_eq!(
        committed,
        "sealed\n\ndb.yaml\nset up\n\n.gitattributes\n.gitignore\n"
    );
}
