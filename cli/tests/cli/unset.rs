//! `waxwing unset`: items go, and no other byte changes.

use serde_json::Value;

use crate::shelf::Shelf;

#[test]
fn items_go_with_their_comments_and_nothing_else_changes() {
    let shelf = Shelf::with_db();
    let before = shelf.read("db.yaml");
    for item in ["b", "user"] {
        shelf.run_with(&["set", "db.yaml", item], "x").ok();
    }
    let run = shelf.run(&["unset", "db.yaml", "user", "b"]);
    assert_eq!(
        run.stderr,
        "db.yaml: SealedSecret prod/db: item \"user\": removed\n\
         db.yaml: SealedSecret prod/db: item \"b\": removed\n"
    );
    run.ok();
    assert_eq!(shelf.read("db.yaml"), before);
}

#[test]
fn an_item_that_is_not_there_is_answered_with_those_that_are() {
    let shelf = Shelf::new();
    let names: Vec<String> = (10..40).map(|number| format!("item-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sealed = shelf.sealed("db", "strict", &names) + "  template:\n    data:\n      made: x\n";
    shelf.write("db.yaml", &sealed);
    for (item, said) in [
        (
            "item_10",
            "help: did you mean \"item-10\"? There are item-10, item-11, ",
        ),
        ("zzz", "item-29 and 10 more\n"),
        (
            "made",
            "help: it is made by spec.template.data; change it there, by hand\n",
        ),
    ] {
        let told = shelf.run(&["unset", "db.yaml", "item-10", item]).refused();
        let start =
            format!("error: db.yaml:1: document 1: SealedSecret prod/db: has no item \"{item}\"\n");
        assert!(told.starts_with(&start), "{told}");
        assert!(told.contains(said), "{told}");
        assert_eq!(shelf.read("db.yaml"), sealed);
    }
}

#[test]
fn the_last_item_and_one_that_the_type_needs_stay() {
    let shelf = Shelf::new();
    let one = shelf.sealed("db", "strict", &["a"]);
    let typed = shelf.sealed("db", "strict", &["a", "ssh-privatekey"])
        + "  template:\n    type: kubernetes.io/ssh-auth\n";
    for (text, item, said) in [
        (&one, "a", "has no items"),
        (
            &typed,
            "ssh-privatekey",
            "Kubernetes demands of a Secret of type kubernetes.io/ssh-auth",
        ),
    ] {
        shelf.write("db.yaml", text);
        let told = shelf.run(&["unset", "db.yaml", item]).refused();
        assert!(told.contains(said), "{told}");
        assert_eq!(&shelf.read("db.yaml"), text);
    }
    shelf.run(&["unset", "db.yaml", "a"]).ok();
}

#[test]
fn an_item_that_no_key_opens_can_go() {
    let shelf = Shelf::new();
    let broken = shelf.sealed("db", "strict", &["a"]) + "    b: broken\n";
    shelf.write("db.yaml", &broken);
    shelf.run(&["unset", "db.yaml", "b"]).ok();
    shelf.run(&["validate", "db.yaml"]).quiet();
}

#[test]
fn programs_are_told_in_json() {
    let shelf = Shelf::new();
    shelf.write("db.yaml", &shelf.sealed("db", "cluster", &["a", "b", "c"]));
    let unset = shelf.run(&["unset", "db.yaml", "a", "-o", "json"]).quiet();
    let renamed = shelf
        .run(&["rename", "db.yaml", "b", "d", "-o", "json"])
        .quiet();
    for (told, items) in [
        (
            unset,
            serde_json::json!([{"item": "a", "action": "removed"}]),
        ),
        (
            renamed,
            serde_json::json!([{"item": "b", "action": "renamed", "newName": "d"}]),
        ),
    ] {
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["items"], items);
    }
}
