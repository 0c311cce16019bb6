//! `waxwing set`: what is refused, with the next step, without the value, and with the file as it was.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::seal::SECRET;
use crate::shelf::Shelf;

/// Runs `set` on the file with this text, which must be refused and stay.
fn refused(shelf: &Shelf, text: &str, args: &[&str]) -> String {
    shelf.write("db.yaml", text);
    let told = shelf
        .run_with(&[&["set", "db.yaml"], args].concat(), "canary")
        .refused();
    assert_eq!(shelf.read("db.yaml"), text, "{told}");
    assert!(!told.contains("canary"), "{told}");
    told
}

#[test]
fn a_file_without_a_sealed_secret_is_refused_with_the_way_to_one() {
    let shelf = Shelf::new();
    let told = shelf.run_with(&["set", "no.yaml", "a"], "x").refused();
    assert!(told.starts_with(
        "error: no.yaml: does not exist\nhelp: make it first: waxwing create generic"
    ));
    for (text, said) in [
        (
            SECRET,
            "holds a plain Secret, and no SealedSecret\nhelp: seal it first: waxwing seal -f db.yaml",
        ),
        ("kind: ConfigMap\n", "holds no SealedSecret"),
        ("", "holds no SealedSecret"),
        ("a: [", "not valid YAML"),
    ] {
        let told = refused(&shelf, text, &["a"]);
        assert!(told.contains(said), "{told}");
    }
    let told = shelf.run_with(&["set", ".", "a"], "x").refused();
    assert!(told.starts_with("error: .: cannot be read: "), "{told}");
}

#[test]
fn a_choice_that_is_not_clear_lists_what_there_is() {
    let shelf = Shelf::new();
    let two = format!(
        "{}---\n{}",
        shelf.sealed("db", "strict", &["a"]),
        shelf.sealed("web", "strict", &["a"])
    );
    for (args, said) in [
        (
            &["a"][..],
            "error: db.yaml: holds several SealedSecrets that may be meant\n\
             help: choose one with --name and -n: SealedSecret prod/db, SealedSecret prod/web\n",
        ),
        (
            &["a", "--name", "wbe"],
            "error: db.yaml: holds no SealedSecret of that name and namespace\n\
             help: it holds SealedSecret prod/db, SealedSecret prod/web\n",
        ),
        (
            &["a", "--name", "db", "-n", "stage"],
            "error: db.yaml: holds no SealedSecret of that name and namespace\n\
             help: it holds SealedSecret prod/db, SealedSecret prod/web\n",
        ),
    ] {
        assert_eq!(refused(&shelf, &two, args), said);
    }
}

#[test]
fn an_item_that_is_there_twice_is_told_with_both_lines() {
    let shelf = Shelf::new();
    let sealed = shelf.sealed("db", "strict", &["a"]);
    let line = sealed.lines().find(|line| line.contains("YWdl")).unwrap();
    let told = refused(&shelf, &format!("{sealed}{line}\n"), &["a"]);
    assert!(told.contains("db.yaml:9: "), "{told}");
    assert!(
        told.contains("the key \"a\" is there twice, first on line 8"),
        "{told}"
    );
}

#[test]
fn a_value_in_the_place_of_a_name_is_not_repeated() {
    let shelf = Shelf::new();
    let sealed = shelf.sealed("db", "strict", &["a"]);
    for (args, said) in [
        (
            &["a=canary"][..],
            "error: ITEM: the name of the item is not a name",
        ),
        (
            &["--from-literal", "canary"],
            "--from-literal number 1: is not ITEM=VALUE",
        ),
        (
            &["a", "--from-env", "canary"],
            "--from-env number 1: the environment has no such variable",
        ),
        (
            &["--from-env", "canary"],
            "--from-env number 1: names no item",
        ),
    ] {
        let told = refused(&shelf, &sealed, args);
        assert!(told.contains(said), "{args:?}: {told}");
    }
}

#[test]
fn standard_input_is_one_value_and_not_empty() {
    let shelf = Shelf::new();
    let sealed = shelf.sealed("db", "strict", &["a"]);
    for (args, said) in [
        (
            &["a", "b"][..],
            "error: standard input is one value, and several items want one\nhelp: ",
        ),
        (
            &["a", "--from-file=b=-"],
            "error: standard input would be read twice",
        ),
    ] {
        let told = refused(&shelf, &sealed, args);
        assert!(told.contains(said), "{args:?}: {told}");
    }
    let args = ["set", "db.yaml", "a", "-R", "-"];
    let told = shelf.run_with(&args, &shelf.0.recipient).refused();
    assert!(
        told.contains("standard input would be read twice"),
        "{told}"
    );
    let told = shelf.run_with(&["set", "db.yaml", "a"], "").refused();
    assert!(told.contains("standard input is empty; nothing was written\nhelp: if it is to be empty: --from-literal=a="));
    shelf.run(&["set", "db.yaml", "--from-literal=a="]).ok();
    assert_eq!(shelf.opened("db.yaml").text("a"), "");
}

#[test]
fn a_change_that_would_make_the_object_invalid_is_refused() {
    let shelf = Shelf::new();
    let sealed = shelf.sealed("db", "strict", &["a"]);
    let templated = format!("{sealed}  template:\n    data:\n      url: x\n");
    let told = refused(&shelf, &templated, &["url"]);
    assert!(
        told.contains("is both in encryptedData and in template.data"),
        "{told}"
    );
    assert!(told.ends_with("help: so it would be after the change; nothing was written\n"));

    let large = "x".repeat(600 * 1024);
    shelf.write("large", &large);
    let args = [
        "set",
        "db.yaml",
        "--from-file=b=large",
        "--from-file=c=large",
    ];
    shelf.write("db.yaml", &sealed);
    let told = shelf.run(&args).refused();
    assert!(told.contains("more than 1 MiB together"), "{told}");
    assert_eq!(shelf.read("db.yaml"), sealed);
}

#[test]
fn a_shape_that_cannot_be_edited_safely_is_refused_with_the_reason() {
    let shelf = Shelf::new();
    let sealed = shelf.sealed("db", "strict", &["a"]);
    let aliased = sealed.replace("    a: ", "    a: &x ") + "    b: *x\n";
    for (text, item, said) in [
        (&aliased, "b", "because it is an alias of another value"),
        (
            &aliased,
            "a",
            "because an alias elsewhere in the document stands for it too",
        ),
        (
            &sealed.replace("    a: ", "    a: |\n      "),
            "a",
            "because it runs over several lines",
        ),
        (
            &sealed.replace("    a: ", "    ? a\n    : "),
            "c",
            "because its key does not stand at the start of a line",
        ),
    ] {
        let told = refused(&shelf, text, &[item]);
        assert!(told.contains("db.yaml:"), "{told}");
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn a_read_only_file_is_left_alone() {
    let shelf = Shelf::with_db();
    let path = shelf.0.workshop.path("db.yaml");
    fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
    let before = shelf.read("db.yaml");
    let told = shelf
        .run_with(&["set", "db.yaml", "password"], "x")
        .refused();
    assert_eq!(
        told,
        "error: db.yaml: is read-only\nhelp: chmod u+w db.yaml\n"
    );
    assert_eq!(shelf.read("db.yaml"), before);
}

#[test]
fn a_namespace_that_nobody_knows_is_asked_for() {
    let shelf = Shelf::new();
    let nowhere = shelf
        .sealed("db", "strict", &["a"])
        .replace("  namespace: prod\n", "");
    let told = refused(&shelf, &nowhere, &["a"]);
    assert!(
        told.contains("has no metadata.namespace; add it, or pass -n NAMESPACE"),
        "{told}"
    );
    shelf
        .run_with(&["set", "db.yaml", "b", "--scope", "cluster"], "x")
        .ok();
}

#[test]
fn nothing_to_set_is_wrong_usage() {
    let shelf = Shelf::with_db();
    for args in [
        &["set"][..],
        &["set", "db.yaml"],
        &["unset", "db.yaml"],
        &["rename", "db.yaml", "a"],
    ] {
        assert_eq!(shelf.run(args).code, 2, "{args:?}");
    }
    let args = [
        "generate", "token", "db", "--into", "db.yaml", "-o", "x.yaml",
    ];
    assert_eq!(shelf.run(&args).code, 2);
}
