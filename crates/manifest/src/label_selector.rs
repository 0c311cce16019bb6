//! The label selector of a ClusterSealedSecret, read and written.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::error::Problem;
use crate::fields::{Fields, field};
use crate::names::{check_label_value, check_metadata_key};
use crate::tree::NodeId;
use crate::value::Value;

const PATH: &str = "spec.namespaceSelector";
const LABELS: &str = "spec.namespaceSelector.matchLabels";
const EXPRESSIONS: &str = "spec.namespaceSelector.matchExpressions";

/// Whether an operator compares with values.
const OPERATORS: [(&str, bool); 4] = [
    ("In", true),
    ("NotIn", true),
    ("Exists", false),
    ("DoesNotExist", false),
];

/// Reads the selector of a ClusterSealedSecret. Null is none.
pub(crate) fn read_selector(fields: &mut Fields<'_>, node: NodeId) -> Option<LabelSelector> {
    if fields.tree().is_null(node) {
        return None;
    }
    let mut selector = LabelSelector::default();
    for entry in fields.entries(node, PATH) {
        match entry.key {
            "matchLabels" => {
                let labels = fields.labels(entry.value, LABELS);
                selector.match_labels = Some(labels).filter(|labels| !labels.is_empty());
            }
            "matchExpressions" => {
                let elements = fields.elements(entry.value, EXPRESSIONS).to_vec();
                let expressions = elements.into_iter();
                let expressions: Vec<_> = expressions
                    .map(|expression| read_expression(fields, expression))
                    .collect();
                selector.match_expressions = Some(expressions).filter(|all| !all.is_empty());
            }
            _ => fields.unknown(entry, "spec.namespaceSelector."),
        }
    }
    Some(selector)
}

fn read_expression(fields: &mut Fields<'_>, node: NodeId) -> LabelSelectorRequirement {
    let mut expression = LabelSelectorRequirement::default();
    let mut values = Vec::new();
    for entry in fields.entries(node, EXPRESSIONS) {
        let part = field(&format!("{EXPRESSIONS}.{}", entry.key));
        match entry.key {
            "key" => {
                let key = fields.text(entry.value, part.clone()).unwrap_or_default();
                if let Err(error) = check_metadata_key(key) {
                    fields.invalid(entry.key_node, part, error);
                }
                key.clone_into(&mut expression.key);
            }
            "operator" => {
                let operator = fields.text(entry.value, part).unwrap_or_default();
                operator.clone_into(&mut expression.operator);
            }
            "values" => {
                for value in fields.elements(entry.value, EXPRESSIONS).to_vec() {
                    let text = fields.text(value, part.clone()).unwrap_or_default();
                    if let Err(error) = check_label_value(text) {
                        fields.invalid(value, part.clone(), error);
                    }
                    values.push(text.to_owned());
                }
            }
            _ => fields.unknown(entry, "spec.namespaceSelector.matchExpressions."),
        }
    }
    if expression.key.is_empty() {
        let part = field(&format!("{EXPRESSIONS}.key"));
        fields.report(node, part, Problem::Missing);
    }
    let operator = OPERATORS
        .iter()
        .find(|(word, _)| *word == expression.operator);
    let problem = match operator {
        None => Some(Problem::NotOneOf {
            allowed: "In, NotIn, Exists and DoesNotExist",
        }),
        Some((_, compares)) if *compares == values.is_empty() => Some(Problem::OperatorValues),
        Some(_) => None,
    };
    if let Some(problem) = problem {
        fields.report(node, field(&format!("{EXPRESSIONS}.operator")), problem);
    }
    expression.values = Some(values).filter(|values| !values.is_empty());
    expression
}

/// A selector as it is written; one that picks everything is an empty mapping.
pub(crate) fn selector_value(selector: &LabelSelector) -> Value {
    let expressions = selector.match_expressions.as_ref();
    let expressions = expressions.filter(|expressions| !expressions.is_empty());
    Value::map([
        (
            "matchLabels",
            selector.match_labels.as_ref().and_then(Value::text_map),
        ),
        (
            "matchExpressions",
            expressions.map(|all| Value::List(all.iter().map(expression_value).collect())),
        ),
    ])
}

fn expression_value(expression: &LabelSelectorRequirement) -> Value {
    let values = expression.values.as_ref();
    Value::map([
        ("key", Some(Value::text(&expression.key))),
        ("operator", Some(Value::text(&expression.operator))),
        (
            "values",
            values
                .map(|values| Value::List(values.iter().map(|value| Value::text(value)).collect())),
        ),
    ])
}
