//! What names a SealedSecret, and the Secret that comes out of it.

use std::fmt;

use kube::Resource;

/// Namespace and name: a SealedSecret and its Secret share them. That of a ClusterSealedSecret has an
/// empty namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectKey {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
}

impl ObjectKey {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The key of an object that is in no namespace.
    pub(crate) fn cluster_wide(name: &str) -> Self {
        Self::new("", name)
    }

    pub(crate) fn is_cluster_wide(&self) -> bool {
        self.namespace.is_empty()
    }

    /// The key of an object that the API server sent.
    pub(crate) fn of(object: &impl Resource) -> Self {
        let meta = object.meta();
        Self {
            namespace: meta.namespace.as_deref().unwrap_or_default().into(),
            name: meta.name.as_deref().unwrap_or_default().into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
