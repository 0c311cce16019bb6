//! Many namespaces instead of one: the options that make a ClusterSealedSecret of a Secret.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use waxwing_crypto::ScopeKind;
use waxwing_manifest::parse_selector;

use crate::diagnostic::Advice;

/// Which namespaces get the Secret, if it is not one.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Many namespaces")]
pub(crate) struct NamespacesArgs {
    /// Make a ClusterSealedSecret: a Secret in each namespace whose labels SELECTOR picks, in the words of
    /// kubectl get -l, such as team=a or 'team in (a,b)'. Its values are of the scope cluster
    #[arg(
        long,
        value_name = "SELECTOR",
        value_parser = parse_selector,
        conflicts_with = "namespace"
    )]
    namespace_selector: Option<LabelSelector>,

    /// Make a ClusterSealedSecret: a Secret in each namespace there is, those of Kubernetes itself and of
    /// the controller left out
    #[arg(long, conflicts_with_all = ["namespace", "namespace_selector"])]
    all_namespaces: bool,
}

impl NamespacesArgs {
    /// Which namespaces get the Secret; none, if it is for one. `scope` is that of --scope.
    pub(crate) fn selector(
        &self,
        scope: Option<ScopeKind>,
    ) -> Result<Option<LabelSelector>, NarrowScope> {
        let everything = self.all_namespaces.then(LabelSelector::default);
        let selector = self.namespace_selector.clone().or(everything);
        if selector.is_some() {
            scope.map_or(Ok(()), NarrowScope::check)?;
        }
        Ok(selector)
    }
}

/// A scope that is too narrow for a ClusterSealedSecret.
#[derive(Debug, thiserror::Error)]
#[error(
    "--scope {}: a ClusterSealedSecret takes values of the scope cluster only, since no other one opens in more than one namespace", .0.as_str()
)]
pub(crate) struct NarrowScope(ScopeKind);

impl NarrowScope {
    pub(crate) fn check(scope: ScopeKind) -> Result<(), Self> {
        match scope {
            ScopeKind::Cluster => Ok(()),
            ScopeKind::Strict | ScopeKind::Namespace => Err(Self(scope)),
        }
    }
}

impl Advice for NarrowScope {
    fn advice(&self) -> Vec<String> {
        vec![
            "leave out --scope; for values that open in one place only, make a SealedSecret for each namespace"
                .to_owned(),
        ]
    }
}
