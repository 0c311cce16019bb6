//! Items made of other items: `spec.template.data`.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use waxwing_api::Reason;
use zeroize::Zeroizing;

use super::{Failure, Items};

/// How many steps one template may take: far more than any real one, far fewer than would hold up the
/// others.
const FUEL: u64 = 100_000;

/// Renders every template over the opened items. An item is named as it is (`{{ password }}`), or,
/// where its name is no identifier, through `items` (`{{ items["tls.crt"] }}`).
pub(super) fn render(
    templates: &BTreeMap<String, String>,
    items: &Items,
) -> Result<Items, Vec<Failure>> {
    if templates.is_empty() {
        return Ok(Items::new());
    }
    let context = context(items);
    let environment = environment();
    let mut rendered = Items::new();
    let mut failures = Vec::new();
    for (item, template) in templates {
        match render_one(&environment, &context, item, template, items) {
            Ok(text) => {
                rendered.insert(item.clone(), Zeroizing::new(text.into_bytes()));
            }
            Err(message) => failures.push(Failure::of_item(Reason::TemplateError, item, message)),
        }
    }
    if failures.is_empty() {
        Ok(rendered)
    } else {
        Err(failures)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment.set_fuel(Some(FUEL));
    environment
}

/// Binary items cannot stand in a text: they are not defined here.
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
    let all = Value::from(texts.clone());
    let mut context = texts;
    context.entry("items".to_owned()).or_insert(all);
    Value::from(context)
}

fn render_one(
    environment: &Environment<'_>,
    context: &Value,
    item: &str,
    template: &str,
    items: &Items,
) -> Result<String, String> {
    if items.contains_key(item) {
        return Err(
            "is in encryptedData as well as in template.data; remove one of them".to_owned(),
        );
    }
    environment
        .render_str(template, context)
        .map_err(|error| explain(environment, &error, template, items))
}

/// The engine's own message can quote values: only the kind of the error, its line, and names from the
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
    let what = match error.kind() {
        minijinja::ErrorKind::UndefinedError => explain_undefined(environment, template, items),
        minijinja::ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
        kind => kind.to_string(),
    };
    format!("template: {what}{line}; correct spec.template.data")
}

fn explain_undefined(environment: &Environment<'_>, template: &str, items: &Items) -> String {
    let Ok(template) = environment.template_from_str(template) else {
        return "undefined name".to_owned();
    };
    let mut unknown: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| name != "items" && !is_text(items, name))
        .collect();
    unknown.sort();
    match unknown.as_slice() {
        [] => "a name that it uses is not defined".to_owned(),
        names => format!("there is no text item {}", names.join(", ")),
    }
}

fn is_text(items: &Items, name: &str) -> bool {
    items
        .get(name)
        .is_some_and(|plaintext| std::str::from_utf8(plaintext).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn items() -> Items {
        [
            ("user", b"app".as_slice()),
            ("pass", b"s3cr3t<&>"),
            ("tls.crt", b"PEM\n"),
            ("blob", b"\xff\x00"),
        ]
        .into_iter()
        .map(|(item, value)| (item.to_owned(), Zeroizing::new(value.to_vec())))
        .collect()
    }

    fn render_text(item: &str, template: &str) -> Result<String, String> {
        let templates = BTreeMap::from([(item.to_owned(), template.to_owned())]);
        match render(&templates, &items()) {
            Ok(rendered) => Ok(String::from_utf8(rendered[item].to_vec()).unwrap()),
            Err(failures) => Err(failures[0].to_string()),
        }
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
                "pass tls.crt user ",
            ),
            ("no item at all", "no item at all"),
        ] {
            assert_eq!(
                render_text("url", template).unwrap(),
                expected,
                "{template}"
            );
        }
    }

    #[test]
    fn a_failing_template_is_named_with_its_line_and_without_any_value() {
        for (item, template, words) in [
            (
                "url",
                "a\n{{ nosuch }}",
                &["url: ", "no text item nosuch", "line 2"][..],
            ),
            ("url", "{{ blob }}", &["no text item blob"]),
            ("url", "{{ items['nosuch'] }}", &["not defined", "line 1"]),
            ("url", "{{ user", &["line 1"]),
            ("url", "{{ pass + 1 }}", &["line 1"]),
            ("url", "{{ pass|nosuchfilter }}", &["line 1"]),
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
            let message = render_text(item, template).unwrap_err();
            for word in words {
                assert!(message.contains(word), "{message}");
            }
            assert!(!message.contains("s3cr3t"), "{message}");
        }
    }
}
