//! `waxwing keygen`.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::workshop::{Workshop, mode};

#[test]
fn a_key_file_is_for_its_owner_alone_and_its_recipient_is_told() {
    let workshop = Workshop::new();
    for (algorithm, secret, public) in [
        ("mlkem768x25519", "AGE-SECRET-KEY-PQ-1", "age1pq1"),
        ("x25519", "AGE-SECRET-KEY-1", "age1"),
    ] {
        let run = workshop.run(&["keygen", "--algorithm", algorithm, "-o", algorithm]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""));
        assert!(
            run.stderr.starts_with(&format!("Public key: {public}")),
            "{}",
            run.stderr
        );
        let file = workshop.read(algorithm);
        assert!(
            file.lines().any(|line| line.starts_with(secret)),
            "{algorithm}"
        );
        assert_eq!(mode(&workshop.path(algorithm)), 0o600);
    }
}

#[test]
fn the_default_is_post_quantum() {
    let file = Workshop::new().run(&["keygen"]).ok();
    assert!(file.contains("\nAGE-SECRET-KEY-PQ-1"));
}

#[test]
fn a_key_on_standard_output_is_told_its_recipient_on_standard_error() {
    let run = Workshop::new().run(&["keygen", "--algorithm", "x25519"]);
    let recipient = run.stderr.trim().strip_prefix("Public key: ").unwrap();
    assert!(run.stdout.contains(&format!("# public key: {recipient}\n")));
}

#[test]
fn a_key_is_never_overwritten() {
    let workshop = Workshop::new();
    workshop.keygen("key.txt", "x25519");
    let before = workshop.read("key.txt");
    let error = workshop.run(&["keygen", "-o", "key.txt"]).refused();
    assert!(
        error.starts_with("error: key.txt: exists already"),
        "{error}"
    );
    assert_eq!(workshop.read("key.txt"), before);
    assert_eq!(workshop.files(), ["key.txt"]);
}

#[test]
fn the_recipients_of_a_key_file_are_printed_in_its_order() {
    let workshop = Workshop::new();
    let (one, two) = (
        workshop.keygen("one", "x25519"),
        workshop.keygen("two", "mlkem768x25519"),
    );
    let both = workshop.read("one") + &workshop.read("two");
    let printed = workshop.run_with(&["keygen", "-y"], both).quiet();
    assert_eq!(printed, format!("{one}\n{two}\n"));
}

#[test]
fn a_key_file_that_others_may_read_is_warned_about() {
    let workshop = Workshop::new();
    workshop.keygen("key.txt", "x25519");
    fs::set_permissions(workshop.path("key.txt"), Permissions::from_mode(0o644)).unwrap();
    let run = workshop.run(&["keygen", "-y", "key.txt"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stderr
            .contains("warning: key.txt: others may read this private key (mode 0644)")
    );
    assert!(run.stderr.contains("help: chmod 600 key.txt"));
}

#[test]
fn a_key_that_a_shell_writes_where_others_may_read_it_is_warned_about() {
    let workshop = Workshop::new();
    for (mode, is_warned) in [(0o644, true), (0o600, false)] {
        workshop.write("key.txt", "");
        fs::set_permissions(workshop.path("key.txt"), Permissions::from_mode(mode)).unwrap();
        let file = File::create(workshop.path("key.txt")).unwrap();
        let output = workshop.command(&["keygen"]).stdout(file).output().unwrap();
        assert!(output.status.success());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            told.contains("warning: standard output: others may read"),
            is_warned,
            "{told}"
        );
    }
}

#[test]
fn a_file_without_an_identity_or_with_a_broken_one_is_refused_and_not_quoted() {
    let workshop = Workshop::new();
    // waxwing:allow: its checksum is wrong
    let key = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    for (content, told) in [
        ("# nothing but a comment\n", "stdin: no identity in it"),
        (&format!("# a comment\n\n{key}\n"), "stdin: line 3"),
        (
            "-----BEGIN AGE ENCRYPTED FILE-----\n",
            "stdin: the identity file is encrypted",
        ),
    ] {
        let error = workshop.run_with(&["keygen", "-y"], content).refused();
        assert!(error.contains(told), "{error}");
        assert!(!error.contains("QQQQ"), "{error}");
    }
}
