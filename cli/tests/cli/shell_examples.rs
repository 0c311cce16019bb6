//! The examples of docs/cli.md that are shell scripts, run as written.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::forge::pair;
use crate::seal::SECRET;
use crate::workshop::{Run, Workshop, finish};

/// The shell scripts in the section of docs/cli.md about `command`, one after the other.
fn scripts(command: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("\n## {command}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("\n```sh\n").skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A repository whose `.waxwing.yaml` says whom to seal to.
fn repository() -> Workshop {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop
        .run(&["init", "--cluster", "prod", "-r", &recipient])
        .ok();
    workshop
}

/// Runs the scripts of a section.
fn run_as_written(workshop: &Workshop, command: &str) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_waxwing")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let script = scripts(command);
    assert!(!script.is_empty(), "{command} has no example");
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(workshop.path(""))
        .env_clear()
        .env("PATH", path)
        .env("HOME", workshop.path(""))
        .env("PASSWORD", "canary-password")
        .env("TOKEN", "canary-token")
        .env("DB_USER", "canary-user");
    finish(&mut shell, b"")
}

/// The SealedSecrets in a workshop.
fn manifests(workshop: &Workshop) -> Vec<String> {
    let files = workshop.files().into_iter();
    files
        .filter(|file| file.ends_with(".yaml") && file != ".waxwing.yaml")
        .collect()
}

fn assert_valid_and_openable(workshop: &Workshop, files: &[String]) {
    for file in files {
        workshop.run(&["validate", file]).quiet();
        workshop
            .run(&["unseal", "-i", "key.txt", "-f", file])
            .quiet();
        assert!(!workshop.read(file).contains("canary"), "{file}");
    }
}

#[test]
fn the_examples_of_create_run_as_written() {
    let workshop = repository();
    let (cert, tls_key) = pair();
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\neA==\n-----END OPENSSH PRIVATE KEY-----\n";
    fs::create_dir(workshop.path("config")).unwrap();
    for (file, content) in [
        ("ca.crt", "ca"),
        ("secret.bin", "\u{1}"),
        ("config/one.conf", "1"),
        (".env", "A=1\n"),
        ("tls.crt", &cert),
        ("tls.key", &tls_key),
        ("config.json", r#"{"auths": {"a.io": {"auth": "eDp5"}}}"#),
        ("id_ed25519", key),
        ("known_hosts", "git.example.com ssh-ed25519 AAAA"),
    ] {
        workshop.write(file, content);
    }
    run_as_written(&workshop, "waxwing create").quiet();
    let made = manifests(&workshop);
    assert_eq!(made.len(), 9, "{made:?}");
    assert_valid_and_openable(&workshop, &made);
}

#[test]
fn the_examples_of_init_run_as_written() {
    let workshop = Workshop::new();
    run_as_written(&workshop, "waxwing init").quiet();
    let hook = workshop.read("repository/.git/hooks/pre-commit");
    assert!(hook.contains("waxwing validate --staged"), "{hook}");
}

#[test]
fn the_examples_of_completions_run_as_written() {
    run_as_written(&Workshop::new(), "waxwing completions").quiet();
}

#[test]
fn the_examples_of_generate_run_as_written() {
    let workshop = repository();
    run_as_written(&workshop, "waxwing generate").quiet();
    let made = manifests(&workshop);
    assert_eq!(made.len(), 8, "{made:?}");
    assert_valid_and_openable(&workshop, &made);
    for (file, start) in [
        ("deploy.pub", "ssh-ed25519 "),
        ("web.crt", "-----BEGIN CERTIFICATE-----\n"),
        ("www.csr", "-----BEGIN CERTIFICATE REQUEST-----\n"),
    ] {
        assert!(workshop.read(file).starts_with(start), "{file}");
    }
}

#[test]
fn the_examples_of_seal_and_unseal_run_as_written() {
    let workshop = repository();
    workshop.write("secret.yaml", SECRET);
    workshop.write("recipients.txt", &workshop.keygen("other.txt", "x25519"));
    workshop.write(
        "config.json",
        "{\"auths\": {\"a.io\": {\"auth\": \"eDp5\"}}}",
    );
    let login = SECRET.replace("  namespace: prod\n", "");
    workshop.write("login.yaml", &login);
    run_as_written(&workshop, "waxwing seal").quiet();
    for file in ["registry.yaml", "shared.yaml", "sealed-login.yaml"] {
        assert_valid_and_openable(&workshop, &[file.to_owned()]);
        let shown = workshop.run(&["inspect", file]).quiet();
        assert!(shown.starts_with("ClusterSealedSecret "), "{shown}");
    }
    let value = workshop.run(&["inspect", "password.txt"]).quiet();
    assert!(value.contains("strict prod/db/password"), "{value}");
    let wide = workshop.run(&["inspect", "wide.yaml"]).quiet();
    assert!(wide.contains("namespace prod"), "{wide}");
    run_as_written(&workshop, "waxwing inspect").quiet();
    run_as_written(&workshop, "waxwing unseal").quiet();
    assert!(workshop.read("opened.yaml").contains("kind: Secret"));
    assert!(workshop.read("opened.json").contains("\"Secret\""));
}

#[test]
fn the_examples_of_reseal_run_as_written() {
    let workshop = repository();
    workshop.keygen("new.txt", "x25519");
    workshop.keygen("other.txt", "x25519");
    workshop
        .run_with(&["seal", "-o", "db.yaml"], SECRET)
        .quiet();
    let said = run_as_written(&workshop, "waxwing reseal").ok();
    assert_eq!(said.matches(": resealed\n").count(), 6, "{said}");
    let opens = |key: &str| workshop.run(&["unseal", "-i", key, "-f", "db.yaml"]).code == 0;
    assert!(opens("new.txt") && !opens("other.txt") && !opens("key.txt"));
}

#[test]
fn the_examples_of_keygen_run_as_written() {
    let workshop = Workshop::new();
    run_as_written(&workshop, "waxwing keygen").quiet();
    let (public, recipients) = (
        workshop.read("public.txt"),
        workshop.read("recovery-recipients.txt"),
    );
    assert_eq!(public, format!("Public key: {recipients}"));
}

#[test]
fn the_examples_of_validate_run_as_written() {
    let workshop = repository();
    workshop.write(".gitignore", "key.txt\n");
    run_as_written(&workshop, "waxwing validate").quiet();
    assert!(workshop.read("waxwing.sarif").contains("\"2.1.0\""));
}

#[test]
fn the_examples_of_set_run_as_written() {
    let workshop = repository();
    for (kind, name) in [("password", "db"), ("tls-cert", "www")] {
        let file = format!("{name}.yaml");
        let args = ["generate", kind, name, "-n", "prod", "-o", &file];
        let host: &[&str] = if kind == "tls-cert" {
            &["--host", "a"]
        } else {
            &[]
        };
        let public = workshop.run(&[&args, host].concat()).quiet();
        workshop.write(&format!("{name}.crt"), &public);
    }
    run_as_written(&workshop, "waxwing set").ok();
    assert_valid_and_openable(&workshop, &manifests(&workshop));
    let opened = workshop.run(&["unseal", "-i", "key.txt", "-f", "db.yaml"]);
    let opened: serde_yaml::Value = serde_yaml::from_str(&opened.quiet()).unwrap();
    let items = opened["data"].as_mapping().unwrap();
    let names: Vec<&str> = items.keys().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(names, ["ca", "password", "token", "user"]);
}
