//! The namespace of an object that does not name one.

use std::cell::OnceCell;

use crate::cluster::{ClusterArgs, ClusterError};

/// The namespace of `-n`, else that of the kubeconfig context, which is read once and only if needed.
pub(crate) struct FallbackNamespace<'a> {
    flag: Option<&'a str>,
    cluster: &'a ClusterArgs,
    context: OnceCell<Option<String>>,
}

impl<'a> FallbackNamespace<'a> {
    pub(crate) fn new(flag: Option<&'a str>, cluster: &'a ClusterArgs) -> Self {
        Self {
            flag,
            cluster,
            context: OnceCell::new(),
        }
    }

    /// None, if nothing says which: `default` is never assumed, as the value would open there only.
    pub(crate) fn get(&self) -> Result<Option<&str>, ClusterError> {
        if self.flag.is_some() {
            return Ok(self.flag);
        }
        if let Some(known) = self.context.get() {
            return Ok(known.as_deref());
        }
        let read = self.cluster.context_namespace()?;
        Ok(self.context.get_or_init(|| read).as_deref())
    }
}
