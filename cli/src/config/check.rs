//! What belongs together in `.waxwing.yaml`.

use waxwing_crypto::{MixedRecipients, Recipient};
use waxwing_manifest::Document;
use waxwing_manifest::Step::{self, Index, Key};
use waxwing_manifest::names::check_namespace;

use super::ConfigError;
use super::file::{Cluster, ConfigFile, Rule};

/// Something that does not fit, and the way to it.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    path: Vec<Step<'a>>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Words(String),
    UnknownCluster {
        cluster: String,
        known: Vec<String>,
    },
    Mixed {
        users: String,
        cause: MixedRecipients,
    },
}

impl Finding<'_> {
    /// The error, with the line in `document`, which messages call `name`.
    pub(super) fn locate(self, name: &str, document: &Document) -> ConfigError {
        let line = document.line_at(&self.path);
        match self.problem {
            Problem::Words(problem) => ConfigError::Content {
                name: name.to_owned(),
                line,
                problem,
            },
            Problem::UnknownCluster { cluster, known } => ConfigError::UnknownCluster {
                place: format!("{name}:{line}"),
                cluster,
                known,
            },
            Problem::Mixed { users, cause } => ConfigError::Mixed {
                name: name.to_owned(),
                line,
                users,
                cause,
            },
        }
    }
}

/// Checks what the types alone cannot.
pub(super) fn check(file: &ConfigFile) -> Result<(), Finding<'_>> {
    if file.clusters.is_empty() {
        return Err(words([Key("clusters")], "names no cluster"));
    }
    for (name, cluster) in &file.clusters {
        check_cluster(file, name, cluster)?;
    }
    for (index, rule) in file.rules.iter().enumerate() {
        check_rule(file, index, rule)?;
    }
    Ok(())
}

/// Whether a cluster may be called so.
pub(crate) fn is_cluster_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn check_cluster<'a>(
    file: &'a ConfigFile,
    name: &'a str,
    cluster: &'a Cluster,
) -> Result<(), Finding<'a>> {
    if !is_cluster_name(name) {
        let path = [Key("clusters"), Key(name)];
        return Err(words(
            path,
            "a cluster's name has no blanks and is not empty",
        ));
    }
    if let Some(Err(cause)) = cluster.controller_namespace.as_deref().map(check_namespace) {
        let path = [Key("clusters"), Key(name), Key("controllerNamespace")];
        return Err(words(path, &cause.to_string()));
    }
    check_together(file, [name], || format!("cluster {name} and recovery"))
}

fn check_rule<'a>(file: &'a ConfigFile, index: usize, rule: &'a Rule) -> Result<(), Finding<'a>> {
    let clusters = [Key("rules"), Index(index), Key("clusters")];
    if rule.clusters.is_empty() {
        return Err(words(clusters, "names no cluster"));
    }
    for (position, cluster) in rule.clusters.iter().enumerate() {
        if !file.clusters.contains_key(cluster) {
            return Err(Finding {
                path: [&clusters[..], &[Index(position)]].concat(),
                problem: Problem::UnknownCluster {
                    cluster: cluster.clone(),
                    known: file.clusters.keys().cloned().collect(),
                },
            });
        }
    }
    let names = rule.clusters.iter().map(String::as_str);
    check_together(file, names, || {
        format!(
            "clusters {} of rule {}",
            rule.clusters.join(", "),
            rule.path.as_str()
        )
    })
}

/// Everything that one value may be sealed to has to be of one class: age's rule.
fn check_together<'a>(
    file: &'a ConfigFile,
    clusters: impl IntoIterator<Item = &'a str>,
    users: impl FnOnce() -> String,
) -> Result<(), Finding<'a>> {
    let of_clusters = clusters
        .into_iter()
        .filter_map(|name| file.clusters.get_key_value(name))
        .flat_map(|(name, cluster)| {
            let way =
                move |index| vec![Key("clusters"), Key(name), Key("recipients"), Index(index)];
            cluster
                .recipients()
                .enumerate()
                .map(move |(index, recipient)| (way(index), recipient))
        });
    let recovery = file.recovery.iter().enumerate();
    let recovery = recovery.map(|(index, key)| (vec![Key("recovery"), Index(index)], &key.0));
    let together: Vec<(Vec<Step<'a>>, &Recipient)> = of_clusters.chain(recovery).collect();
    MixedRecipients::refuse(together.iter().map(|(_, recipient)| *recipient)).map_err(|cause| {
        let odd = together
            .into_iter()
            .find(|(_, recipient)| **recipient == cause.odd);
        Finding {
            path: odd.map(|(path, _)| path).unwrap_or_default(),
            problem: Problem::Mixed {
                users: users(),
                cause,
            },
        }
    })
}

fn words<'a, const N: usize>(path: [Step<'a>; N], problem: &str) -> Finding<'a> {
    Finding {
        path: path.to_vec(),
        problem: Problem::Words(problem.to_owned()),
    }
}
