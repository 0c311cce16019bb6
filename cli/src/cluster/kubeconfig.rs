//! Finding and reading the kubeconfig, as kubectl does.

use std::io;
use std::path::Path;

use kube::Config;
use kube::config::{Context, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::ClusterError;

/// The kubeconfig, the place it was read from, and the context to use of it.
pub(super) struct KubeconfigFile {
    content: Kubeconfig,
    place: String,
    context: String,
}

impl KubeconfigFile {
    /// Reads `path`, or what the environment says. None, if no path was asked for and the usual
    /// places hold no kubeconfig.
    pub(super) fn find(
        path: Option<&Path>,
        context: Option<&str>,
    ) -> Result<Option<Self>, ClusterError> {
        let place = path.map_or_else(default_place, |path| path.display().to_string());
        let content = match path.map_or_else(Kubeconfig::read, Kubeconfig::read_from) {
            Ok(content) => content,
            Err(KubeconfigError::FindPath) => return Ok(None),
            Err(KubeconfigError::ReadConfig(cause, _))
                if path.is_none() && cause.kind() == io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            Err(cause) => return Err(ClusterError::kubeconfig(&place, &cause)),
        };
        let chosen = context
            .map(ToOwned::to_owned)
            .or_else(|| content.current_context.clone());
        match chosen.filter(|context| !context.is_empty()) {
            Some(context) => Ok(Some(Self {
                content,
                place,
                context,
            })),
            None if path.is_none() => Ok(None),
            None => Err(ClusterError::NoCurrentContext { place }),
        }
    }

    /// The context to use.
    pub(super) fn context_name(&self) -> &str {
        &self.context
    }

    /// The namespace that the context names.
    pub(super) fn namespace(&self) -> Result<Option<String>, ClusterError> {
        Ok(self
            .context()?
            .namespace
            .clone()
            .filter(|namespace| !namespace.is_empty()))
    }

    /// How to connect, and in words what is connected to.
    pub(super) async fn connection(self) -> Result<(Config, String), ClusterError> {
        self.context()?;
        let options = KubeConfigOptions {
            context: Some(self.context.clone()),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(self.content, &options)
            .await
            .map_err(|cause| ClusterError::kubeconfig(&self.place, &cause))?;
        let target = format!(
            "{} (context \"{}\" of {})",
            config.cluster_url, self.context, self.place
        );
        Ok((config, target))
    }

    fn context(&self) -> Result<&Context, ClusterError> {
        let named = self
            .content
            .contexts
            .iter()
            .find(|named| named.name == self.context);
        named
            .and_then(|named| named.context.as_ref())
            .ok_or_else(|| ClusterError::NoSuchContext {
                place: self.place.clone(),
                context: self.context.clone(),
                known: self
                    .content
                    .contexts
                    .iter()
                    .map(|named| named.name.clone())
                    .collect(),
            })
    }
}

/// Where a kubeconfig is looked for when none is named, in words.
pub(super) fn default_place() -> String {
    match std::env::var("KUBECONFIG") {
        Ok(paths) if !paths.is_empty() => paths,
        _ => "~/.kube/config".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TWO_CONTEXTS: &str = "
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u, namespace: shop}}
- {name: two, context: {cluster: c, user: u}}
";

    fn find(text: &str, context: Option<&str>) -> Result<Option<String>, ClusterError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        KubeconfigFile::find(Some(&path), context)?
            .unwrap()
            .namespace()
    }

    #[test]
    fn the_namespace_is_that_of_the_current_or_the_named_context() {
        assert_eq!(find(TWO_CONTEXTS, None).unwrap().as_deref(), Some("shop"));
        assert_eq!(find(TWO_CONTEXTS, Some("two")).unwrap(), None);
    }

    #[test]
    fn a_context_that_is_not_there_is_an_error_that_lists_those_that_are() {
        let error = find(TWO_CONTEXTS, Some("three")).unwrap_err();
        let ClusterError::NoSuchContext { known, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(known, ["one", "two"]);
    }

    #[test]
    fn no_current_context_in_a_named_file_is_an_error() {
        let error = find("apiVersion: v1\nkind: Config\n", None).unwrap_err();
        assert!(matches!(error, ClusterError::NoCurrentContext { .. }));
    }

    #[test]
    fn an_unreadable_kubeconfig_is_never_quoted() {
        let error = find("users:\n- name: u\n  user: {token: canary-token\n", None).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
