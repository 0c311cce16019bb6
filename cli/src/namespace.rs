//! The namespace of an object that does not name one.

use std::cell::OnceCell;

use waxwing_api::SealedKind;
use waxwing_manifest::names::{NameError, check_namespace};
use waxwing_manifest::{Object, Problem};

use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure};

/// The namespace of `-n`, else that of the kubeconfig context, which is read once and only if needed.
pub(crate) struct FallbackNamespace<'a> {
    flag: Option<&'a str>,
    cluster: &'a ClusterArgs,
    known: OnceCell<Option<String>>,
}

impl<'a> FallbackNamespace<'a> {
    pub(crate) fn new(flag: Option<&'a str>, cluster: &'a ClusterArgs) -> Self {
        Self {
            flag,
            cluster,
            known: OnceCell::new(),
        }
    }

    /// None, if nothing says which: `default` is never assumed, as the value would open there only.
    pub(crate) fn get(&self) -> Result<Option<&str>, Failure> {
        if let Some(known) = self.known.get() {
            return Ok(known.as_deref());
        }
        let found = self.find()?;
        Ok(self.known.get_or_init(|| found).as_deref())
    }

    /// The namespace of an object, which has to be known; that of a ClusterSealedSecret is empty, as nothing
    /// in it is bound to one.
    pub(crate) fn of<'s>(&'s self, object: &Object<'s>) -> Result<&'s str, Failure> {
        match (object.namespace(), object.sealed_kind()) {
            (Some(own), _) => Ok(own),
            (None, Some(SealedKind::ClusterSealedSecret)) => Ok(""),
            (None, _) => {
                let known = self.get()?;
                Ok(known.ok_or_else(|| object.error(Problem::NoNamespace))?)
            }
        }
    }

    fn find(&self) -> Result<Option<String>, Failure> {
        let (origin, namespace) = match self.flag {
            Some(flag) => ("-n", Some(flag.to_owned())),
            None => (
                "the namespace of the kubeconfig context",
                self.cluster.context_namespace()?,
            ),
        };
        if let Some(Err(cause)) = namespace.as_deref().map(check_namespace) {
            let value = namespace.unwrap_or_default();
            return Err(NamespaceError {
                origin,
                value,
                cause,
            }
            .into());
        }
        Ok(namespace)
    }
}

/// A namespace that Kubernetes refuses.
#[derive(Debug, thiserror::Error)]
#[error("{origin}, \"{value}\": {cause}")]
struct NamespaceError {
    origin: &'static str,
    value: String,
    cause: NameError,
}

impl Advice for NamespaceError {}
