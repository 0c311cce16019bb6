//! Which objects this controller looks after: what the flags `--watch-namespace` and
//! `--label-selector` decide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};

use crate::label_selector::LabelSelector;
use crate::object_key::ObjectKey;

/// A part of the cluster that has a watch of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Area {
    /// All namespaces.
    Everywhere,
    /// One namespace.
    Namespace(Arc<str>),
}

impl Area {
    pub(crate) fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Namespace(name) => **name == *namespace,
        }
    }

    /// The objects of one kind in it.
    pub(crate) fn api<K>(&self, client: Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self {
            Self::Everywhere => Api::all(client),
            Self::Namespace(name) => Api::namespaced(client, name),
        }
    }
}

/// Where it is, as the end of a sentence part: `watch of Secrets in prod`.
impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => Ok(()),
            Self::Namespace(name) => write!(f, " in {name}"),
        }
    }
}

/// The objects that are listed together, and that one watch tells of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Listing {
    /// The SealedSecrets of an area.
    SealedSecrets(Area),
    /// All ClusterSealedSecrets.
    ClusterSealedSecrets,
}

impl Listing {
    pub(crate) fn contains(&self, key: &ObjectKey) -> bool {
        match self {
            Self::SealedSecrets(area) => !key.is_cluster_wide() && area.contains(&key.namespace),
            Self::ClusterSealedSecrets => key.is_cluster_wide(),
        }
    }
}

/// All that this controller looks after.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    areas: Arc<[Area]>,
    label_selector: Option<Arc<LabelSelector>>,
    drift_repair: bool,
}

impl Scope {
    /// No namespaces: all of them. No label selector: all objects.
    pub(crate) fn new(namespaces: &[String], label_selector: Option<&str>) -> Self {
        let names: BTreeSet<&String> = namespaces.iter().collect();
        let areas = if names.is_empty() {
            [Area::Everywhere].into()
        } else {
            let areas = names.into_iter().map(|name| name.as_str().into());
            areas.map(Area::Namespace).collect()
        };
        Self {
            areas,
            label_selector: label_selector.map(|text| Arc::new(LabelSelector::read(text))),
            drift_repair: true,
        }
    }

    /// The same, but a Secret that someone else changes or deletes stays so.
    pub(crate) fn without_drift_repair(self) -> Self {
        Self {
            drift_repair: false,
            ..self
        }
    }

    /// Whether Secrets are watched.
    pub(crate) fn repairs_drift(&self) -> bool {
        self.drift_repair
    }

    /// Never overlapping.
    pub(crate) fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Whether ClusterSealedSecrets are looked after: they need the whole cluster, and a view of their Secrets.
    pub(crate) fn is_cluster_wide(&self) -> bool {
        self.drift_repair && *self.areas == [Area::Everywhere]
    }

    /// All lists of objects that are looked after.
    pub(crate) fn listings(&self) -> Vec<Listing> {
        let cluster_wide = self
            .is_cluster_wide()
            .then_some(Listing::ClusterSealedSecrets);
        let areas = self.areas.iter().cloned().map(Listing::SealedSecrets);
        areas.chain(cluster_wide).collect()
    }

    /// What selects the objects in each list.
    pub(crate) fn label_selector(&self) -> Option<&str> {
        self.label_selector.as_deref().map(LabelSelector::as_str)
    }

    /// Whether an object with these labels is looked after.
    pub(crate) fn looks_after(&self, key: &ObjectKey, labels: &BTreeMap<String, String>) -> bool {
        let is_listed = self.listings().iter().any(|listing| listing.contains(key));
        let selector = self.label_selector.as_ref();
        is_listed && selector.is_none_or(|selector| selector.matches(labels))
    }
}

/// Everything there is.
impl Default for Scope {
    fn default() -> Self {
        Self::new(&[], None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_that_is_named_is_watched_once_and_otherwise_all_together() {
        let namespace = |name: &str| Area::Namespace(name.into());
        for (named, areas) in [
            (&[][..], vec![Area::Everywhere]),
            (&["prod"], vec![namespace("prod")]),
            (
                &["prod", "dev", "prod"],
                vec![namespace("dev"), namespace("prod")],
            ),
        ] {
            let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(Scope::new(&named, None).areas(), areas, "{named:?}");
        }
    }

    #[test]
    fn cluster_sealed_secrets_belong_to_the_controller_of_the_whole_cluster() {
        let everywhere = Scope::default().listings();
        assert!(everywhere.contains(&Listing::ClusterSealedSecrets));
        let of_prod = Scope::new(&["prod".to_owned()], None).listings();
        assert_eq!(
            of_prod,
            [Listing::SealedSecrets(Area::Namespace("prod".into()))]
        );
        let keys = [ObjectKey::new("prod", "db"), ObjectKey::cluster_wide("db")];
        for listing in everywhere {
            let held = keys.iter().filter(|key| listing.contains(key)).count();
            assert_eq!(held, 1, "{listing:?}");
        }
    }

    #[test]
    fn what_is_looked_after_is_in_a_listing_and_has_the_labels() {
        let labels = |team: &str| BTreeMap::from([("team".to_owned(), team.to_owned())]);
        let prod = ["prod".to_owned()];
        let (db, wide) = (ObjectKey::new("prod", "db"), ObjectKey::cluster_wide("db"));
        for (scope, key, team, expected) in [
            (Scope::default(), &db, "a", true),
            (Scope::default(), &wide, "a", true),
            (Scope::default().without_drift_repair(), &wide, "a", false),
            (Scope::new(&prod, None), &db, "a", true),
            (Scope::new(&prod, None), &wide, "a", false),
            (Scope::new(&["dev".to_owned()], None), &db, "a", false),
            (Scope::new(&[], Some("team=a")), &db, "a", true),
            (Scope::new(&[], Some("team=a")), &db, "b", false),
        ] {
            let found = scope.looks_after(key, &labels(team));
            assert_eq!(found, expected, "{scope:?} {key} of team {team}");
        }
    }

    #[test]
    fn an_area_holds_the_objects_of_its_namespace() {
        assert!(Area::Everywhere.contains("prod"));
        assert!(Area::Namespace("prod".into()).contains("prod"));
        assert!(!Area::Namespace("prod".into()).contains("prod-2"));
    }
}
