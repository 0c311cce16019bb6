//! Values to YAML, in the block style of kubectl.
//!
//! Text is quoted by what kubectl would read without the quotes, which is more than YAML 1.2 asks
//! for: to kubectl `yes`, `012` and `1_000` are no strings.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

use crate::plain::Plain;
use crate::value::Value;

/// Appends a value as a document without its `---` line.
pub(crate) fn write_yaml(value: &Value, out: &mut Zeroizing<String>) {
    const INFALLIBLE: &str = "writing to memory does not fail";
    // One allocation of the final size: growing would leave plaintext behind in freed memory.
    let mut len = Length(0);
    write_document(value, &mut len).expect(INFALLIBLE);
    out.reserve(len.0);
    write_document(value, &mut **out).expect(INFALLIBLE);
}

/// Counts the bytes that are written.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

fn write_document(value: &Value, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Map(entries) if !entries.is_empty() => write_map(entries, 0, out),
        Value::List(values) if !values.is_empty() => write_list(values, 0, out),
        other => {
            write_scalar(other, 2, out)?;
            out.write_char('\n')
        }
    }
}

/// Writes the entries of a mapping, the first where the output stands, the others indented.
fn write_map(entries: &[(String, Value)], indent: usize, out: &mut impl Write) -> fmt::Result {
    for (at, (key, value)) in entries.iter().enumerate() {
        if at > 0 {
            write_indent(indent, out)?;
        }
        write_key(key, out)?;
        write_after_key(value, indent, out)?;
    }
    Ok(())
}

fn write_after_key(value: &Value, indent: usize, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            out.write_char('\n')?;
            write_indent(indent + 2, out)?;
            write_map(entries, indent + 2, out)
        }
        Value::List(values) if !values.is_empty() => {
            out.write_char('\n')?;
            write_indent(indent, out)?;
            write_list(values, indent, out)
        }
        scalar => {
            out.write_char(' ')?;
            write_scalar(scalar, indent + 2, out)?;
            out.write_char('\n')
        }
    }
}

/// Writes the elements of a list, the first where the output stands, the others indented.
fn write_list(values: &[Value], indent: usize, out: &mut impl Write) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            write_indent(indent, out)?;
        }
        out.write_str("- ")?;
        match value {
            Value::Map(entries) if !entries.is_empty() => write_map(entries, indent + 2, out)?,
            Value::List(values) if !values.is_empty() => write_list(values, indent + 2, out)?,
            scalar => {
                write_scalar(scalar, indent + 2, out)?;
                out.write_char('\n')?;
            }
        }
    }
    Ok(())
}

fn write_indent(indent: usize, out: &mut impl Write) -> fmt::Result {
    write!(out, "{:indent$}", "")
}

fn write_key(key: &str, out: &mut impl Write) -> fmt::Result {
    write_word(key, out)?;
    out.write_char(':')
}

/// Writes a text on one line, in quotes if it needs them. It means the same in flow style.
pub(crate) fn write_word(text: &str, out: &mut impl Write) -> fmt::Result {
    if is_plain(text) {
        out.write_str(text)
    } else {
        write_quoted(text, out)
    }
}

fn write_scalar(value: &Value, indent: usize, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(boolean) => write!(out, "{boolean}"),
        Value::Number(number) => write!(out, "{number}"),
        Value::List(_) => out.write_str("[]"),
        Value::Map(_) => out.write_str("{}"),
        Value::Text(text) if !is_plain(text) && is_literal(text) => {
            write_literal(text, indent, out)
        }
        Value::Text(text) => write_word(text, out),
    }
}

/// Whether a text needs no quotes. The rule is narrower than YAML's: what remains is what no reader
/// takes for anything else.
fn is_plain(text: &str) -> bool {
    let starts_well =
        text.starts_with(|first: char| first.is_ascii_alphanumeric() || "/_.".contains(first));
    let is_harmless =
        |character: char| character.is_ascii_alphanumeric() || " _./+=@-".contains(character);
    let looks_like_a_time = text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|character| character.is_ascii_digit() || "-T.Z +".contains(character));
    starts_well
        && text.chars().all(is_harmless)
        && !text.ends_with(' ')
        && !text.starts_with("...")
        && !looks_like_a_time
        && Plain::of(text) == Plain::Text
}

/// Whether a text of several lines comes through a literal block unchanged.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && !body.is_empty()
        && !text
            .chars()
            .any(|character| character != '\n' && needs_escape(character))
        && !body.lines().any(|line| line.ends_with([' ', '\t']))
}

fn write_literal(text: &str, indent: usize, out: &mut impl Write) -> fmt::Result {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    out.write_str(header)?;
    for line in body.split('\n') {
        out.write_char('\n')?;
        if !line.is_empty() {
            write_indent(indent, out)?;
            out.write_str(line)?;
        }
    }
    Ok(())
}

fn write_quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            other if needs_escape(other) => write!(out, "\\u{:04X}", u32::from(other))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

/// Whether YAML counts a character as unprintable, as a line break or as a byte order mark.
fn needs_escape(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn yaml(value: &Value) -> String {
        let mut out = Zeroizing::new(String::new());
        write_yaml(value, &mut out);
        out.to_string()
    }

    fn pairs(entries: &[(&str, Value)]) -> Value {
        Value::Map(
            entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn a_manifest_looks_as_kubectl_would_print_it() {
        let value = pairs(&[
            ("kind", Value::text("Secret")),
            (
                "metadata",
                pairs(&[("labels", pairs(&[("app", Value::text("web"))]))]),
            ),
            (
                "items",
                Value::List(vec![pairs(&[("a", Value::Bool(true)), ("b", Value::Null)])]),
            ),
            ("empty", pairs(&[])),
            ("text", Value::text("one\n\ntwo\n")),
        ]);
        let expected = "kind: Secret\nmetadata:\n  labels:\n    app: web\nitems:\n- a: true\n  \
                        b: null\nempty: {}\ntext: |\n  one\n\n  two\n";
        assert_eq!(yaml(&value), expected);
    }

    #[test]
    fn text_that_kubectl_would_read_as_something_else_is_quoted() {
        for text in [
            "",
            "yes",
            "No",
            "on",
            "y",
            "true",
            "null",
            "~",
            "12",
            "012",
            "0x1f",
            "0b1",
            "1_000",
            "1e3",
            ".5",
            ".inf",
            "2026-11-24",
            "- a",
            "a: b",
            "a #b",
            " a",
            "a ",
            "<<",
            "=",
            "...",
            "?",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a",
            "[a",
            "\u{85}",
            "a\tb",
        ] {
            let written = yaml(&Value::text(text));
            assert!(written.starts_with('"'), "{text:?} is written as {written}");
        }
    }

    #[test]
    fn base64_stands_without_quotes() {
        assert_eq!(
            yaml(&Value::text("YWdlLWVuY3J5cHRpb24/+w==")),
            "YWdlLWVuY3J5cHRpb24/+w==\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![".*", "[ -~\n\t]{0,20}", "[0-9a-z._+-]{0,6}", "[a \n]{0,8}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| Value::Number(number.into())),
            text.clone().prop_map(|text| Value::text(&text)),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            let key = text.clone();
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(key, inner, 0..4)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn another_yaml_reader_reads_back_what_was_written(value in any_value()) {
            let written = yaml(&value);
            let read: serde_json::Value = serde_yaml::from_str(&written).unwrap();
            prop_assert_eq!(read, serde_json::to_value(&value).unwrap(), "{}", written);
        }
    }
}
