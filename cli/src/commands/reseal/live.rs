//! What the cluster says: its keys, and the SealedSecrets whose values are not current in the files.

use std::collections::BTreeSet;

use waxwing_api::SealedKind;
use waxwing_crypto::{KeyId, Recipient};
use waxwing_manifest::Object;

use super::judge::{Live, Standing};
use crate::cluster::{Address, ClusterArgs, ClusterError, Connection, Fetcher};
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::sealed_files::SealedFile;

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
    file: &SealedFile,
    namespace: &FallbackNamespace<'_>,
) -> Result<(), ClusterError> {
    for address in wanted(live, file, namespace) {
        let found = fetcher.fetch(&address)?;
        live.objects.get_or_insert_default().extend(found);
    }
    Ok(())
}

/// Where the SealedSecrets with a value that is not current are in the cluster.
fn wanted(live: &Live, file: &SealedFile, fallback: &FallbackNamespace<'_>) -> Vec<Address> {
    let is_wanted = |object: &Object<'_>| {
        waxwing_manifest::sealed_items(object).is_ok_and(|items| {
            items
                .iter()
                .any(|item| live.standing(item.value.header()) != Standing::Current)
        })
    };
    // What is wrong with the namespace is told when the object is judged.
    let address = |object: Object<'_>| address(&object, fallback).ok().flatten();
    let objects = file.sealed_secrets().filter(is_wanted);
    objects.filter_map(address).collect()
}

/// Where a SealedSecret is in the cluster; unknown, where neither it nor anything else names the namespace.
pub(super) fn address(
    object: &Object<'_>,
    fallback: &FallbackNamespace<'_>,
) -> Result<Option<Address>, Failure> {
    let Some(kind) = object.sealed_kind() else {
        return Ok(None);
    };
    let namespace = match (object.namespace(), kind) {
        (None, SealedKind::SealedSecret) => fallback.get()?,
        (own, _) => own,
    };
    let name = object.name().unwrap_or_default();
    Ok(Address::of(kind, namespace, name))
}
