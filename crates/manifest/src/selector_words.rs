//! Label selectors in kubectl's words.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use thiserror::Error;

use crate::error::Printable;
use crate::names::{NameError, check_label_value, check_metadata_key};

/// Why words are no selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// There is nothing in it, which would pick everything.
    #[error("is empty, and would pick everything")]
    Empty,
    /// A requirement in a form that kubectl does not know either.
    #[error(
        "\"{}\" is not one of KEY=VALUE, KEY!=VALUE, KEY in (VALUE,…), KEY notin (VALUE,…), KEY and !KEY", Printable(.0)
    )]
    Form(String),
    /// A key or value that no label can have.
    #[error("\"{}\": {cause}", Printable(.word))]
    Name {
        /// The key or value.
        word: String,
        /// What is wrong with it.
        cause: NameError,
    },
    /// Two values for one key, of which no object has both.
    #[error("asks for two values of {}", Printable(.0))]
    Twice(String),
}

/// Reads a selector in kubectl's words: requirements with commas in between, which must all hold, such as
/// `team=a`, `team!=a`, `team in (a,b)`, `team notin (a,b)`, `team` and `!team`.
///
/// # Errors
/// It is empty, or one of the requirements is in none of these forms.
pub fn parse_selector(words: &str) -> Result<LabelSelector, SelectorError> {
    let mut labels = BTreeMap::new();
    let mut expressions = Vec::new();
    for requirement in requirements(words) {
        match Requirement::parse(requirement)? {
            Requirement::Label(key, value) => {
                if labels.insert(key.clone(), value).is_some() {
                    return Err(SelectorError::Twice(key));
                }
            }
            Requirement::Expression(expression) => expressions.push(expression),
        }
    }
    if labels.is_empty() && expressions.is_empty() {
        return Err(SelectorError::Empty);
    }
    Ok(LabelSelector {
        match_labels: Some(labels).filter(|labels| !labels.is_empty()),
        match_expressions: Some(expressions).filter(|all| !all.is_empty()),
    })
}

/// The parts between the commas that stand outside of parentheses.
fn requirements(words: &str) -> Vec<&str> {
    if words.trim().is_empty() {
        return Vec::new();
    }
    let mut is_inside = false;
    let parts = words.split(|character| {
        is_inside = match character {
            '(' => true,
            ')' => false,
            _ => is_inside,
        };
        character == ',' && !is_inside
    });
    parts.map(str::trim).collect()
}

enum Requirement {
    Label(String, String),
    Expression(LabelSelectorRequirement),
}

impl Requirement {
    fn parse(words: &str) -> Result<Self, SelectorError> {
        let operators = [("!=", "NotIn"), ("==", "="), ("=", "=")];
        let compared = operators
            .into_iter()
            .find_map(|(sign, operator)| Some((words.split_once(sign)?, operator)));
        if let Some(((key, value), operator)) = compared {
            let (key, value) = (checked_key(key)?, checked_value(value)?);
            return Ok(match operator {
                "=" => Self::Label(key, value),
                _ => Self::expression(key, operator, Some(vec![value])),
            });
        }
        if let Some((head, list)) = words.split_once('(') {
            let form = || SelectorError::Form(words.to_owned());
            let (key, operator) = head
                .trim()
                .split_once(char::is_whitespace)
                .ok_or_else(form)?;
            let operator = match operator.trim() {
                "in" => "In",
                "notin" => "NotIn",
                _ => return Err(form()),
            };
            let list = list.strip_suffix(')').ok_or_else(form)?;
            let values = list.split(',').map(checked_value);
            let values = values.collect::<Result<_, _>>()?;
            return Ok(Self::expression(checked_key(key)?, operator, Some(values)));
        }
        Ok(match words.strip_prefix('!') {
            Some(key) => Self::expression(checked_key(key)?, "DoesNotExist", None),
            None => Self::expression(checked_key(words)?, "Exists", None),
        })
    }

    fn expression(key: String, operator: &str, values: Option<Vec<String>>) -> Self {
        Self::Expression(LabelSelectorRequirement {
            key,
            operator: operator.to_owned(),
            values,
        })
    }
}

fn checked_key(key: &str) -> Result<String, SelectorError> {
    let key = key.trim();
    match check_metadata_key(key) {
        Ok(()) => Ok(key.to_owned()),
        Err(_) if key.is_empty() || key.contains(char::is_whitespace) => {
            Err(SelectorError::Form(key.to_owned()))
        }
        Err(cause) => Err(SelectorError::Name {
            word: key.to_owned(),
            cause,
        }),
    }
}

fn checked_value(value: &str) -> Result<String, SelectorError> {
    let value = value.trim();
    match check_label_value(value) {
        Ok(()) => Ok(value.to_owned()),
        Err(cause) => Err(SelectorError::Name {
            word: value.to_owned(),
            cause,
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value as Json, json};

    use super::*;

    fn expression(key: &str, operator: &str, values: &[&str]) -> Json {
        match values {
            [] => json!({ "key": key, "operator": operator }),
            _ => json!({ "key": key, "operator": operator, "values": values }),
        }
    }

    #[test]
    fn the_words_of_kubectl_are_understood() {
        let expressions = |all: &[Json]| json!({ "matchExpressions": all });
        let cases = [
            ("team=a", json!({ "matchLabels": { "team": "a" } })),
            (
                " team == a , env=prod",
                json!({ "matchLabels": { "team": "a", "env": "prod" } }),
            ),
            ("team=", json!({ "matchLabels": { "team": "" } })),
            (
                "team!=a",
                expressions(&[expression("team", "NotIn", &["a"])]),
            ),
            (
                "team in (a, b),!old",
                expressions(&[
                    expression("team", "In", &["a", "b"]),
                    expression("old", "DoesNotExist", &[]),
                ]),
            ),
            (
                "x.io/team notin (a),env",
                expressions(&[
                    expression("x.io/team", "NotIn", &["a"]),
                    expression("env", "Exists", &[]),
                ]),
            ),
        ];
        for (words, expected) in cases {
            let selector = parse_selector(words).unwrap();
            assert_eq!(serde_json::to_value(selector).unwrap(), expected, "{words}");
        }
    }

    #[test]
    fn words_that_pick_nothing_or_everything_by_mistake_are_refused() {
        let cases = [
            ("", "is empty"),
            (" ", "is empty"),
            ("team=a,", "is not one of"),
            ("team a", "is not one of"),
            ("team in a", "is not one of"),
            ("team within (a)", "is not one of"),
            ("team in (a", "is not one of"),
            ("=a", "is not one of"),
            ("team=a,team=b", "two values of team"),
            ("te$m=a", "\"te$m\": is not a key"),
            ("team=a b", "\"a b\": is not a value"),
            ("team=a=b", "\"a=b\": is not a value"),
        ];
        for (words, expected) in cases {
            let error = parse_selector(words).unwrap_err().to_string();
            assert!(error.contains(expected), "{words:?}: {error}");
        }
    }
}
