//! `waxwing diff` and `waxwing textconv`.

use serde_json::{Value, json};

use crate::workshop::{Run, Workshop};

/// A workshop with two keys, and a SealedSecret `shop/db` in `old.yaml` of the items `password` and
/// `user`, sealed to the first.
fn workshop() -> (Workshop, [String; 2]) {
    let workshop = Workshop::new();
    let keys = ["one.txt", "two.txt"].map(|name| workshop.keygen(name, "x25519"));
    workshop.write("old.yaml", &sealed(&workshop, &keys[0]));
    (workshop, keys)
}

fn sealed(workshop: &Workshop, recipient: &str) -> String {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\n\
                  stringData: {password: canary, user: canary}\n";
    workshop.run_with(&["seal", "-r", recipient], secret).ok()
}

/// The line of an item.
fn line<'a>(text: &'a str, item: &str) -> &'a str {
    let key = format!("{item}: ");
    text.lines()
        .find(|line| line.trim_start().starts_with(&key))
        .unwrap()
}

fn diff(workshop: &Workshop, args: &[&str]) -> Run {
    workshop.run(&[&["diff", "old.yaml", "new.yaml"], args].concat())
}

#[test]
fn each_item_that_differs_is_told_with_what_became_of_it() {
    let (workshop, keys) = workshop();
    let old = workshop.read("old.yaml");
    let anew = sealed(&workshop, &keys[0]);
    let resealed = workshop
        .run(&["reseal", "-i", "one.txt", "-r", &keys[1], "old.yaml"])
        .ok();
    assert!(resealed.contains("resealed"), "{resealed}");
    let resealed = workshop.read("old.yaml");
    workshop.write("old.yaml", &old);
    let token = line(&anew, "user").replace("user:", "token:");
    let new = old
        .replace(line(&old, "password"), line(&anew, "password"))
        .replace(
            line(&old, "user"),
            &format!("{}\n{token}", line(&resealed, "user")),
        )
        .replace("spec:\n", "spec:\n  deletionPolicy: Retain\n");
    workshop.write("new.yaml", &new);

    let told = diff(&workshop, &[]).quiet();
    let lines: Vec<&str> = told.lines().collect();
    let starts = [
        "SealedSecret shop/db",
        "  password: changed, sealed 20",
        "  token: added, sealed 20",
        "  user: resealed, the value is the same, key ",
        "  spec.deletionPolicy: changed",
    ];
    assert_eq!(lines.len(), starts.len(), "{told}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{told}");
    }
    assert!(
        lines[1].contains("Z, strict shop/db/password, key "),
        "{told}"
    );
    assert!(lines[3].contains("; before: key "), "{told}");
    assert!(!told.contains("YWdl") && !told.contains("Retain"), "{told}");
    let back = workshop.run(&["diff", "new.yaml", "old.yaml"]).quiet();
    assert!(back.contains("\n  token: removed\n"), "{back}");
}

#[test]
fn the_exit_code_tells_a_difference_only_if_it_is_asked_for() {
    let (workshop, keys) = workshop();
    workshop.write("new.yaml", &workshop.read("old.yaml"));
    assert_eq!(diff(&workshop, &["--exit-code"]).quiet(), "");
    assert_eq!(diff(&workshop, &["-o", "json"]).quiet(), "[]\n");
    workshop.write("new.yaml", &sealed(&workshop, &keys[0]));
    let run = diff(&workshop, &["--exit-code"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert_eq!(diff(&workshop, &[]).quiet(), run.stdout);
}

#[test]
fn programs_get_what_both_values_tell() {
    let (workshop, keys) = workshop();
    let old = workshop.read("old.yaml");
    let anew = sealed(&workshop, &keys[1]);
    let new = old.replace(line(&old, "user"), line(&anew, "user"));
    workshop.write("new.yaml", &new);
    let report: Value = serde_json::from_str(&diff(&workshop, &["-o", "json"]).quiet()).unwrap();
    let item = &report[0]["items"][0];
    let expected = json!([{
        "kind": "SealedSecret", "namespace": "shop", "name": "db", "change": "changed", "fields": [],
        "items": [{ "item": "user", "change": "changed", "old": item["old"], "new": item["new"] }],
    }]);
    assert_eq!(report, expected);
    assert_eq!(item["old"]["scope"], item["new"]["scope"]);
    assert_eq!(item["old"]["scope"]["kind"], "strict");
    assert_ne!(item["old"]["keys"], item["new"]["keys"]);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let (workshop, _) = workshop();
    let old = workshop.read("old.yaml");
    workshop.write("none.yaml", "kind: ConfigMap\n");
    workshop.write(
        "bad.yaml",
        &old.replacen("password: YWdl", "password: YWdm", 1),
    );
    workshop.write("half.yaml", "kind: {");
    let told = |a: &str, b: &str| workshop.run(&["diff", a, b]).refused();
    assert!(told("none.yaml", "none.yaml").contains("hold no SealedSecret"));
    let both = told("half.yaml", "gone.yaml");
    assert!(
        both.contains("half.yaml:1") && both.contains("gone.yaml: cannot be read"),
        "{both}"
    );
    let bad = told("old.yaml", "bad.yaml");
    assert!(
        bad.contains("bad.yaml:") && bad.contains("item \"password\""),
        "{bad}"
    );
    assert!(told("-", "-").contains("read twice"));
    let added = workshop.run(&["diff", "none.yaml", "old.yaml"]).quiet();
    assert!(
        added.starts_with("SealedSecret shop/db: added\n  password: added, "),
        "{added}"
    );
}

#[test]
fn textconv_puts_words_in_the_place_of_values_and_never_refuses_a_file() {
    let (workshop, _) = workshop();
    let old = workshop.read("old.yaml");
    let text = workshop.run(&["textconv", "old.yaml"]).quiet();
    let same_frame = |text: &str| -> Vec<String> {
        let frame = text.lines().filter(|line| !line.starts_with("    "));
        frame.map(str::to_owned).collect()
    };
    assert_eq!(same_frame(&text), same_frame(&old));
    assert!(
        line(&text, "user").contains("Z, strict shop/db/user, key "),
        "{text}"
    );
    assert!(!text.contains("YWdl"), "{text}");
    for other in ["", "kind: {\n", "a: YWdlLWVuY3J5cHRpb24ub3JnAAAA\n"] {
        let same = workshop.run_with(&["textconv", "-"], other).quiet();
        assert_eq!(same, other);
    }
}
