//! What can be written into `.waxwing.yaml`. The JSON schema is made from these types, so their
//! descriptions are what an editor shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use waxwing_api::names;
use waxwing_crypto::{Recipient, ScopeKind};

use super::pattern::Pattern;
use super::public_key::PublicKey;

/// The only version of the file.
pub(crate) const API_VERSION: &str = names::API_VERSION;

/// What kind of file it is.
pub(crate) const KIND: &str = "Config";

/// Whom Waxwing seals to in this repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = ".waxwing.yaml")]
pub(super) struct ConfigFile {
    /// The version of this file's format.
    #[serde(rename = "apiVersion")]
    _api_version: Version,
    /// The kind of this file.
    #[serde(rename = "kind")]
    _kind: Kind,
    /// The clusters by the names that rules and --cluster call them.
    pub(super) clusters: BTreeMap<String, Cluster>,
    /// Public keys that every value is sealed to as well: for a day when a cluster is lost. Keep
    /// their private halves offline.
    #[serde(default)]
    pub(super) recovery: Vec<PublicKey>,
    /// Which files are sealed to which clusters. The first rule whose path matches counts.
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum Version {
    #[serde(rename = "waxwing.dev/v1alpha1")]
    V1Alpha1,
}

#[derive(Debug, Deserialize, JsonSchema)]
enum Kind {
    Config,
}

/// A cluster that values are sealed for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cluster {
    /// The kubeconfig context by which the cluster is asked for its keys. Without one it never is.
    pub(crate) context: Option<String>,
    /// The namespace that waxwing-controller runs in, if it is not waxwing-system.
    pub(crate) controller_namespace: Option<String>,
    /// The public keys that values are sealed to: that of the cluster's primary SealingKey, which
    /// `waxwing recipients sync` keeps up to date, and any others.
    recipients: Vec<PublicKey>,
}

impl Cluster {
    pub(crate) fn recipients(&self) -> impl ExactSizeIterator<Item = &Recipient> {
        self.recipients.iter().map(|key| &key.0)
    }
}

/// Which files are sealed to which clusters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    /// The files, as in a .gitignore beside this file: `prod/` is all that is in folders of that name,
    /// `/clusters/prod/**` starts at this file's folder, `*` is every file.
    pub(super) path: Pattern,
    /// The clusters whose keys open the values.
    pub(super) clusters: Vec<String>,
    /// Where a value may be opened, unless --scope says otherwise: in its own item only (strict),
    /// anywhere in its namespace, or anywhere in the cluster.
    #[serde(default)]
    pub(super) scope: DefaultScope,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DefaultScope {
    #[default]
    Strict,
    Namespace,
    Cluster,
}

impl From<DefaultScope> for ScopeKind {
    fn from(scope: DefaultScope) -> Self {
        match scope {
            DefaultScope::Strict => Self::Strict,
            DefaultScope::Namespace => Self::Namespace,
            DefaultScope::Cluster => Self::Cluster,
        }
    }
}
