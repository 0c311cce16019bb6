//! Items made of other items: `spec.template.data`.

use std::collections::BTreeMap;
use std::error::Error as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};

use super::Items;
use super::filters::{self, Refusal};

/// How many steps one template may take, counting 64 bytes of its texts and lists as one: far more than any
/// real one needs.
const FUEL: u64 = 100_000;

/// Renders templates over the opened items. An item is named as it is (`{{ password }}`), or, where its
/// name is no identifier, through `items` (`{{ items["tls.crt"] }}`). A binary item is there as base64 only
/// (`{{ base64["key.p12"] }}`).
pub(super) struct Engine<'a> {
    environment: Environment<'static>,
    context: Value,
    items: &'a Items,
}

impl<'a> Engine<'a> {
    pub(super) fn new(items: &'a Items) -> Self {
        Self {
            environment: environment(),
            context: context(items),
            items,
        }
    }

    /// What becomes of the template of an item; `Err`: why nothing does, without any value.
    pub(super) fn render(&self, item: &str, template: &str) -> Result<String, String> {
        if self.items.contains_key(item) {
            return Err(
                "is in encryptedData as well as in template.data; remove one of them".to_owned(),
            );
        }
        self.environment
            .render_str(template, &self.context)
            .map_err(|error| explain(&self.environment, &error, template, self.items))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment.set_fuel(Some(FUEL));
    filters::add_to(&mut environment);
    environment
}

/// The maps that hold all items. An item of such a name hides the map.
const MAPS: [&str; 2] = ["items", "base64"];

/// Binary items cannot stand in a text: they are defined in `base64` only.
fn context(items: &Items) -> Value {
    let texts: BTreeMap<String, Value> = items
        .iter()
        .filter_map(|(item, plaintext)| {
            Some((
                item.clone(),
                Value::from(std::str::from_utf8(plaintext).ok()?),
            ))
        })
        .collect();
    let base64: BTreeMap<String, Value> = items
        .iter()
        .map(|(item, plaintext)| (item.clone(), Value::from(STANDARD.encode(plaintext))))
        .collect();
    let maps = MAPS.into_iter().zip([texts.clone(), base64]);
    let mut context = texts;
    for (name, map) in maps {
        context.entry(name.to_owned()).or_insert(Value::from(map));
    }
    Value::from(context)
}

/// The engine's own message can quote values: only the kind of the error, its line, and words from the
/// template are passed on.
fn explain(
    environment: &Environment<'_>,
    error: &minijinja::Error,
    template: &str,
    items: &Items,
) -> String {
    let line = error
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    let refusal = error.source().and_then(|source| source.downcast_ref());
    let what = match (error.kind(), refusal) {
        (_, Some(Refusal(why))) => (*why).to_owned(),
        (ErrorKind::OutOfFuel, _) => "takes too many steps".to_owned(),
        (ErrorKind::UndefinedError | ErrorKind::InvalidOperation, _) => {
            explain_undefined(environment, template, items)
                .unwrap_or_else(|| error.kind().to_string())
        }
        // These speak of the template alone, which is as public as the object.
        (
            kind @ (ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownTest),
            _,
        ) => format!("{kind} ({})", error.detail().unwrap_or_default()),
        (kind, _) => kind.to_string(),
    };
    format!("template: {what}{line}; correct spec.template.data")
}

/// The names that stand for nothing; `None`: there are none.
fn explain_undefined(
    environment: &Environment<'_>,
    template: &str,
    items: &Items,
) -> Option<String> {
    let names = environment
        .template_from_str(template)
        .ok()?
        .undeclared_variables(false);
    let mut unknown: Vec<String> = names
        .into_iter()
        .filter(|name| !MAPS.contains(&name.as_str()))
        .filter_map(|name| match items.get(&name) {
            None => Some(format!("there is no item {name}")),
            Some(plaintext) => str::from_utf8(plaintext)
                .is_err()
                .then(|| format!("{name} is binary (base64.{name} is its base64)")),
        })
        .collect();
    unknown.sort();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use zeroize::Zeroizing;

    use super::*;

    fn items() -> Items {
        [
            ("user", b"app".as_slice()),
            ("pass", b"s3cr3t<&>"),
            ("tls.crt", b"PEM\n"),
            ("json", br#"{"user": "app"}"#),
            ("quoted", br#"it's "it""#),
            ("blob", b"\xff\x00"),
        ]
        .into_iter()
        .map(|(item, value)| (item.to_owned(), Zeroizing::new(value.to_vec())))
        .collect()
    }

    fn render(item: &str, template: &str) -> Result<String, String> {
        Engine::new(&items()).render(item, template)
    }

    #[test]
    fn a_template_names_the_other_items() {
        for (template, expected) in [
            (
                "postgres://{{ user }}:{{ pass }}@db/\n",
                "postgres://app:s3cr3t<&>@db/\n",
            ),
            ("{{ items[\"tls.crt\"] }}", "PEM\n"),
            (
                "{% for name in items %}{{ name }} {% endfor %}",
                "json pass quoted tls.crt user ",
            ),
            ("no item at all", "no item at all"),
            (
                "{{ (user ~ ':' ~ pass)|b64encode }}",
                "YXBwOnMzY3IzdDwmPg==",
            ),
            ("{{ base64.blob }}", "/wA="),
            ("{{ base64['tls.crt']|b64decode }}", "PEM\n"),
            ("{{ pass|tojson }}", r#""s3cr3t<&>""#),
            ("{{ {'auth': quoted}|tojson }}", r#"{"auth":"it's \"it\""}"#),
            ("{{ (json|fromjson).user }}", "app"),
            ("{{ quoted|shellquote }}", r#"'it'\''s "it"'"#),
            (
                "{{ pass|urlencode }}/{{ '/@:~'|urlencode }}",
                "s3cr3t%3C%26%3E/%2F%40%3A~",
            ),
        ] {
            assert_eq!(render("url", template).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn a_failing_template_is_named_with_its_line_and_without_any_value() {
        for (item, template, words) in [
            ("url", "a\n{{ nosuch }}", &["no item nosuch", "line 2"][..]),
            ("url", "{{ blob }}", &["blob is binary"]),
            ("url", "{{ items['nosuch'] }}", &["undefined", "line 1"]),
            ("url", "{{ user", &["line 1"]),
            ("url", "{{ pass + 1 }}", &["line 1"]),
            (
                "url",
                "{{ pass|nosuchfilter }}",
                &["nosuchfilter", "line 1"],
            ),
            ("url", "{{ nosuch() }}", &["nosuch", "line 1"]),
            (
                "url",
                "\n\n{{ pass|b64decode }}",
                &["b64decode is given what is no base64", "line 3"],
            ),
            ("url", "{{ base64.blob|b64decode }}", &["no text"]),
            (
                "url",
                "{{ pass|fromjson }}",
                &["fromjson is given what is no JSON"],
            ),
            (
                "url",
                "{{ blob|b64encode }}",
                &["base64.blob is its base64"],
            ),
            (
                "url",
                "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}",
                &["too many steps"],
            ),
            (
                "user",
                "x",
                &["in encryptedData as well as in template.data"],
            ),
        ] {
            let message = render(item, template).unwrap_err();
            for word in words {
                assert!(message.contains(word), "{message}");
            }
            assert!(!message.contains("s3cr3t"), "{message}");
        }
    }
}
