//! What the cluster says: its keys, and the SealedSecrets whose values are not current in the files.

use std::collections::BTreeSet;

use waxwing_crypto::{KeyId, Recipient};
use waxwing_manifest::{Document, Object};

use super::judge::{Key, Live, Standing};
use crate::cluster::{ClusterArgs, ClusterError, Connection, Fetcher};
use crate::namespace::FallbackNamespace;
use crate::sealed_files::sealed_secrets;

/// What a cluster says of its keys.
pub(super) struct Keys {
    pub(super) primary: Recipient,
    pub(super) all: BTreeSet<KeyId>,
}

impl Keys {
    pub(super) fn of(cluster: &ClusterArgs, connection: &Connection) -> Result<Self, ClusterError> {
        let keys = cluster.sealing_keys(connection)?;
        let ids = keys
            .iter()
            .filter_map(|key| key.metadata.name.as_ref()?.parse().ok());
        Ok(Self {
            primary: cluster.recipient_of(&keys)?,
            all: ids.collect(),
        })
    }
}

/// Lets `live` know the SealedSecrets of a file that have a value that is not current.
pub(super) fn learn(
    live: &mut Live,
    fetcher: &mut Fetcher,
    documents: &[Document],
    namespace: &FallbackNamespace<'_>,
) -> Result<(), ClusterError> {
    for (namespace, name) in wanted(live, documents, namespace) {
        let found = fetcher.fetch(&namespace, &name)?;
        let objects = live.objects.get_or_insert_default();
        objects.extend(
            found
                .into_iter()
                .map(|(name, object)| ((namespace.clone(), name), object)),
        );
    }
    Ok(())
}

/// Namespace and name of the SealedSecrets with a value that is not current.
fn wanted(live: &Live, documents: &[Document], fallback: &FallbackNamespace<'_>) -> Vec<Key> {
    let is_wanted = |object: &Object<'_>| {
        waxwing_manifest::sealed_items(object).is_ok_and(|items| {
            items
                .iter()
                .any(|item| live.standing(item.value.header()) != Standing::Current)
        })
    };
    let key = |object: Object<'_>| {
        // What is wrong with the namespace is told when the object is judged.
        let namespace = match object.namespace() {
            Some(namespace) => Some(namespace),
            None => fallback.get().ok().flatten(),
        };
        Some((namespace?.to_owned(), object.name()?.to_owned()))
    };
    sealed_secrets(documents)
        .filter(is_wanted)
        .filter_map(key)
        .collect()
}
