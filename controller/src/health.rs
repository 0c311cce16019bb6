//! Whether the controller is ready, and if not, why.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scope::{Area, Scope};

const NOT_LOADED: &str = "not loaded yet";

/// What must be in order before the controller is ready. The words appear in the answer of `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    KeySecrets,
    SealingKeys,
    Secrets,
    Namespaces,
    SealedSecrets,
    ClusterSealedSecrets,
    WebhookSecret,
    WebhookConfiguration,
    /// At least one sealing key can open values.
    Keys,
}

impl Part {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::KeySecrets => "watch of key Secrets",
            Self::SealingKeys => "watch of SealingKeys",
            Self::Secrets => "watch of Secrets",
            Self::Namespaces => "watch of Namespaces",
            Self::SealedSecrets => "watch of SealedSecrets",
            Self::ClusterSealedSecrets => "watch of ClusterSealedSecrets",
            Self::WebhookSecret => "watch of the webhook's Secret",
            Self::WebhookConfiguration => "watch of the webhook's configuration",
            Self::Keys => "sealing keys",
        }
    }
}

/// The parts that are not in order yet, or not any more, with the reason for each.
#[derive(Debug)]
pub(crate) struct Health(Mutex<Problems>);

type Problems = BTreeMap<(Part, Area), String>;

impl Health {
    /// Nothing is known yet. The watches of sealed objects count only while this replica leads.
    pub(crate) fn starting(scope: &Scope) -> Self {
        let health = Self(Mutex::default());
        for part in [Part::KeySecrets, Part::SealingKeys, Part::Keys] {
            health.set_unready(part, &Area::Everywhere, NOT_LOADED);
        }
        if scope.repairs_drift() {
            health.set_not_loaded(Part::Secrets, scope);
        }
        if scope.is_cluster_wide() {
            health.set_not_loaded(Part::Namespaces, scope);
        }
        health
    }

    pub(crate) fn set_ready(&self, part: Part, area: &Area) {
        self.lock().remove(&(part, area.clone()));
    }

    pub(crate) fn set_unready(&self, part: Part, area: &Area, why: impl Into<String>) {
        self.lock().insert((part, area.clone()), why.into());
    }

    /// Nothing is known yet of a part, in all areas.
    pub(crate) fn set_not_loaded(&self, part: Part, scope: &Scope) {
        for area in scope.areas() {
            self.set_unready(part, area, NOT_LOADED);
        }
    }

    /// The part does not count any more.
    pub(crate) fn set_aside(&self, part: Part) {
        self.lock().retain(|(present, _), _| *present != part);
    }

    /// One line for each part that is not in order; empty when ready.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.lock()
            .iter()
            .map(|((part, area), why)| format!("{}{area}: {why}", part.as_str()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Problems> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_every_part_is_and_unready_again_when_one_fails() {
        let health = Health::starting(&Scope::default());
        let everywhere = Area::Everywhere;
        for part in [
            Part::KeySecrets,
            Part::SealingKeys,
            Part::Secrets,
            Part::Namespaces,
        ] {
            health.set_ready(part, &everywhere);
        }
        assert_eq!(health.problems(), ["sealing keys: not loaded yet"]);
        health.set_ready(Part::Keys, &everywhere);
        assert!(health.problems().is_empty());
        let why = "the controller may not list sealedsecrets";
        health.set_unready(Part::SealedSecrets, &everywhere, why);
        assert_eq!(
            health.problems(),
            [format!("watch of SealedSecrets: {why}")]
        );
    }

    #[test]
    fn every_namespace_that_is_watched_counts_and_is_named() {
        let scope = Scope::new(&["dev".to_owned(), "prod".to_owned()], None);
        let health = Health::starting(&scope);
        for part in [Part::KeySecrets, Part::SealingKeys, Part::Keys] {
            health.set_ready(part, &Area::Everywhere);
        }
        health.set_ready(Part::Secrets, &Area::Namespace("dev".into()));
        assert_eq!(
            health.problems(),
            ["watch of Secrets in prod: not loaded yet"]
        );
        health.set_not_loaded(Part::SealedSecrets, &scope);
        assert_eq!(health.problems().len(), 3);
        health.set_aside(Part::SealedSecrets);
        assert_eq!(health.problems().len(), 1);
    }
}
