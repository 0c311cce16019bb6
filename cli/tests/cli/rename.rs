//! `waxwing rename`: another name for an item, where its scope allows it.

use crate::shelf::{Shelf, frame};

#[test]
fn a_value_that_is_not_bound_to_its_item_opens_under_the_new_name() {
    for scope in ["namespace", "cluster"] {
        let shelf = Shelf::new();
        let sealed = shelf.sealed("db", scope, &["a", "b"]);
        let text = sealed
            .replace("    a: ", "    \"a\": ")
            .replace('\n', "\r\n");
        shelf.write("db.yaml", &text);
        let run = shelf.run(&["rename", "db.yaml", "a", "z.key"]);
        assert_eq!(
            run.stderr,
            "db.yaml: SealedSecret prod/db: item \"a\": renamed to \"z.key\"\n"
        );
        run.ok();
        let after = shelf.read("db.yaml");
        assert_eq!(after, text.replace("\"a\": ", "\"z.key\": "));
        assert_eq!(shelf.opened("db.yaml").text("z.key"), "a");
    }
}

#[test]
fn a_strict_value_keeps_its_name() {
    let shelf = Shelf::with_db();
    let before = shelf.read("db.yaml");
    let told = shelf
        .run(&["rename", "db.yaml", "password", "new"])
        .refused();
    assert!(
        told.contains(
            "is bound to the item (strict prod/db/password) and would not open as \"new\""
        )
    );
    assert!(told.ends_with("help: seal the value under the new name: waxwing set FILE new, then waxwing unset FILE password\n"));
    assert_eq!(shelf.read("db.yaml"), before);
}

#[test]
fn a_name_that_is_taken_or_none_is_refused() {
    let shelf = Shelf::new();
    let text = shelf.sealed("db", "cluster", &["a", "b"])
        + "    broken: broken\n  template:\n    data:\n      made: x\n";
    shelf.write("db.yaml", &text);
    for (item, new, said) in [
        ("a", "b", "has an item \"b\" already"),
        ("a", "a", "has an item \"a\" already"),
        ("a", "made", "has an item \"made\" already"),
        ("a", "b c", "NEW \"b c\": is not a name for an item"),
        ("c", "d", "has no item \"c\""),
        ("broken", "d", "item \"broken\": "),
    ] {
        let told = shelf.run(&["rename", "db.yaml", item, new]).refused();
        assert!(told.contains(said), "{told}");
        assert_eq!(shelf.read("db.yaml"), text);
    }
}

#[test]
fn templates_that_mention_the_item_are_left_and_warned_about() {
    let shelf = Shelf::new();
    let template = "  template:\n    data:\n      url: \"https://{{ user }}@db\"\n      other: x\n";
    let text = shelf.sealed("db", "namespace", &["user"]) + template;
    shelf.write("db.yaml", &text);
    let run = shelf.run(&["rename", "db.yaml", "user", "login"]);
    assert!(
        run.stderr
            .contains("spec.template.data mentions \"user\" in url\n"),
        "{}",
        run.stderr
    );
    run.ok();
    let after = shelf.read("db.yaml");
    assert!(after.ends_with(template));
    assert_eq!(frame(&after)[7], "    login: …\n");
}
