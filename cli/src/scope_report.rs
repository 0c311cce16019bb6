//! A scope, for programs.

use serde::Serialize;
use waxwing_crypto::Scope;

/// The kind of a scope and the names in it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ScopeReport {
    Strict {
        namespace: String,
        name: String,
        item: String,
    },
    Namespace {
        namespace: String,
    },
    Cluster,
}

impl From<&Scope> for ScopeReport {
    fn from(scope: &Scope) -> Self {
        match scope.clone() {
            Scope::Strict {
                namespace,
                name,
                item,
            } => Self::Strict {
                namespace,
                name,
                item,
            },
            Scope::Namespace { namespace } => Self::Namespace { namespace },
            Scope::Cluster => Self::Cluster,
        }
    }
}
