//! `waxwing seal --raw`.

use crate::workshop::Workshop;

/// A SealedSecret around one raw value, and the value that comes out of it with `key`.
fn opened(workshop: &Workshop, key: &str, sealed: &str, place: (&str, &str, &str)) -> String {
    let (namespace, name, item) = place;
    let manifest = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  encryptedData:\n    {item}: {}\n",
        sealed.trim_end()
    );
    let json = workshop
        .run_with(&["unseal", "-i", key, "--format", "json"], manifest)
        .quiet();
    let secret: serde_json::Value = serde_json::from_str(&json).unwrap();
    secret["data"][item].as_str().unwrap().to_owned()
}

#[test]
fn one_value_is_sealed_byte_for_byte_and_printed_on_one_line() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "mlkem768x25519");
    let args = [
        "seal", "--raw", "--name", "db", "--item", "password", "-n", "prod", "-r", &recipient,
    ];
    let sealed = workshop.run_with(&args, b"line\n\xff\n").quiet();
    assert_eq!(sealed.lines().count(), 1);
    assert!(sealed.ends_with('\n'));
    // base64 of the very bytes, the final line break among them.
    assert_eq!(
        opened(&workshop, "key.txt", &sealed, ("prod", "db", "password")),
        "bGluZQr/Cg=="
    );
}

#[test]
fn a_value_of_a_wider_scope_needs_fewer_names() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let base = ["seal", "--raw", "-r", &recipient];
    let namespace = [&base[..], &["--scope", "namespace", "-n", "prod"]].concat();
    let sealed = workshop.run_with(&namespace, "x").quiet();
    assert_eq!(
        opened(&workshop, "key.txt", &sealed, ("prod", "any", "item")),
        "eA=="
    );
    let cluster = [&base[..], &["--scope", "cluster"]].concat();
    let sealed = workshop.run_with(&cluster, "x").quiet();
    assert_eq!(
        opened(&workshop, "key.txt", &sealed, ("dev", "other", "item")),
        "eA=="
    );
}

#[test]
fn a_missing_name_item_or_namespace_is_named() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    for (args, missing) in [
        (
            &["--item", "password", "-n", "prod"][..],
            "--name is missing",
        ),
        (&["--name", "db", "-n", "prod"], "--item is missing"),
        (&["--name", "db", "--item", "password"], "-n is missing"),
        (&["--scope", "namespace"], "-n is missing"),
    ] {
        let args = [&["seal", "--raw", "-r", &recipient], args].concat();
        let error = workshop.run_with(&args, "x").refused();
        assert!(error.contains(missing), "{args:?}: {error}");
    }
}

#[test]
fn a_name_that_kubernetes_refuses_is_refused() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    for (name, item, namespace, refused) in [
        ("DB", "password", "prod", "--name \"DB\""),
        ("db", "pass word", "prod", "--item \"pass word\""),
        ("db", "password", "prod.x", "-n, \"prod.x\""),
    ] {
        let args = [
            "seal", "--raw", "--name", name, "--item", item, "-n", namespace, "-r", &recipient,
        ];
        let error = workshop.run_with(&args, "x").refused();
        assert!(error.contains(refused), "{error}");
    }
}

#[test]
fn a_value_over_one_mebibyte_is_refused_and_an_empty_one_warned_about() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let args = ["seal", "--raw", "--scope", "cluster", "-r", &recipient];
    let limit = vec![b'x'; 1024 * 1024];
    workshop.run_with(&args, &limit).quiet();
    let error = workshop
        .run_with(&args, [&limit[..], b"x"].concat())
        .refused();
    assert!(error.contains("the value is too long"), "{error}");
    let empty = workshop.run_with(&args, "");
    assert_eq!(empty.code, 0);
    assert!(
        empty.stderr.contains("warning: stdin: the value is empty"),
        "{}",
        empty.stderr
    );
}
