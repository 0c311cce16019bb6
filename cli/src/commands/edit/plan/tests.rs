#![allow(clippy::unwrap_used)]

use std::time::SystemTime;

use waxwing_crypto::{Algorithm, Identity, Place};

use super::*;

fn seal(item: &str, scope: ScopeKind) -> String {
    let scope = scope.at(&Place {
        namespace: "prod",
        name: "db",
        item,
    });
    let recipients = [Identity::generate(Algorithm::X25519).recipient().clone()];
    let sealed = SealedValue::seal(b"v", &scope, &recipients, SystemTime::UNIX_EPOCH);
    sealed.unwrap().to_base64()
}

/// The items `strict` and `wide`, of those scopes, and `broken`, which is no sealed value.
fn sealed() -> BTreeMap<String, String> {
    [
        ("strict", seal("strict", ScopeKind::Strict)),
        ("wide", seal("wide", ScopeKind::Namespace)),
        ("broken", "YQ==".to_owned()),
    ]
    .map(|(item, text)| (item.to_owned(), text))
    .into()
}

fn items(pairs: &[(&str, &str)]) -> Items {
    let pairs = pairs.iter();
    pairs
        .map(|(item, value)| {
            (
                (*item).to_owned(),
                Zeroizing::new(value.as_bytes().to_vec()),
            )
        })
        .collect()
}

/// Each step in a few words, after these values had been opened.
fn words(opened: &[(&str, &str)], edited: &[(&str, &str)]) -> Vec<String> {
    let (sealed, opened, edited) = (sealed(), items(opened), items(edited));
    let of = |text: &str| {
        let mut values = sealed.iter();
        values.find(|(_, known)| *known == text).unwrap().0.clone()
    };
    let shown = Shown {
        sealed: &sealed,
        opened: &opened,
    };
    match plan(shown, &edited) {
        Ok(steps) => steps
            .iter()
            .map(|step| match step {
                Step::Put {
                    item,
                    value: Value::New(value),
                } => format!("{item} = {}", String::from_utf8_lossy(value)),
                Step::Put {
                    item,
                    value: Value::Moved(text),
                } => format!("{item} = that of {}", of(text)),
                Step::Rename { item, to } => format!("{item} -> {to}"),
                Step::Remove { item } => format!("no {item}"),
            })
            .collect(),
        Err(refusals) => refusals
            .iter()
            .map(|refusal| {
                let why = match &refusal.reason {
                    Reason::NoSuchValue(_) => "no such value",
                    Reason::Twice(_) => "twice",
                    Reason::Bound(_) => "bound",
                };
                format!("{}: {why}", refusal.item)
            })
            .collect(),
    }
}

const BROKEN: (&str, &str) = ("broken", "<sealed broken>");
const STRICT: (&str, &str) = ("strict", "<sealed strict>");
const WIDE: (&str, &str) = ("wide", "<sealed wide>");

#[test]
fn placeholders_stay_move_and_go_and_everything_else_is_sealed() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        ("nothing changes", &[BROKEN, STRICT, WIDE], &[]),
        ("one goes", &[BROKEN, STRICT], &["no wide"]),
        (
            "a new value",
            &[BROKEN, ("strict", "new"), WIDE],
            &["strict = new"],
        ),
        (
            "an empty value",
            &[BROKEN, ("strict", ""), WIDE],
            &["strict = "],
        ),
        (
            "a new item",
            &[BROKEN, STRICT, WIDE, ("x", "1")],
            &["x = 1"],
        ),
        (
            "another name",
            &[BROKEN, STRICT, ("x", "<sealed wide>")],
            &["wide -> x"],
        ),
        (
            "another name, and a new value for the old one",
            &[BROKEN, STRICT, ("wide", "1"), ("x", "<sealed wide>")],
            &["wide = 1", "x = that of wide"],
        ),
        (
            "in the place of another one",
            &[BROKEN, ("strict", "<sealed wide>")],
            &["strict = that of wide", "no wide"],
        ),
        (
            "bound",
            &[BROKEN, WIDE, ("x", "<sealed strict>")],
            &["x: bound"],
        ),
        (
            "unreadable",
            &[STRICT, WIDE, ("x", "<sealed broken>")],
            &["x: bound"],
        ),
        (
            "a copy",
            &[BROKEN, STRICT, WIDE, ("x", "<sealed wide>")],
            &["wide: twice", "x: twice"],
        ),
        (
            "unknown",
            &[BROKEN, STRICT, WIDE, ("x", "<sealed y>")],
            &["x: no such value"],
        ),
        (
            "nearly a placeholder",
            &[BROKEN, STRICT, ("wide", "<sealed wide> ")],
            &["wide = <sealed wide> "],
        ),
    ];
    for (case, edited, expected) in cases {
        assert_eq!(words(&[], edited), *expected, "{case}");
    }
}

#[test]
fn an_opened_value_that_is_left_keeps_its_ciphertext_and_has_no_placeholder() {
    let all = [("broken", "b"), ("strict", "s"), ("wide", "w")];
    assert_eq!(words(&all, &all), [""; 0]);
    assert_eq!(
        words(&all, &[all[0], all[1], ("wide", "<sealed wide>")]),
        ["wide = <sealed wide>"],
        "it is what was typed"
    );
}

#[test]
fn what_did_not_open_is_shown_as_a_placeholder_beside_what_did() {
    let (sealed, opened) = (sealed(), [("strict", "s")]);
    let shown = Shown {
        sealed: &sealed,
        opened: &items(&opened),
    };
    assert_eq!(shown.items(), items(&[BROKEN, ("strict", "s"), WIDE]));
    let edited = [BROKEN, ("strict", "s"), ("x", "<sealed wide>")];
    assert_eq!(words(&opened, &edited), ["wide -> x"]);
    assert_eq!(
        words(&opened, &[BROKEN, WIDE, ("strict", "<sealed strict>")]),
        ["strict: no such value"]
    );
}
