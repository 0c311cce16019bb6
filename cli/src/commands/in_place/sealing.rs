//! How a new value of an item is sealed, and the change that puts it into the file.

use std::time::SystemTime;

use waxwing_crypto::{Recipient, Scope, ScopeKind, SealedValue};
use waxwing_manifest::SealItemError;
use waxwing_manifest::edit::Change;

use super::{Action, SealedObject};
use crate::commands::seal::explain;
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::namespaces::NarrowScope;

/// Any sealed value, to see whether one could be put in.
const STAND_IN: &str = "YWdl";

/// Whom new values are sealed to, and with which scope.
pub(crate) struct Sealing<'a> {
    /// The scope of `--scope`.
    pub(crate) given: Option<ScopeKind>,
    /// The scope of the rule in `.waxwing.yaml`, or the default.
    pub(crate) by_rule: ScopeKind,
    pub(crate) namespace: &'a FallbackNamespace<'a>,
    pub(crate) recipients: Vec<Recipient>,
}

/// What becomes of an item that gets a new value.
pub(crate) struct Sealed<'a> {
    pub(crate) change: Change<'a>,
    pub(crate) scope: Scope,
    pub(crate) action: Action,
}

impl Sealing<'_> {
    /// Seals a value for an item, whether it is there or new.
    pub(crate) fn seal<'a>(
        &self,
        target: &SealedObject<'a>,
        item: &str,
        value: &[u8],
    ) -> Result<Sealed<'a>, Failure> {
        let kind = scope_kind(self.given, target, item, self.by_rule)?;
        let scope = target.scope(kind, item, self.namespace)?;
        let sealed = SealedValue::seal(value, &scope, &self.recipients, SystemTime::now());
        let sealed = sealed.map_err(|source| {
            let item = item.to_owned();
            explain(&target.object(), SealItemError { item, source })
        })?;
        let (change, action) = put(target, item, &sealed.to_base64())?;
        Ok(Sealed {
            change,
            scope,
            action,
        })
    }
}

/// Refuses an item that cannot be given a value in this file, before anyone types one.
pub(crate) fn check_can_be_set(target: &SealedObject<'_>, item: &str) -> Result<(), Failure> {
    put(target, item, STAND_IN).map(drop)
}

/// Gives an item a sealed value, whether it is there or new.
pub(crate) fn put<'a>(
    target: &SealedObject<'a>,
    item: &str,
    value: &str,
) -> Result<(Change<'a>, Action), Failure> {
    let object = target.object();
    Ok(if target.values().contains_key(item) {
        (Change::replace_item(object, item, value)?, Action::Replaced)
    } else {
        (Change::insert_item(object, item, value)?, Action::Added)
    })
}

/// The scope that was asked for; else that of the value that is replaced; else that which all others
/// share; else that of the rule. In a ClusterSealedSecret it is always the widest.
fn scope_kind(
    given: Option<ScopeKind>,
    target: &SealedObject<'_>,
    item: &str,
    by_rule: ScopeKind,
) -> Result<ScopeKind, NarrowScope> {
    if target.is_cluster_wide() {
        given.map_or(Ok(()), NarrowScope::check)?;
        return Ok(ScopeKind::Cluster);
    }
    let others = target.values().keys().map(|other| target.scope_of(other));
    Ok(given
        .or_else(|| target.scope_of(item))
        .or_else(|| shared(others))
        .unwrap_or(by_rule))
}

/// What all have, if it is the same.
fn shared(mut kinds: impl Iterator<Item = Option<ScopeKind>>) -> Option<ScopeKind> {
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}
