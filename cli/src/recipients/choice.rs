//! Whom to seal to, and with which scope: as far as possible from what lies in Git.

use std::path::Path;

use waxwing_crypto::{Recipient, ScopeKind};

use super::RecipientArgs;
use super::pins::{PinError, pinned_cluster};
use crate::cluster::{ClusterArgs, NoRecipient};
use crate::completion;
use crate::config::{self, Config, ConfigError, Place};
use crate::diagnostic::Failure;
use crate::input::Source;

/// Whom to seal to: by hand, or by the name of a cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct ChoiceArgs {
    #[command(flatten)]
    given: RecipientArgs,

    /// Seal to the recipients that .waxwing.yaml has for this cluster; may be repeated
    #[arg(
        long = "cluster",
        value_name = "NAME",
        conflicts_with_all = ["recipients", "recipients_files"],
        add = completion::clusters()
    )]
    clusters: Vec<String>,

    /// Seal to the primary key of the cluster that is asked, even if .waxwing.yaml does not have it
    #[arg(
        long,
        conflicts_with_all = ["recipients", "recipients_files", "clusters"]
    )]
    trust_cluster: bool,
}

/// Whom to seal to, as far as it can be known before any cluster is asked.
pub(crate) struct Chosen {
    whom: Whom,
    scope: ScopeKind,
}

enum Whom {
    Known(Vec<Recipient>),
    /// The primary key of the cluster to ask, which has to be pinned if there is a config.
    Primary {
        pins: Option<Config>,
        trust: bool,
    },
}

impl ChoiceArgs {
    /// Chooses for the manifest `file`, or for standard input: -r and -R, else --cluster, else the
    /// cluster that --context or --kubeconfig name, else the rule of .waxwing.yaml, else, without
    /// any .waxwing.yaml, the current context. `scope` is that of --scope.
    pub(crate) fn choose(
        &self,
        file: Option<&Path>,
        cluster: &ClusterArgs,
        scope: Option<ScopeKind>,
    ) -> Result<Chosen, Failure> {
        if let Some(recipients) = self.given.given()? {
            return Ok(Chosen {
                whom: Whom::Known(recipients),
                scope: scope.unwrap_or_default(),
            });
        }
        let place = Place::of(file)?;
        let config = config::find(&place)?;
        let by_rule = config.as_ref().and_then(|config| config.scope_for(&place));
        Ok(Chosen {
            scope: scope.or(by_rule).unwrap_or_default(),
            whom: self.whom(config, &place, cluster)?,
        })
    }

    fn whom(
        &self,
        config: Option<Config>,
        place: &Place,
        cluster: &ClusterArgs,
    ) -> Result<Whom, ConfigError> {
        let trust = self.trust_cluster;
        Ok(match (config, self.clusters.first()) {
            (Some(config), Some(_)) => Whom::Known(config.recipients_of(&self.clusters)?),
            (None, Some(name)) => {
                return Err(ConfigError::NoConfig {
                    cluster: name.clone(),
                    folder: place.folder().display().to_string(),
                });
            }
            (Some(config), None) if !cluster.is_named() && !trust => {
                Whom::Known(config.recipients_for(place)?)
            }
            (pins, None) => Whom::Primary { pins, trust },
        })
    }

    /// The recipients files.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        self.given.sources()
    }
}

impl Chosen {
    /// The scope of new values.
    pub(crate) fn scope(&self) -> ScopeKind {
        self.scope
    }

    /// The recipients. Asks the cluster only if there is no other way; call it when all that was
    /// given has proved to be good.
    pub(crate) fn recipients(&self, cluster: &ClusterArgs) -> Result<Vec<Recipient>, Failure> {
        match &self.whom {
            Whom::Known(recipients) => Ok(recipients.clone()),
            Whom::Primary { pins: None, .. } => Ok(vec![cluster.primary_recipient()?]),
            Whom::Primary {
                pins: Some(config),
                trust,
            } => {
                let primary = cluster.primary_recipient()?;
                let context = cluster.context().map_err(NoRecipient::from)?;
                Ok(pinned(config, context.as_deref(), primary, *trust)?)
            }
        }
    }
}

/// The recipients of the cluster whose primary key this is, as they are pinned in Git.
fn pinned(
    config: &Config,
    context: Option<&str>,
    primary: Recipient,
    trust: bool,
) -> Result<Vec<Recipient>, PinError> {
    let mut recipients: Vec<Recipient> = match pinned_cluster(config, context, &primary) {
        Ok(cluster) => cluster.recipients().cloned().collect(),
        Err(_) if trust => vec![primary],
        Err(error) => return Err(error),
    };
    for recovery in config.recovery() {
        if !recipients.contains(recovery) {
            recipients.push(recovery.clone());
        }
    }
    Ok(recipients)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::{Algorithm, Identity};

    use super::*;

    fn recipient() -> Recipient {
        Identity::generate(Algorithm::X25519).recipient().clone()
    }

    #[test]
    fn a_key_that_a_cluster_names_has_to_be_pinned_for_it() {
        let [prod, staging, extra, recovery, other] = std::array::from_fn(|_| recipient());
        let text = format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
             prod: {{context: p, recipients: [{prod}, {extra}]}}\n  \
             staging: {{context: s, recipients: [{staging}]}}\nrecovery: [{recovery}]\n"
        );
        let config = Config::parse(".waxwing.yaml", Path::new("/"), &text).unwrap();
        let all = vec![prod.clone(), extra, recovery.clone()];
        let cases = [
            (
                "its own context",
                Some("p"),
                &prod,
                false,
                Some(all.clone()),
            ),
            (
                "a context that no cluster names",
                Some("x"),
                &prod,
                false,
                Some(all),
            ),
            (
                "the context of another cluster",
                Some("s"),
                &prod,
                false,
                None,
            ),
            ("an unknown key", Some("p"), &other, false, None),
            (
                "an unknown key that is trusted",
                Some("p"),
                &other,
                true,
                Some(vec![other.clone(), recovery]),
            ),
        ];
        for (case, context, primary, trust, expected) in cases {
            let result = pinned(&config, context, primary.clone(), trust).ok();
            assert_eq!(result, expected, "{case}");
        }
    }
}
