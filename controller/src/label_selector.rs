//! Label selectors as they are written for `kubectl -l`, held against labels.
//!
//! The API server selects what is listed and watched. What it asks about before that has to be selected here.

use std::collections::{BTreeMap, BTreeSet};

/// All of its requirements have to be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    text: Box<str>,
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    label: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    In(BTreeSet<String>),
    /// Met as well where there is no such label.
    NotIn(BTreeSet<String>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
    /// What is compared with is no number: nothing meets it.
    Never,
}

impl LabelSelector {
    /// Reads what the API server takes as a label selector; of other texts nobody says what they select.
    pub(crate) fn read(text: &str) -> Self {
        Self {
            text: text.into(),
            requirements: split(text).map(Requirement::read).collect(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let mut requirements = self.requirements.iter();
        requirements.all(|requirement| requirement.is_met(labels.get(&requirement.label)))
    }
}

/// At the commas that are not between parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

impl Requirement {
    fn read(text: &str) -> Self {
        let (label, test) = if let Some((head, values)) = text.split_once('(') {
            let values = set(values.trim_end_matches(')').split(','));
            match head.trim().split_once(char::is_whitespace) {
                Some((label, operator)) if operator.trim() == "notin" => {
                    (label, Test::NotIn(values))
                }
                Some((label, _)) => (label, Test::In(values)),
                None => (head, Test::Never),
            }
        } else if let Some((label, value)) = text.split_once("!=") {
            (label, Test::NotIn(set([value])))
        } else if let Some((label, value)) = text.split_once('=') {
            (label, Test::In(set([value.trim_start_matches('=')])))
        } else if let Some((label, value)) = text.split_once('>') {
            (label, value.trim().parse().map_or(Test::Never, Test::Above))
        } else if let Some((label, value)) = text.split_once('<') {
            (label, value.trim().parse().map_or(Test::Never, Test::Below))
        } else if let Some(label) = text.strip_prefix('!') {
            (label, Test::Absent)
        } else {
            (text, Test::Exists)
        };
        Self {
            label: label.trim().to_owned(),
            test,
        }
    }

    fn is_met(&self, value: Option<&String>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.test {
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::Above(limit) => number().is_some_and(|number| number > *limit),
            Test::Below(limit) => number().is_some_and(|number| number < *limit),
            Test::Never => false,
        }
    }
}

fn set<'a>(values: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let values = values.into_iter();
    values.map(|value| value.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_kubectl_selects_as_the_api_server_does() {
        let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
                .collect()
        };
        let [none, a, b] = [&[][..], &[("team", "a")], &[("team", "b")]].map(labels);
        let two = labels(&[("team", "a"), ("example.com/size", "7")]);
        let all = [("none", none), ("a", a), ("b", b), ("two", two)];
        for (text, expected) in [
            ("", "none a b two"),
            ("team", "a b two"),
            ("!team", "none"),
            (" ! team ", "none"),
            ("team=a", "a two"),
            ("team==a", "a two"),
            ("team = a", "a two"),
            ("team=", ""),
            ("team!=a", "none b"),
            ("team != a", "none b"),
            ("team in (a,b)", "a b two"),
            ("team in(b)", "b"),
            ("team  in  ( b , c )", "b"),
            ("team notin (a)", "none b"),
            ("team notin (a, b)", "none"),
            ("team in (a),!example.com/size", "a"),
            ("team in (a,b),team!=b", "a two"),
            ("example.com/size>6", "two"),
            ("example.com/size > 7", ""),
            ("example.com/size<8,team=a", "two"),
            ("example.com/size<x", ""),
        ] {
            let selector = LabelSelector::read(text);
            let matching: Vec<&str> = all
                .iter()
                .filter(|(_, labels)| selector.matches(labels))
                .map(|(name, _)| *name)
                .collect();
            assert_eq!(matching.join(" "), expected, "{text:?}");
        }
    }
}
