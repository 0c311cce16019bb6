//! Which namespaces get a Secret: a pure function.

use std::collections::BTreeMap;

use kube::core::{Selector, SelectorExt};

/// Namespaces of Kubernetes itself: a selector that is too wide must not reach them.
const PROTECTED: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];

/// What counts of a namespace.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    pub(super) labels: BTreeMap<String, String>,
    /// Nothing can be created in it any more.
    pub(super) terminating: bool,
}

/// The namespaces of the cluster, as one object selects them; each list sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// They get a Secret.
    pub(super) wanted: Vec<Box<str>>,
    /// Selected as well, but they never get one.
    pub(super) protected: Vec<Box<str>>,
    /// A Secret that the object made there earlier must go.
    pub(super) unwanted: Vec<Box<str>>,
}

pub(super) fn select<'a>(
    selector: &Selector,
    namespaces: impl Iterator<Item = (&'a Box<str>, &'a Namespace)>,
    own: &str,
) -> Selection {
    let mut selection = Selection::default();
    for (name, namespace) in namespaces.filter(|(_, namespace)| !namespace.terminating) {
        let list = if !selector.matches(&namespace.labels) {
            &mut selection.unwanted
        } else if PROTECTED.contains(&&**name) || **name == *own {
            &mut selection.protected
        } else {
            &mut selection.wanted
        };
        list.push(name.clone());
    }
    for list in [
        &mut selection.wanted,
        &mut selection.protected,
        &mut selection.unwanted,
    ] {
        list.sort_unstable();
    }
    selection
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_picks_by_label_and_never_a_protected_or_vanishing_namespace() {
        let namespace = |name: &str, team: Option<&str>, terminating: bool| {
            let mut labels = BTreeMap::from([("name".to_owned(), name.to_owned())]);
            labels.extend(team.map(|team| ("team".to_owned(), team.to_owned())));
            let namespace = Namespace {
                labels,
                terminating,
            };
            (Box::<str>::from(name), namespace)
        };
        let namespaces = [
            namespace("shop", Some("a"), false),
            namespace("bank", Some("b"), false),
            namespace("old", Some("a"), true),
            namespace("plain", None, false),
            namespace("kube-system", None, false),
            namespace("waxwing-system", Some("a"), false),
        ];
        let cases = [
            (
                json!({}),
                "bank plain shop",
                "kube-system waxwing-system",
                "",
            ),
            (
                json!({ "matchLabels": { "team": "a" } }),
                "shop",
                "waxwing-system",
                "bank kube-system plain",
            ),
            (
                json!({ "matchExpressions": [{ "key": "team", "operator": "In", "values": ["a", "b"] }] }),
                "bank shop",
                "waxwing-system",
                "kube-system plain",
            ),
            (
                json!({ "matchExpressions": [{ "key": "team", "operator": "DoesNotExist" }] }),
                "plain",
                "kube-system",
                "bank shop waxwing-system",
            ),
            (
                json!({ "matchLabels": { "team": "c" } }),
                "",
                "",
                "bank kube-system plain shop waxwing-system",
            ),
        ];
        for (selector, wanted, protected, unwanted) in cases {
            let parsed: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
            let all = namespaces.iter().map(|(name, namespace)| (name, namespace));
            let selection = select(&parsed.try_into().unwrap(), all, "waxwing-system");
            assert_eq!(
                (
                    selection.wanted.join(" ").as_str(),
                    selection.protected.join(" ").as_str(),
                    selection.unwanted.join(" ").as_str(),
                ),
                (wanted, protected, unwanted),
                "{selector}"
            );
        }
    }
}
