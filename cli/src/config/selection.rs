//! What `.waxwing.yaml` says about a file: whom to seal to, and with which scope.

use std::path::Path;

use waxwing_crypto::{Recipient, ScopeKind};

use super::file::{Cluster, Rule};
use super::find::Place;
use super::{Config, ConfigError};

impl Config {
    /// The recipients that the rule for a file gives.
    pub(crate) fn recipients_for(&self, place: &Place) -> Result<Vec<Recipient>, ConfigError> {
        let file = place.path_from(&self.folder);
        match self.rule(&file) {
            Some(rule) => self.recipients_of(&rule.clusters),
            None if self.file.rules.is_empty() => Err(ConfigError::NoRules {
                name: self.name.clone(),
                file: place.name().to_owned(),
                clusters: self.cluster_names(),
            }),
            None => Err(ConfigError::NoRule {
                name: self.name.clone(),
                file: place.name().to_owned(),
                patterns: self.patterns(),
            }),
        }
    }

    /// The recipients of the clusters of these names, and the recovery recipients; each once.
    pub(crate) fn recipients_of(&self, clusters: &[String]) -> Result<Vec<Recipient>, ConfigError> {
        let mut recipients = Vec::new();
        for name in clusters {
            let cluster = self.cluster(name)?;
            if cluster.recipients().len() == 0 {
                return Err(ConfigError::NoRecipientYet {
                    name: self.name.clone(),
                    cluster: name.clone(),
                });
            }
            recipients.extend(cluster.recipients());
        }
        recipients.extend(self.recovery());
        Ok(each_once(recipients))
    }

    /// The scope that the rule for a file gives, if there is one.
    pub(crate) fn scope_for(&self, place: &Place) -> Option<ScopeKind> {
        let rule = self.rule(&place.path_from(&self.folder))?;
        Some(rule.scope.into())
    }

    /// The clusters that the rule for a file names, if there is one.
    pub(crate) fn clusters_for(&self, place: &Place) -> Option<&[String]> {
        let rule = self.rule(&place.path_from(&self.folder))?;
        Some(&rule.clusters)
    }

    /// The cluster of a name.
    pub(crate) fn cluster(&self, name: &str) -> Result<&Cluster, ConfigError> {
        self.file
            .clusters
            .get(name)
            .ok_or_else(|| ConfigError::UnknownCluster {
                place: self.name.clone(),
                cluster: name.to_owned(),
                known: self.cluster_names(),
            })
    }

    /// The clusters that a cluster asked by `context` may be: those of that context, or any if no
    /// cluster names it.
    pub(crate) fn clusters_at<'a>(&'a self, context: Option<&str>) -> Vec<&'a str> {
        let of_context: Vec<&str> = self
            .clusters()
            .filter(|(_, cluster)| context.is_some() && cluster.context.as_deref() == context)
            .map(|(name, _)| name)
            .collect();
        if of_context.is_empty() {
            self.clusters().map(|(name, _)| name).collect()
        } else {
            of_context
        }
    }

    /// The first rule whose pattern matches.
    fn rule(&self, file: &Path) -> Option<&Rule> {
        self.file.rules.iter().find(|rule| rule.path.matches(file))
    }

    fn cluster_names(&self) -> Vec<String> {
        self.file.clusters.keys().cloned().collect()
    }

    fn patterns(&self) -> Vec<String> {
        let patterns = self.file.rules.iter().map(|rule| rule.path.as_str());
        patterns.map(ToOwned::to_owned).collect()
    }
}

fn each_once(recipients: Vec<&Recipient>) -> Vec<Recipient> {
    let mut once: Vec<Recipient> = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        if !once.contains(recipient) {
            once.push(recipient.clone());
        }
    }
    once
}
