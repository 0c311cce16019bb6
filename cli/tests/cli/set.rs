//! `waxwing set` and `generate --into`: items get new values, and no other byte changes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::shelf::{Shelf, frame};
use crate::workshop::{finish, mode};

#[test]
fn a_value_is_replaced_and_every_other_byte_stays() {
    let shelf = Shelf::with_db();
    let before = shelf.read("db.yaml");
    let run = shelf.run_with(&["set", "db.yaml", "password"], b"canary\xff\n\0");
    assert_eq!(
        run.stderr,
        "db.yaml: SealedSecret prod/db: item \"password\": replaced, strict prod/db/password\n"
    );
    assert_eq!(run.ok(), "");
    let after = shelf.read("db.yaml");
    assert_ne!(before, after);
    assert_eq!(frame(&before), frame(&after));
    assert!(!after.contains("canary"));
    let value = shelf.opened("db.yaml").bytes("password");
    assert_eq!(value, b"canary\xff\n\0");
}

#[test]
fn a_new_item_comes_after_the_others() {
    let shelf = Shelf::with_db();
    let before = frame(&shelf.read("db.yaml"));
    shelf.run_with(&["set", "db.yaml", "user"], "me").ok();
    let mut after = frame(&shelf.read("db.yaml"));
    let at = after.iter().position(|line| line.starts_with("    user: "));
    assert_eq!(after.remove(at.unwrap()), "    user: …\n");
    assert_eq!(after, before);
    let opened = shelf.opened("db.yaml");
    assert_eq!(opened.items(), ["password", "user"]);
    assert_eq!(opened.text("password"), "password");
}

#[test]
fn values_come_from_wherever_they_are() {
    let shelf = Shelf::with_db();
    shelf.write("ca.crt", "certificate\n");
    shelf.write(".env", "A=1\n");
    for (args, item, value) in [
        (
            &["password", "--from-file", "ca.crt"][..],
            "password",
            "certificate\n",
        ),
        (
            &["password", "--from-env", "VARIABLE"],
            "password",
            "from outside",
        ),
        (&["password", "--from-env=x=VARIABLE"], "x", "from outside"),
        (&["--from-file", "ca.crt"], "ca.crt", "certificate\n"),
        (
            &["--from-file=a=ca.crt", "--from-env=b=VARIABLE"],
            "b",
            "from outside",
        ),
        (&["--from-env-file=.env"], "A", "1"),
        (&["--from-file=c=-"], "c", "typed"),
        (&["password"], "password", "typed"),
    ] {
        let args = [&["set", "db.yaml"], args].concat();
        let mut command = shelf.0.workshop.command(&args);
        let run = finish(command.env("VARIABLE", "from outside"), b"typed");
        assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
        assert_eq!(shelf.opened("db.yaml").text(item), value, "{args:?}");
    }
}

#[test]
fn a_value_on_the_command_line_is_warned_about() {
    let shelf = Shelf::with_db();
    let run = shelf.run(&["set", "db.yaml", "--from-literal=a=b=c"]);
    assert!(
        run.stderr
            .starts_with("warning: --from-literal: shells keep"),
        "{}",
        run.stderr
    );
    run.ok();
    assert_eq!(shelf.opened("db.yaml").text("a"), "b=c");
}

#[test]
fn a_line_break_that_a_pipe_adds_is_warned_about_and_kept() {
    let shelf = Shelf::with_db();
    for (value, warned) in [
        ("one\n", true),
        ("\n", true),
        ("one", false),
        ("one\ntwo\n", false),
    ] {
        let run = shelf.run_with(&["set", "db.yaml", "password"], value);
        assert_eq!(
            run.stderr.starts_with("warning: stdin: the line break"),
            warned,
            "{value:?}"
        );
        run.ok();
        assert_eq!(shelf.opened("db.yaml").text("password"), value);
    }
}

#[test]
fn a_new_value_keeps_the_scope_and_a_new_item_has_that_of_the_others() {
    let shelf = Shelf::new();
    let mixed = shelf.sealed("db", "strict", &["a"]);
    let wide = shelf.sealed("db", "namespace", &["b"]);
    let line = wide.lines().find(|line| line.contains("YWdl")).unwrap();
    let mixed = format!("{}\n{line}\n", mixed.trim_end());
    let cluster = shelf.sealed("db", "cluster", &["a", "b"]);
    let broken = shelf.sealed("db", "namespace", &["a"]) + "    b: broken\n";
    let strict = shelf.sealed("db", "strict", &["a"]);
    for (case, text, args, item, scope) in [
        ("kept", &mixed, &[][..], "a", "strict prod db a"),
        ("kept", &mixed, &[], "b", "namespace prod"),
        ("mixed", &mixed, &[], "new", "strict prod db new"),
        ("shared", &cluster, &[], "new", "cluster"),
        (
            "asked for",
            &cluster,
            &["--scope", "strict"],
            "a",
            "strict prod db a",
        ),
        (
            "asked for",
            &strict,
            &["--scope", "namespace"],
            "new",
            "namespace prod",
        ),
        ("one broken", &broken, &[], "new", "strict prod db new"),
        ("mended", &broken, &["--scope", "cluster"], "b", "cluster"),
    ] {
        shelf.write("db.yaml", text);
        let run = shelf.run_with(&[&["set", "db.yaml", item], args].concat(), "value");
        assert_eq!(run.code, 0, "{case}: {}", run.stderr);
        let told = shelf.run(&["inspect", "-o", "json", "db.yaml"]).stdout;
        if told.contains("\"new\"") && text.contains("broken") {
            assert!(run.stderr.contains(", strict"), "{case}: {}", run.stderr);
            continue;
        }
        assert_eq!(shelf.scope("db.yaml", item), scope, "{case}");
    }
}

#[test]
fn the_rule_of_the_repository_gives_the_scope_of_a_first_new_item() {
    let shelf = Shelf::new();
    let config = shelf.read(".waxwing.yaml");
    let rule = config.replace(
        "    clusters: [prod]",
        "    clusters: [prod]\n    scope: namespace",
    );
    assert_ne!(config, rule);
    shelf.write(".waxwing.yaml", &rule);
    shelf.write(
        "db.yaml",
        "apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: prod}\nspec:\n  encryptedData: {}\n",
    );
    shelf.run_with(&["set", "db.yaml", "a"], "value").ok();
    assert_eq!(shelf.scope("db.yaml", "a"), "namespace prod");
}

#[test]
fn one_of_several_sealed_secrets_is_chosen_by_name_and_namespace() {
    let shelf = Shelf::new();
    let db = shelf.sealed("db", "strict", &["a"]);
    let web = shelf.sealed("web", "strict", &["a"]);
    let nowhere = db.replace("  namespace: prod\n", "");
    let two = format!("{db}---\n{web}");
    for (text, args, changed) in [
        (&two, &["--name", "web"][..], "strict prod/web/a"),
        (&two, &["--name", "db", "-n", "prod"], "strict prod/db/a"),
        (&nowhere, &["-n", "stage"], "strict stage/db/a"),
    ] {
        shelf.write("two.yaml", text);
        let run = shelf.run_with(&[&["set", "two.yaml", "a"], args].concat(), "value");
        assert!(
            run.stderr.ends_with(&format!(", {changed}\n")),
            "{}",
            run.stderr
        );
        run.ok();
    }
}

#[test]
fn a_link_stays_a_link_and_the_file_keeps_its_mode() {
    let shelf = Shelf::with_db();
    let path = shelf.0.workshop.path("db.yaml");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(shelf.0.workshop.path("folder")).unwrap();
    let link = shelf.0.workshop.path("folder/link.yaml");
    symlink("../db.yaml", &link).unwrap();
    shelf
        .run_with(&["set", "folder/link.yaml", "password"], "new")
        .ok();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&path), 0o640);
    assert_eq!(shelf.opened("db.yaml").text("password"), "new");
}

#[test]
fn programs_are_told_in_json() {
    let shelf = Shelf::with_db();
    let told = shelf.run_with(&["set", "db.yaml", "user", "-o", "json"], "me");
    let told: Value = serde_json::from_str(&told.quiet()).unwrap();
    let expected = serde_json::json!({
        "file": "db.yaml", "kind": "SealedSecret", "namespace": "prod", "name": "db",
        "items": [{
            "item": "user", "action": "added",
            "scope": {"kind": "strict", "namespace": "prod", "name": "db", "item": "user"},
        }],
    });
    assert_eq!(told, expected);
}

#[test]
fn generated_values_go_into_a_file_that_is_there() {
    let shelf = Shelf::with_db();
    let args = [
        "generate", "password", "db", "--into", "db.yaml", "--length", "40",
    ];
    let run = shelf.run(&args);
    assert!(
        run.stderr.contains("item \"password\": replaced"),
        "{}",
        run.stderr
    );
    assert_eq!(run.ok(), "");
    assert_eq!(shelf.opened("db.yaml").text("password").len(), 40);

    let args = [
        "generate", "ssh-key", "db", "--into", "db.yaml", "--item", "id",
    ];
    let public = shelf.run(&args).ok();
    assert!(public.starts_with("ssh-ed25519 "), "{public}");
    let opened = shelf.opened("db.yaml");
    assert_eq!(opened.items(), ["id", "id.pub", "password"]);
    assert_eq!(opened.text("id.pub"), public);

    let args = ["generate", "token", "other", "--into", "db.yaml"];
    let told = shelf.run(&args).refused();
    assert!(told.contains("no SealedSecret of that name"), "{told}");
}
