//! `waxwing edit`, with shell scripts for editors.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::desk::{Desk, FILE};

/// The line of the file that holds an item.
fn line(text: &str, item: &str) -> String {
    let start = format!("    {item}: ");
    let mut lines = text.lines();
    lines.find(|line| line.starts_with(&start)).unwrap().into()
}

#[test]
fn only_what_is_changed_is_sealed_and_no_other_byte_of_the_file_changes() {
    let desk = Desk::new();
    let before = desk.read();
    let run = desk.edit(r#"sed -i 's/"<sealed password>"/new one/' "$1""#);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert_eq!(
        run.stderr,
        "db.yaml: SealedSecret prod/db: item \"password\": replaced, strict prod/db/password\n"
    );
    let after = desk.read();
    let (old, new) = (line(&before, "password"), line(&after, "password"));
    assert_ne!(old, new);
    assert!(new.ends_with("' # old"), "{new}");
    assert_eq!(after.replace(&new, &old), before);
    let expected = json!({ "password": BASE64_STANDARD.encode("new one"), "user": BASE64_STANDARD.encode("app") });
    assert_eq!(desk.opened(), expected);
}

#[test]
fn items_are_added_renamed_and_removed() {
    let desk = Desk::new();
    let before = desk.read();
    let user = line(&before, "user");
    let script = r#"sed -i -e '/<sealed password>/d' -e 's/  user:/  login:/' "$1"
                    printf '  "ca": |\n    one\n    two\n' >> "$1""#;
    let run = desk.edit(script);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let after = desk.read();
    assert_eq!(line(&after, "login"), user.replace("user:", "login:"));
    let expected = json!({ "ca": BASE64_STANDARD.encode("one\ntwo\n"), "login": BASE64_STANDARD.encode("app") });
    assert_eq!(desk.opened(), expected);
    for told in [
        "\"ca\": added",
        "\"user\": renamed to \"login\"",
        "\"password\": removed",
    ] {
        assert!(run.stderr.contains(told), "{told} in {}", run.stderr);
    }
}

#[test]
fn programs_are_told_what_was_done() {
    let desk = Desk::new();
    let script = r#"sed -i -e '/<sealed user>/d' -e 's/"<sealed password>"/new/' "$1""#;
    let report = desk.edit_with(script, &["-o", "json", FILE]).quiet();
    let report: Value = serde_json::from_str(&report).unwrap();
    let scope = json!({ "kind": "strict", "namespace": "prod", "name": "db", "item": "password" });
    let expected = json!([{
        "file": FILE, "kind": "SealedSecret", "namespace": "prod", "name": "db",
        "items": [
            { "item": "password", "action": "replaced", "scope": scope },
            { "item": "user", "action": "removed" },
        ],
    }]);
    assert_eq!(report, expected);
}

#[test]
fn what_is_left_unchanged_or_emptied_changes_nothing() {
    let desk = Desk::new();
    let before = desk.read();
    let scripts = [
        "",
        r#"touch "$1""#,
        r#": > "$1""#,
        r#"sed -i '/^[^#]/d' "$1""#,
        r#"echo '# a comment' >> "$1""#,
        r#"sed -i "s/\"<sealed user>\"/'<sealed user>'/" "$1""#,
    ];
    for script in scripts {
        for key in [&[][..], &["-i", "key.txt"]] {
            let run = desk.edit_with(script, &[key, &[FILE]].concat());
            assert_eq!(
                (run.code, run.stderr.as_str()),
                (0, "Edit cancelled, no changes made\n"),
                "{script}"
            );
            assert_eq!(desk.read(), before, "{script}");
        }
    }
    assert_eq!(desk.private_folders().len(), 0);
}

/// Does one thing the first time that the editor opens, and another the second time.
fn twice(first: &str, second: &str) -> String {
    format!("if [ -e first ]; then {second}; else touch first; {first}; fi")
}

#[test]
fn what_is_wrong_is_told_at_the_top_and_the_work_is_kept() {
    let cases = [
        (
            r"s/^stringData:/stringData: [/",
            r"s/^stringData: \[/stringData:/;s/.<sealed user>./x/",
            "not valid YAML",
        ),
        (
            r#"s/"<sealed password>"/1234/"#,
            r#"s/: 1234/: "1234"/"#,
            "Secret prod/db: item \"password\": is a number",
        ),
        (
            r"s/  user:/  password:/",
            r"s/: .<sealed user>./: x/;/<sealed password>/d",
            "there twice",
        ),
        (
            r"s/  user:/  a b:/",
            r"s/  a b:/  user:/;s/.<sealed password>./x/",
            "not a name for an item",
        ),
        (
            r"s/  password:/  secret:/",
            r"s/: .<sealed password>./: x/",
            "item \"secret\": its value is bound to the item \"password\"",
        ),
        (
            r"s/<sealed user>/<sealed usr>/",
            r"s/.<sealed usr>./x/",
            "stands for no value",
        ),
        (
            r"s/name: db/name: dc/",
            r"s/name: dc/name: db/;s/.<sealed user>./x/",
            "only stringData and data",
        ),
    ];
    for (wrong, right, told) in cases {
        let desk = Desk::new();
        let before = desk.read();
        let wrongly = format!(r#"sed -i '{wrong}' "$1""#);
        let rightly = format!(r#"cp "$1" seen; sed -i '{right}' "$1""#);
        let run = desk.edit(&twice(&wrongly, &rightly));
        assert_eq!(run.code, 0, "{wrong}: {}", run.stderr);
        let seen = desk.workshop.read("seen");
        let error = seen.lines().find(|line| line.starts_with("# error: "));
        assert!(
            error.is_some_and(|error| error.contains(told)),
            "{wrong}: {seen}"
        );
        assert_eq!(seen.matches("# db.yaml is as it was").count(), 1, "{seen}");
        assert_ne!(desk.read(), before, "{wrong}");
    }
}

#[test]
fn the_line_that_an_error_names_is_the_one_that_is_seen() {
    let desk = Desk::new();
    let script = twice(r#"sed -i 's/"<sealed user>"/12/' "$1""#, r#"cp "$1" seen"#);
    desk.edit(&script).refused();
    let seen = desk.workshop.read("seen");
    let line = seen.lines().position(|line| line == "  user: 12").unwrap() + 1;
    assert!(seen.contains(&format!("error: line {line}: ")), "{seen}");
}

#[test]
fn who_gives_up_after_an_error_is_told_it_once_more() {
    let desk = Desk::new();
    let before = desk.read();
    let error = desk
        .edit(r#"sed -i 's/"<sealed password>"/1234/' "$1""#)
        .refused();
    assert!(error.contains("edit cancelled, no changes made"), "{error}");
    assert!(error.contains("is a number, not a string"), "{error}");
    assert!(!error.contains("1234"), "{error}");
    assert_eq!(desk.read(), before);
}

#[test]
fn an_editor_that_fails_changes_nothing_and_leaves_nothing() {
    let desk = Desk::new();
    let before = desk.read();
    let typed = r#"sed -i 's/"<sealed password>"/canary/' "$1"; cp "$1" "$1.swp""#;
    for (end, told) in [
        ("exit 3", "ended with exit code 3"),
        ("kill -KILL $$", "was ended by signal 9"),
    ] {
        let error = desk.edit(&format!("{typed}; {end}")).refused();
        assert!(error.contains(told), "{error}");
        assert!(error.contains("what was typed is gone"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert_eq!(desk.read(), before);
        assert_eq!(desk.private_folders().len(), 0);
    }
    let mut command = desk.command("", &[FILE]);
    command.env("VISUAL", "no-such-editor -x");
    let error = crate::workshop::finish(&mut command, b"").refused();
    assert!(
        error.contains("\"no-such-editor -x\" cannot be run"),
        "{error}"
    );
    assert!(error.contains("set VISUAL or EDITOR"), "{error}");
}

#[test]
fn what_the_editor_sees_is_private_and_in_the_place_in_memory() {
    let desk = Desk::new();
    desk.edit(
        r#"{ dirname "$(dirname "$1")"; basename "$1"; stat -c %a "$1" "$(dirname "$1")"; } > seen
           cp "$1" "$(dirname "$1")/.db.yaml.swp""#,
    )
    .ok();
    let seen = desk.workshop.read("seen");
    let mut lines = seen.lines();
    assert_eq!(lines.next(), desk.memory().to_str());
    assert_eq!(lines.collect::<Vec<_>>(), ["db.yaml", "600", "700"]);
    assert_eq!(
        desk.private_folders().len(),
        0,
        "what the editor left there is gone too"
    );
}

#[test]
fn with_a_key_the_values_are_seen_and_what_is_left_keeps_its_ciphertext() {
    let desk = Desk::new();
    let before = desk.read();
    let script = r#"cp "$1" seen; sed -i 's/: app$/: admin/' "$1""#;
    desk.edit_with(script, &["-i", "key.txt", FILE]).ok();
    let seen = desk.workshop.read("seen");
    assert!(
        seen.contains("\nstringData:\n  password: hunter2\n  user: app\n"),
        "{seen}"
    );
    let after = desk.read();
    assert_eq!(line(&after, "password"), line(&before, "password"));
    let expected = json!({ "password": BASE64_STANDARD.encode("hunter2"), "user": BASE64_STANDARD.encode("admin") });
    assert_eq!(desk.opened(), expected);
}

#[test]
fn lines_are_seen_as_lines_and_bytes_as_base64() {
    let desk = Desk::new();
    let pem = "-----BEGIN X-----\nabc\n-----END X-----\n";
    fs::write(desk.workshop.path("key.der"), [0, 255, 1]).unwrap();
    let script = format!(
        "printf '  pem: |\\n{}' >> \"$1\"",
        pem.replace('\n', "\\n")
            .replace("-----BEGIN", "    -----BEGIN")
            .replace("abc", "    abc")
            .replace("-----END", "    -----END")
    );
    desk.edit(&script).ok();
    desk.workshop
        .run(&["set", FILE, "--from-file", "der=key.der"])
        .ok();
    let script = r#"cp "$1" seen; printf '\n  ' > nothing; sed -i 's/AP8B/AP8C/' "$1""#;
    desk.edit_with(script, &["-i", "key.txt", FILE]).ok();
    let seen = desk.workshop.read("seen");
    assert!(
        seen.contains("\ndata:\n  der: AP8B\nstringData:\n"),
        "{seen}"
    );
    assert!(
        seen.contains("  pem: |\n    -----BEGIN X-----\n    abc\n"),
        "{seen}"
    );
    let opened = desk.opened();
    assert_eq!(
        (&opened["der"], &opened["pem"]),
        (&json!("AP8C"), &json!(BASE64_STANDARD.encode(pem)))
    );
}

#[test]
fn a_value_that_the_key_does_not_open_stays_a_placeholder_and_one_that_opens_none_is_refused() {
    let desk = Desk::new();
    let stranger = desk.workshop.keygen("stranger.txt", "x25519");
    let place = ["-n", "prod", "--name", "db", "--item", "other"];
    let args = [&["seal", "--raw", "-r", &stranger][..], &place].concat();
    let other = desk.workshop.run_with(&args, "x").quiet();
    desk.write(&format!("{}    other: {other}", desk.read()));
    let before = desk.read();

    desk.edit_with(
        r#"cp "$1" seen; sed -i 's/hunter2/new/' "$1""#,
        &["-i", "key.txt", FILE],
    )
    .ok();
    let seen = desk.workshop.read("seen");
    assert!(
        seen.contains("  other: \"<sealed other>\"\n  password: hunter2\n"),
        "{seen}"
    );
    assert_eq!(line(&desk.read(), "other"), line(&before, "other"));

    desk.workshop.keygen("third.txt", "x25519");
    let error = desk.edit_with("", &["-i", "third.txt", FILE]).refused();
    assert!(error.contains("open none of its values"), "{error}");
}

#[test]
fn a_file_that_someone_else_changes_meanwhile_is_left_to_them() {
    let desk = Desk::new();
    let script = r#"sed -i 's/"<sealed password>"/canary/' "$1"; echo '# theirs' >> db.yaml"#;
    let expected = format!("{}# theirs\n", desk.read());
    let error = desk.edit(script).refused();
    assert!(error.contains("was changed by someone else"), "{error}");
    assert!(error.contains("what was typed is gone"), "{error}");
    assert!(!error.contains("canary"), "{error}");
    assert_eq!(desk.read(), expected);
    assert_eq!(desk.private_folders().len(), 0);
}

#[test]
fn a_change_that_would_make_the_secret_invalid_is_told_in_the_editor() {
    let desk = Desk::new();
    let tls = desk
        .read()
        .replace("spec:\n", "spec:\n  template: {type: kubernetes.io/tls}\n");
    let tls = tls
        .replace(" password:", " tls.crt:")
        .replace(" user:", " tls.key:");
    let [crt, key] = ["tls.crt", "tls.key"].map(|item| desk.seal("x", item, "strict"));
    let values = [line(&tls, "tls.crt"), line(&tls, "tls.key")];
    let tls = tls.replace(&values[0], &format!("    tls.crt: {crt}"));
    desk.write(&tls.replace(&values[1], &format!("    tls.key: {key}")));
    let before = desk.read();
    let error = desk.edit(r#"sed -i '/tls.key/d' "$1""#).refused();
    assert!(error.contains("tls.key"), "{error}");
    assert_eq!(desk.read(), before);
}

#[test]
fn what_cannot_be_edited_is_refused_before_any_editor_opens() {
    let desk = Desk::new();
    let opened = "touch opened";
    desk.workshop
        .write("plain.yaml", "kind: ConfigMap\napiVersion: v1\n");
    let error = desk.edit_with(opened, &["plain.yaml"]).refused();
    assert!(error.contains("holds no SealedSecret"), "{error}");
    let error = desk.edit_with(opened, &["missing.yaml"]).refused();
    assert!(error.contains("does not exist"), "{error}");
    let readonly = fs::Permissions::from_mode(0o444);
    fs::set_permissions(desk.workshop.path(FILE), readonly).unwrap();
    let error = desk.edit(opened).refused();
    assert!(error.contains("is read-only"), "{error}");
    assert!(!desk.workshop.path("opened").exists());
}

#[test]
fn every_style_of_file_is_left_as_it_is_when_nothing_is_changed() {
    let desk = Desk::new();
    let [a, b] = ["a", "b"].map(|item| desk.seal(item, item, "strict"));
    let head = "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: prod}\n";
    let shapes = [
        format!("{head}spec:\n  encryptedData:\n    a: |-\n      {a}\n    b: >-\n      {b}\n"),
        format!("{head}spec: {{encryptedData: {{a: {a}, \"b\": '{b}'}}}}"),
        format!(
            "{head}spec:\n  encryptedData:\n    a: &x {a}\n    b: {b}\n  template: {{data: {{c: '{{{{ a }}}}'}}}}\n"
        ),
        format!("{head}spec:\n  encryptedData: {{}}\n  template: {{data: {{c: x}}}}\n"),
        format!("{head}spec:\n  encryptedData:\n    a: {a}\n    b: {b}\n...\n---\n# é\n")
            .replace('\n', "\r\n"),
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- {}\n  spec: {{encryptedData: {{a: {a}}}}}",
            head.trim_end().replace('\n', "\n  ")
        ),
        json!({
            "apiVersion": "waxwing.dev/v1alpha1", "kind": "SealedSecret",
            "metadata": { "name": "db", "namespace": "prod" },
            "spec": { "encryptedData": { "a": a, "b": b } },
        })
        .to_string(),
    ];
    for text in shapes {
        desk.write(&text);
        for key in [&[][..], &["-i", "key.txt"]] {
            let run = desk.edit_with(r#"echo '# seen' >> "$1""#, &[key, &[FILE]].concat());
            assert_eq!(run.stderr, "Edit cancelled, no changes made\n", "{text}");
            assert_eq!(desk.read(), text);
        }
        let run = desk.edit(r#"sed -i 's/^stringData:.*/stringData:\n  z: new/' "$1""#);
        assert_eq!(run.code, 0, "{text}: {}", run.stderr);
        assert_eq!(desk.opened()["z"], BASE64_STANDARD.encode("new"), "{text}");
    }
}
