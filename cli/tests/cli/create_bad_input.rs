//! `waxwing create`: what is refused, with the next step and without the value.

use std::fs;

use crate::forge::{Forge, pair};
use crate::workshop::Workshop;

#[test]
fn a_certificate_and_a_key_that_are_no_pair_are_refused() {
    let forge = Forge::new();
    let (cert, key) = pair();
    let other = pair().1;
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\neA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let unknown = "-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n";
    let damaged = "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n";
    for (cert, key, told) in [
        (
            cert.as_str(),
            other.as_str(),
            "k.pem: is not the private key of the first certificate in c.pem",
        ),
        (&key, &key, "c.pem: holds no certificate"),
        ("", &key, "c.pem: holds no certificate"),
        (damaged, &key, "c.pem: its first certificate is damaged"),
        (&cert, &cert, "k.pem: holds no private key"),
        (&cert, encrypted, "k.pem: the private key is encrypted"),
        (&cert, unknown, "k.pem: the private key is none of"),
    ] {
        forge.workshop.write("c.pem", cert);
        forge.workshop.write("k.pem", key);
        let args = [
            "create",
            "tls",
            "web",
            "--cert=c.pem",
            "--key=k.pem",
            "-o",
            "out.yaml",
        ];
        let error = forge.run(&args, "").refused();
        assert!(error.starts_with(&format!("error: {told}")), "{error}");
        assert!(error.contains("\nhelp: "), "{error}");
        assert!(!forge.workshop.path("out.yaml").exists());
    }
}

#[test]
fn a_file_that_exists_is_never_overwritten() {
    let forge = Forge::new();
    forge.workshop.write("db.yaml", "as it was");
    let args = [
        "create",
        "generic",
        "db",
        "--from-file=a=-",
        "-o",
        "db.yaml",
    ];
    let error = forge.run(&args, "x").refused();
    assert!(
        error.starts_with("error: db.yaml: exists already"),
        "{error}"
    );
    assert_eq!(forge.workshop.read("db.yaml"), "as it was");
    let args = [
        "create",
        "generic",
        "db",
        "--from-file=a=-",
        "-o",
        "new.yaml",
    ];
    assert_eq!(forge.run(&args, "x").quiet(), "");
    assert_eq!(
        forge.opened(&forge.workshop.read("new.yaml")).text("a"),
        "x"
    );
    assert_eq!(forge.workshop.files(), ["db.yaml", "key.txt", "new.yaml"]);
}

#[test]
fn bad_input_is_told_with_the_next_step_and_without_the_value() {
    let forge = Forge::new();
    forge.workshop.write("a", "1");
    forge.workshop.write("bad name", "1");
    forge.workshop.write("id.pub", "ssh-ed25519 AAAA me");
    forge
        .workshop
        .write(".env", "A=1\nexport B=canary\ncanary\nA=2\n");
    fs::create_dir(forge.workshop.path("empty")).unwrap();
    for (args, told) in [
        (
            &["generic", "Bad_Name", "--from-file=a"][..],
            "NAME \"Bad_Name\": is not a name for an object",
        ),
        (&["generic", "x"], "Secret prod/x: has no items"),
        (
            &["generic", "x", "--from-file=empty"],
            "Secret prod/x: has no items",
        ),
        (
            &["generic", "x", "--from-file=missing"],
            "missing: cannot be read",
        ),
        (
            &["generic", "x", "--from-file=a", "--from-file=a=a"],
            "--from-file=a=a: the item \"a\" is there already",
        ),
        (
            &["generic", "x", "--from-file=bad name"],
            "--from-file=bad name: the name of the item is not a name",
        ),
        (
            &["generic", "x", "--from-file=key=empty"],
            "--from-file=key=empty: is a folder",
        ),
        (
            &["generic", "x", "--from-file=-"],
            "--from-file=-: there is no file name",
        ),
        (
            &["generic", "x", "--from-file=k="],
            "--from-file=k=: the name of the item or the path is missing",
        ),
        (
            &["generic", "x", "--from-file=k=a=b"],
            "--from-file=k=a=b: neither",
        ),
        (
            &["generic", "x", "--from-literal=canary"],
            "--from-literal number 1: is not ITEM=VALUE",
        ),
        (
            &[
                "generic",
                "x",
                "--from-literal",
                "a=1",
                "--from-literal=can@ry==canary",
            ],
            "--from-literal number 2: the name of the item is not a name",
        ),
        (
            &["generic", "x", "--from-file=a=-", "--from-file=b=-"],
            "standard input would be read twice",
        ),
        (
            &["generic", "x", "--from-file=a", "--type=kubernetes.io/tls"],
            "Secret prod/x: Kubernetes demands of a Secret of type kubernetes.io/tls",
        ),
        (
            &["generic", "x", "--from-file=a", "-o", "yaml"],
            "-o yaml: -o names a file here",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:2: does not start with the name of a variable",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:3: has no =, and the environment has no variable",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:4: the item \"A\" is there already",
        ),
        (
            &["basic-auth", "x", "--from-file=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["basic-auth", "x", "--password-stdin"],
            "--password: the password is empty",
        ),
        (
            &["ssh-auth", "x", "--from-file=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["ssh-auth", "x", "--ssh-privatekey=id.pub"],
            "item \"ssh-privatekey\": is no private key",
        ),
        (
            &["docker-registry", "x", "--from-file=a=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["docker-registry", "x", "--from-file=id.pub"],
            "Secret prod/x: Kubernetes demands",
        ),
    ] {
        let run = forge.run(&[&["create"], args].concat(), "");
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (1, ""),
            "{args:?}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains(&format!("error: {told}")),
            "{args:?}: {}",
            run.stderr
        );
        assert!(!run.stderr.contains("canary"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn every_bad_source_is_told_not_only_the_first() {
    let forge = Forge::new();
    let args = [
        "create",
        "generic",
        "x",
        "--from-file=one",
        "--from-file=two",
    ];
    let error = forge.run(&args, "").refused();
    assert!(
        error.contains("error: one: ") && error.contains("error: two: "),
        "{error}"
    );
}

#[test]
fn more_than_a_secret_may_hold_is_refused() {
    let forge = Forge::new();
    let args = ["create", "generic", "x", "--from-file=a=-"];
    let error = forge.run(&args, vec![0; 1024 * 1024 + 1]).refused();
    assert!(
        error.contains("Secret prod/x: its values have more than 1 MiB"),
        "{error}"
    );
    forge.run(&args, vec![0; 1024 * 1024]).quiet();
}

#[test]
fn without_a_namespace_nothing_is_read_and_default_is_not_assumed() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let args = [
        "create",
        "generic",
        "x",
        "--from-file=missing",
        "-r",
        &recipient,
    ];
    let error = workshop.run(&args).refused();
    assert!(
        error.starts_with("error: no namespace is known\nhelp: pass -n"),
        "{error}"
    );
}

#[test]
fn half_a_pair_is_wrong_usage() {
    let forge = Forge::new();
    for (args, missing) in [
        (&["tls", "x", "--cert=a"][..], "--key"),
        (&["tls", "x", "--key=a"], "--cert"),
        (
            &["docker-registry", "x", "--docker-username=u"],
            "--docker-password-stdin",
        ),
        (
            &["docker-registry", "x", "--docker-password-stdin"],
            "--docker-username",
        ),
        (
            &[
                "docker-registry",
                "x",
                "--from-file=a",
                "--docker-username=u",
            ],
            "--from-file",
        ),
        (
            &["generic", "x", "--from-env-file=a", "--from-file=a"],
            "--from-env-file",
        ),
        (
            &["basic-auth", "x", "--password=p", "--password-stdin"],
            "--password-stdin",
        ),
        (&["generic"], "NAME"),
    ] {
        let run = forge.run(&[&["create"], args].concat(), "");
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.stderr.contains(missing), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn no_typed_value_is_repeated_whatever_is_wrong() {
    let forge = Forge::new();
    for args in [
        &["create", "generic", "X", "--from-literal=a=canary"][..],
        &[
            "create",
            "generic",
            "x",
            "--from-literal=a=canary",
            "--scope=no",
        ],
        &[
            "create",
            "basic-auth",
            "x",
            "--password=canary",
            "--password-stdin",
        ],
        &["create", "docker-registry", "x", "--docker-password=canary"],
    ] {
        let run = forge.run(args, "");
        assert_ne!(run.code, 0);
        assert!(!run.stderr.contains("canary"), "{args:?}: {}", run.stderr);
    }
}
