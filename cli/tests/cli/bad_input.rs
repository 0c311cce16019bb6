//! Bad input of every kind: exit code 1, the place and the object are named, nothing is written and
//! nothing of a value is repeated.

use crate::seal::SECRET;
use crate::workshop::Workshop;

/// What must never show in an error: the values of these inputs hold it.
const CANARY: &str = "canary";

fn secret(metadata: &str, body: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {metadata}\n{body}\n")
}

#[test]
fn seal_refuses_what_is_no_good_secret_and_says_where() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    let here = "{name: db, namespace: prod}";
    let large = "canary--".repeat(1024 * 1024 / 8) + "!";
    let cases: &[(&str, String, &[&str])] = &[
        (
            "no YAML",
            "a: [canary\nb: c\n".into(),
            &["in.yaml:", "document 1", "not valid YAML"],
        ),
        (
            "no JSON",
            "{\"kind\": \"Secret\", canary".into(),
            &["in.yaml:1", "document 1"],
        ),
        ("a scalar", "canary".into(), &["in.yaml"]),
        (
            "an empty file",
            String::new(),
            &["in.yaml: holds no Secret"],
        ),
        (
            "no Secret",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n".into(),
            &["in.yaml: holds no Secret"],
        ),
        (
            "no name",
            secret("{namespace: prod}", "stringData: {a: canary}"),
            &["in.yaml:", "document 1: Secret", "has no metadata.name"],
        ),
        (
            "no namespace",
            secret("{name: db}", "stringData: {a: canary}"),
            &["Secret db", "has no metadata.namespace", "-n NAMESPACE"],
        ),
        (
            "no base64",
            secret(here, "data:\n  a: 'canary %'"),
            &[
                "in.yaml:5: document 1: Secret prod/db: item \"a\": is not valid base64",
                "stringData",
            ],
        ),
        (
            "a bad item name",
            secret(here, "stringData:\n  'a b': canary"),
            &["in.yaml:5", "Secret prod/db: item \"a b\""],
        ),
        (
            "a bad name",
            secret("{name: Db_1, namespace: prod}", "stringData: {a: canary}"),
            &["in.yaml:3", "Db_1", "is not a name"],
        ),
        (
            "no items",
            secret(here, ""),
            &["Secret prod/db: has no items"],
        ),
        (
            "too large",
            secret(here, &format!("stringData: {{a: {large}}}")),
            &["Secret prod/db", "1 MiB"],
        ),
        (
            "a number",
            secret(here, "stringData:\n  a: 12345678"),
            &["in.yaml:5", "item \"a\"", "is a number, not a string"],
        ),
        (
            "a key twice",
            secret(here, "stringData:\n  a: canary\n  a: canary"),
            &["in.yaml:6", "the key \"a\" is there twice"],
        ),
        (
            "sealed already",
            sealed.clone(),
            &["in.yaml:", "SealedSecret prod/db", "sealed already"],
        ),
        (
            "the second document",
            format!(
                "{SECRET}---\n{}",
                secret("{namespace: prod}", "stringData: {a: canary}")
            ),
            &["document 2: Secret"],
        ),
    ];
    for (name, input, told) in cases {
        workshop.write("in.yaml", input);
        let run = workshop.run(&["seal", "-r", &recipient, "-f", "in.yaml", "-o", "out.yaml"]);
        let error = run.refused();
        for words in *told {
            assert!(error.contains(words), "{name}: {words:?} in {error}");
        }
        assert!(!error.contains(CANARY), "{name}: {error}");
        assert!(error.len() < 2000, "{name}: {} bytes", error.len());
        assert!(!workshop.path("out.yaml").exists(), "{name}");
    }
}

#[test]
fn bytes_that_are_no_text_and_files_that_are_not_there_are_refused() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let error = workshop
        .run_with(&["seal", "-r", &recipient], b"kind: \xff")
        .refused();
    assert!(error.contains("stdin: is not UTF-8 text"), "{error}");
    let error = workshop
        .run(&["seal", "-r", &recipient, "-f", "gone.yaml"])
        .refused();
    assert!(error.contains("gone.yaml: cannot be read"), "{error}");
    let error = workshop
        .run(&["seal", "-r", &recipient, "-f", "."])
        .refused();
    assert!(error.contains(".: cannot be read"), "{error}");
    let error = workshop
        .run_with(&["seal", "-r", &recipient, "-o", "gone/out.yaml"], SECRET)
        .refused();
    assert!(
        error.contains("gone/out.yaml: cannot be written"),
        "{error}"
    );
}

#[test]
fn recipients_that_cannot_be_sealed_to_are_named() {
    let workshop = Workshop::new();
    let classic = workshop.keygen("classic", "x25519");
    let post_quantum = workshop.keygen("pq", "mlkem768x25519");
    let identity = workshop.read("classic").lines().last().unwrap().to_owned();
    let mistyped = identity.replace('Q', "P").to_lowercase();
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
    workshop.write("list.txt", &format!("# one\n{classic}\nage1oops\n"));
    workshop.write("empty.txt", "# none\n");
    let cases: &[(&[&str], &str)] = &[
        (&["-r", "age1oops"], "-r age1oops: not a recipient"),
        (
            &["-r", &classic.replacen("age1", "age1yubikey1", 1)],
            "-r age1yubikey1",
        ),
        (&["-r", ssh], "-r ssh-ed25519"),
        (
            &["-r", &identity],
            "-r AGE-SECRET-KEY-…: this is an identity",
        ),
        (&["-r", &mistyped], "-r AGE-SECRET-KEY-…"),
        (&["-R", "list.txt"], "list.txt: line 3"),
        (&["-R", "empty.txt"], "empty.txt: no recipient"),
        (&["-R", "gone.txt"], "gone.txt: cannot be read"),
        (&["-r", &post_quantum, "-r", &classic], &classic),
        (
            &[
                "-r",
                &classic,
                "-r",
                &classic,
                "-R",
                "classic.txt",
                "-r",
                &post_quantum,
            ],
            "age1pq1",
        ),
    ];
    workshop.write("classic.txt", &workshop.keygen("classic2", "x25519"));
    for (flags, told) in cases {
        let args = [&["seal"], *flags].concat();
        let error = workshop.run_with(&args, SECRET).refused();
        assert!(error.contains(told), "{flags:?}: {error}");
        assert!(
            !error.contains(&identity[20..]) && !error.contains(&mistyped[20..]),
            "{flags:?}: {error}"
        );
    }
}

#[test]
fn unseal_refuses_what_is_no_sealed_secret_and_says_where() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    workshop.write("none.txt", "# no identity\n");
    let sealed = workshop
        .run_with(&["seal", "-r", &recipient], SECRET)
        .quiet();
    let age = "YWdlLWVuY3J5cHRpb24ub3JnL3Y";
    let value = |value: &str| {
        format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {{name: db, namespace: prod}}\nspec:\n  encryptedData:\n    a: \"{value}\"\n"
        )
    };
    let cases: &[(&str, String, &[&str])] = &[
        ("no YAML", "a: [\n".into(), &["stdin:", "not valid YAML"]),
        (
            "a Secret",
            SECRET.into(),
            &["stdin:1: document 1: Secret prod/db"],
        ),
        (
            "nothing sealed",
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n".into(),
            &["stdin: holds no SealedSecret"],
        ),
        (
            "no base64",
            value("%"),
            &["stdin:6: document 1: SealedSecret prod/db: item \"a\": not base64"],
        ),
        (
            "foreign",
            value("aGVsbG8="),
            &["stdin:6", "item \"a\": not a sealed value"],
        ),
        (
            "truncated",
            value(&format!("{age}x")),
            &["stdin:6", "item \"a\": "],
        ),
        (
            "a future version",
            value(&format!("{age}yCg==")),
            &["stdin:6", "item \"a\": written in a newer version"],
        ),
        (
            "a future API",
            sealed.replace("v1alpha1", "v9"),
            &["document 1", "v9"],
        ),
    ];
    for (name, input, told) in cases {
        let error = workshop
            .run_with(&["unseal", "-i", "key.txt", "-o", "out.yaml"], input)
            .refused();
        for words in *told {
            assert!(error.contains(words), "{name}: {words:?} in {error}");
        }
        assert!(!workshop.path("out.yaml").exists(), "{name}");
    }
    let error = workshop
        .run_with(&["unseal", "-i", "none.txt"], &sealed)
        .refused();
    assert!(error.contains("none.txt: no identity in it"), "{error}");
    let error = workshop.run_with(&["unseal", "-i", "-"], &sealed).refused();
    assert!(error.contains("standard input"), "{error}");
}
