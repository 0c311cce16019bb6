//! `waxwing validate` finds what must not be in Git in clear, in files of any kind.

use std::fs;

use serde_json::Value;

use crate::forge::pair;
use crate::seal::SECRET;
use crate::workshop::{Workshop, finish};

/// The ids of the rules that are broken, with file and line.
pub(crate) fn broken(workshop: &Workshop, args: &[&str]) -> Vec<String> {
    let run = workshop.run(&[&["validate", "-o", "json"], args].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(run.code, i32::from(!findings.is_empty()), "{}", run.stderr);
    let told = findings.iter().map(|finding| {
        let file = finding["file"].as_str().unwrap();
        format!(
            "{file}:{} {}",
            finding["line"],
            finding["rule"].as_str().unwrap()
        )
    });
    told.collect()
}

#[test]
fn secrets_in_clear_are_found_wherever_they_lie() {
    let workshop = Workshop::new();
    workshop.keygen("key.txt", "mlkem768x25519");
    let identity = workshop.read("key.txt");
    let (_, pem) = pair();
    fs::create_dir_all(workshop.path("apps/.hidden")).unwrap();
    let indented: String = pem.lines().map(|line| format!("    {line}\n")).collect();
    for (file, text) in [
        ("apps/a.yaml", SECRET.to_owned()),
        ("apps/a.yaml.bak", SECRET.to_owned()),
        ("apps/b.json", r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "eA=="}}"#.to_owned()),
        ("apps/c.yaml", format!("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n- {}", SECRET.replace('\n', "\n  "))),
        ("apps/d.yaml", format!("kind: ConfigMap\napiVersion: v1\nmetadata: {{name: c}}\ndata:\n  key: |\n{indented}")),
        ("apps/.hidden/.env", format!("KEY={}", identity.lines().last().unwrap())),
        ("apps/tls.key", pem.clone()),
        ("apps/kubeseal.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: sealed-secrets-key\n  labels: {sealedsecrets.bitnami.com/sealed-secrets-key: active}\ndata: {tls.key: eA==}\n".to_owned()),
        ("apps/windows.yaml", SECRET.replace('\n', "\r\n")),
    ] {
        workshop.write(file, &text);
    }
    let line = 1 + identity.lines().count() - 1;
    assert_eq!(
        broken(&workshop, &["."]),
        [
            "apps/.hidden/.env:1 age-identity".to_owned(),
            "apps/a.yaml:1 plaintext-secret".to_owned(),
            "apps/a.yaml.bak:1 plaintext-secret".to_owned(),
            "apps/b.json:1 plaintext-secret".to_owned(),
            "apps/c.yaml:6 plaintext-secret".to_owned(),
            "apps/d.yaml:6 private-key".to_owned(),
            "apps/kubeseal.yaml:1 sealing-key".to_owned(),
            "apps/tls.key:1 private-key".to_owned(),
            "apps/windows.yaml:1 plaintext-secret".to_owned(),
            format!("key.txt:{line} age-identity"),
        ]
    );
    let run = workshop.run(&["validate", "."]);
    assert!(
        run.stdout.contains(
            "apps/a.yaml:1: document 1: Secret prod/db: has values in clear: username, password [plaintext-secret]\n"
        ),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.starts_with("error: 10 findings\nhelp: seal it"),
        "{}",
        run.stderr
    );
    let said = run.stdout + &run.stderr;
    assert!(!said.contains("canary") && !said.contains(identity.lines().last().unwrap()));
}

#[test]
fn what_gives_nothing_away_and_what_git_does_not_see_is_no_finding() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.write(".gitignore", "key.txt\n*.local.yaml\n");
    workshop.write("db.local.yaml", SECRET);
    workshop.write(
        "README.md",
        &format!("AGE-SECRET-KEY-1… {recipient}\n```yaml\n{SECRET}```\n"),
    );
    workshop.write("token.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\ntype: kubernetes.io/service-account-token\n");
    fs::write(workshop.path("image.png"), b"\x89PNG\0AGE-SECRET-KEY-1\0").unwrap();
    fs::write(workshop.path("crypted.yaml"), b"\0GITCRYPT\0\xff").unwrap();
    workshop.write("package.json", "{\"kind\": \"other\"}");
    assert_eq!(broken(&workshop, &["."]), [""; 0]);
    assert_eq!(workshop.run(&["validate", "."]).quiet(), "");
}

#[test]
fn a_mark_allows_what_is_meant_and_is_counted() {
    let workshop = Workshop::new();
    workshop.keygen("key.txt", "x25519");
    let identity = workshop.read("key.txt");
    let identity = identity.lines().last().unwrap();
    workshop.write(
        "key.txt",
        &format!("# waxwing:allow a throw-away key\n{identity}\n"),
    );
    workshop.write(
        "two.txt",
        &format!("{identity} # waxwing:allow\n{identity}\n"),
    );
    let marked = SECRET.replacen('\n', " # waxwing:allow\n", 1);
    workshop.write(
        "secret.yaml",
        &format!("# waxwing:allow\n{SECRET}---\n{marked}---\n{SECRET}"),
    );
    workshop.write("no.yaml", "# waxwing:allow\na: [\n");
    let line = 1 + 2 * (SECRET.lines().count() + 1) + 1;
    assert_eq!(
        broken(&workshop, &["."]),
        [
            format!("secret.yaml:{line} plaintext-secret"),
            "two.txt:2 age-identity".to_owned()
        ]
    );
    let run = workshop.run(&["validate", "."]);
    assert!(
        run.stderr.contains("5 allowed by waxwing:allow\n"),
        "{}",
        run.stderr
    );
    let run = workshop.run(&["validate", "key.txt"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, "1 allowed by waxwing:allow\n");
}

#[test]
fn templates_of_manifests_are_searched_for_keys_only() {
    let workshop = Workshop::new();
    let template = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n{{- if .x }}\ndata:\n  a: {{ .x }}\n{{- end }}\n";
    workshop.write("secret.yaml", template);
    let run = workshop.run(&["validate", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, "1 templates, searched for private keys only\n");
    let (_, pem) = pair();
    workshop.write(
        "secret.yaml",
        &format!("{template}# {}", pem.replace('\n', "\n# ")),
    );
    assert_eq!(broken(&workshop, &["."]), ["secret.yaml:8 private-key"]);
}

#[test]
fn the_name_of_a_file_cannot_steer_the_terminal() {
    let workshop = Workshop::new();
    workshop.write("a\u{1b}[2Jb.yaml", SECRET);
    let mut command = workshop.command(&["validate", ".", "gone\u{1b}[2J"]);
    let run = finish(command.env("CLICOLOR_FORCE", "1"), b"");
    assert!(
        run.stdout.starts_with("a\u{fffd}[2Jb.yaml:1: "),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains(" gone\u{fffd}[2J: cannot be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_file_over_the_limit_is_named_and_not_searched() {
    let workshop = Workshop::new();
    let file = fs::File::create(workshop.path("dump.sql")).unwrap();
    file.set_len(16 * 1024 * 1024 + 1).unwrap();
    let run = workshop.run(&["validate", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(
        run.stderr
            .starts_with("warning: dump.sql: is larger than 16 MiB, and was not searched\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_broken_file_among_many_is_told_and_the_others_are_searched() {
    let workshop = Workshop::new();
    for number in 0..300 {
        workshop.write(&format!("{number:03}.yaml"), "kind: ConfigMap\n");
    }
    workshop.write("100.yaml", "kind: SealedSecret\nspec: [\n");
    fs::write(workshop.path("150.yaml"), b"kind: \xff\n").unwrap();
    workshop.write("200.yaml", SECRET);
    assert_eq!(
        broken(&workshop, &["."]),
        [
            "100.yaml:3 syntax",
            "150.yaml:1 syntax",
            "200.yaml:1 plaintext-secret"
        ]
    );
    let run = workshop.run(&["validate", ".", "gone"]);
    assert_eq!((run.code, run.stdout.lines().count()), (1, 3));
    assert!(
        run.stderr.contains("error: gone: cannot be read: "),
        "{}",
        run.stderr
    );
}
