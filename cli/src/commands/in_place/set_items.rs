//! Items of a SealedSecret in a file set to new values.

use std::path::Path;

use waxwing_crypto::ScopeKind;

use super::sealing::Sealing;
use super::{EditedFile, ObjectChoice, Report, SealedObject};
use crate::cluster::ClusterArgs;
use crate::commands::items::Items;
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::recipients::ChoiceArgs;

/// Where new values go, and whom they are sealed to.
pub(crate) struct SetOrder<'a> {
    pub(crate) file: &'a Path,
    pub(crate) object: ObjectChoice<'a>,
    pub(crate) scope: Option<ScopeKind>,
    pub(crate) recipients: &'a ChoiceArgs,
    pub(crate) cluster: &'a ClusterArgs,
}

/// Sets items of a SealedSecret. `values` is asked for them when everything else has proved to be
/// good; the cluster is asked last.
pub(crate) fn set_items(
    order: &SetOrder<'_>,
    values: impl FnOnce(&SealedObject<'_>) -> Result<Items, Failure>,
) -> Result<Report, Failure> {
    let file = EditedFile::read(order.file)?;
    let target = order.object.of(&file)?;
    let chosen = order
        .recipients
        .choose(Some(order.file), order.cluster, None)?;
    let items = values(&target)?;
    let sealing = Sealing {
        given: order.scope,
        by_rule: chosen.scope(),
        namespace: &FallbackNamespace::new(order.object.namespace, order.cluster),
        recipients: chosen.recipients(order.cluster)?,
    };
    let mut report = Report::new(&file, &target);
    let mut changes = Vec::new();
    for (item, value) in items.iter() {
        let sealed = sealing.seal(&target, item, value)?;
        report.add(item, sealed.action, Some(&sealed.scope));
        changes.push(sealed.change);
    }
    file.write(&changes)?;
    Ok(report)
}
