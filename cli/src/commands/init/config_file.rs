//! The text of a new `.waxwing.yaml`, with comments for those who will change it.

use std::fmt::Write;

use waxwing_api::names::DEFAULT_NAMESPACE;
use waxwing_crypto::Recipient;

use crate::config::{API_VERSION, KIND};

/// Words that YAML 1.1 takes for something else than a string.
const YAML_WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// The cluster that the file starts with.
pub(super) struct NewCluster<'a> {
    pub(super) name: String,
    pub(super) context: Option<String>,
    pub(super) controller_namespace: &'a str,
    pub(super) recipients: Vec<Recipient>,
}

/// The text of the file.
pub(super) fn text(cluster: &NewCluster<'_>, recovery: &[Recipient]) -> String {
    let name = scalar(&cluster.name);
    let context = match &cluster.context {
        Some(context) => format!("context: {}", scalar(context)),
        None => "# context: NAME".to_owned(),
    };
    let namespace = cluster.controller_namespace;
    let comment = if namespace == DEFAULT_NAMESPACE {
        "# "
    } else {
        ""
    };
    let recipients = list("      ", &cluster.recipients);
    let recovery = match recovery {
        [] => " []\n".to_owned(),
        some => format!("\n{}", list("  ", some)),
    };
    format!(
        "\
# Whom Waxwing seals to in this repository. Public keys only: this file belongs into Git.
# For help in your editor, `waxwing schema` prints its JSON schema.
apiVersion: {API_VERSION}
kind: {KIND}

# The clusters, by names of your choice. A value that is sealed for several of them opens in each,
# with that cluster's own key.
clusters:
  {name}:
    # The kubeconfig context by which `waxwing recipients sync` asks the cluster for its key.
    {context}
    # The namespace that waxwing-controller runs in.
    {comment}controllerNamespace: {namespace}
    # The public key of the primary SealingKey. After a rollover: `waxwing recipients sync`.
    recipients:
{recipients}
# Public keys that every value is sealed to as well, for the day when a cluster is lost:
# `waxwing keygen -o recovery.key` makes one. Keep the private half offline, and never in Git.
recovery:{recovery}
# Which files are sealed to which clusters. The first rule whose path matches counts. A path is a
# pattern as in a .gitignore in this folder. The scope, where a value may be opened, is strict (in its
# own item only) unless the rule says namespace or cluster. For example:
#   - path: /clusters/staging/
#     clusters: [staging]
#     scope: namespace
rules:
  - path: \"*\"
    clusters: [{name}]
"
    )
}

fn list(indent: &str, recipients: &[Recipient]) -> String {
    let mut lines = String::new();
    for recipient in recipients {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{indent}- {recipient}");
    }
    lines
}

/// A string as YAML, in quotes if it needs any. What JSON quotes, YAML reads the same.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c))
        && !YAML_WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_written_is_read_back_whatever_the_names_are() {
        let [key, recovery] = std::array::from_fn(|_| {
            let identity = Identity::generate(Algorithm::X25519);
            identity.recipient().clone()
        });
        let names = [
            "prod",
            "no",
            "arn:aws:eks:eu-1:1/prod",
            "\"quoted\\",
            "0x1f",
            "[a]",
            "#a",
            "größe",
        ];
        for name in names {
            let cluster = NewCluster {
                name: name.to_owned(),
                context: Some(format!("{name} with blanks: # ")),
                controller_namespace: "wax",
                recipients: vec![key.clone()],
            };
            let text = text(&cluster, std::slice::from_ref(&recovery));
            let config = Config::parse("new", Path::new("/"), &text).unwrap();
            let read = config.cluster(name).unwrap();
            assert_eq!(read.context, cluster.context);
            assert_eq!(read.controller_namespace.as_deref(), Some("wax"));
            assert_eq!(
                config.recipients_of(&[name.to_owned()]).unwrap(),
                [key.clone(), recovery.clone()]
            );
        }
    }
}
