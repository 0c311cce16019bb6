//! What was saved, made into changes of the file.

use std::cell::OnceCell;

use waxwing_crypto::ScopeKind;
use waxwing_manifest::edit::Change;

use super::plan::{Refusal, Step, Value, plan};
use super::view::{Complaint, Edited, Entry, View};
use crate::cluster::ClusterArgs;
use crate::commands::in_place::{Action, EditedFile, Report, SealedObject, Sealing, put};
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::recipients::Chosen;

/// What the file would be after an edit.
pub(super) struct Outcome<'a> {
    pub(super) text: String,
    /// Of each SealedSecret that changes.
    pub(super) reports: Vec<Report>,
    /// The items that get another name.
    pub(super) renamed: Vec<(&'a SealedObject<'a>, String)>,
}

/// All that it takes to make an outcome of what was saved.
pub(super) struct Attempt<'a> {
    pub(super) file: &'a EditedFile,
    pub(super) view: &'a View<'a>,
    pub(super) chosen: Chosen,
    /// That of --scope.
    pub(super) scope: Option<ScopeKind>,
    pub(super) namespace: &'a FallbackNamespace<'a>,
    pub(super) cluster: &'a ClusterArgs,
    /// Known once there is a value to seal: it may take a cluster.
    pub(super) sealing: OnceCell<Sealing<'a>>,
}

impl<'a> Attempt<'a> {
    /// The outcome; none, if nothing is to change.
    pub(super) fn with(&self, saved: &[u8]) -> Result<Option<Outcome<'a>>, Vec<Complaint>> {
        let edited = self.view.read(saved)?;
        let entries = self.view.entries.iter().zip(&edited);
        let mut plans = Vec::new();
        let mut complaints = Vec::new();
        for (entry, edited) in entries {
            match steps(entry, edited) {
                Ok(steps) => plans.push((entry, steps)),
                Err(more) => complaints.extend(more),
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        plans.retain(|(_, steps)| !steps.is_empty());
        if plans.is_empty() {
            return Ok(None);
        }
        self.outcome(&plans)
            .map(Some)
            .map_err(|failure| Complaint::all_of(&failure))
    }

    fn outcome(&self, plans: &[(&'a Entry<'a>, Vec<Step<'_>>)]) -> Result<Outcome<'a>, Failure> {
        let mut changes = Vec::new();
        let mut reports = Vec::new();
        let mut renamed = Vec::new();
        for (entry, steps) in plans {
            let mut report = Report::new(self.file, &entry.target);
            for step in steps {
                changes.push(self.change(entry, step, &mut report)?);
                if let Step::Rename { item, .. } = step {
                    renamed.push((&entry.target, (*item).to_owned()));
                }
            }
            reports.push(report);
        }
        Ok(Outcome {
            text: self.file.with(&changes)?,
            reports,
            renamed,
        })
    }

    fn change(
        &self,
        entry: &Entry<'a>,
        step: &Step<'_>,
        report: &mut Report,
    ) -> Result<Change<'a>, Failure> {
        let target = &entry.target;
        let object = target.object();
        match *step {
            Step::Rename { item, to } => {
                let new_name = to.to_owned();
                report.add(item, Action::Renamed { new_name }, None);
                Ok(Change::rename_item(object, item, to)?)
            }
            Step::Remove { item } => {
                report.add(item, Action::Removed, None);
                Ok(Change::remove_item(object, item)?)
            }
            Step::Put {
                item,
                value: Value::New(plaintext),
            } => {
                let sealed = self.sealing()?.seal(target, item, plaintext)?;
                report.add(item, sealed.action, Some(&sealed.scope));
                Ok(sealed.change)
            }
            Step::Put {
                item,
                value: Value::Moved(sealed),
            } => {
                let (change, action) = put(target, item, sealed)?;
                report.add(item, action, None);
                Ok(change)
            }
        }
    }

    fn sealing(&self) -> Result<&Sealing<'a>, Failure> {
        if let Some(sealing) = self.sealing.get() {
            return Ok(sealing);
        }
        let sealing = Sealing {
            given: self.scope,
            by_rule: self.chosen.scope(),
            namespace: self.namespace,
            recipients: self.chosen.recipients(self.cluster)?,
        };
        Ok(self.sealing.get_or_init(|| sealing))
    }
}

fn steps<'e>(entry: &'e Entry<'_>, edited: &'e Edited) -> Result<Vec<Step<'e>>, Vec<Complaint>> {
    plan(entry.shown(), &edited.items).map_err(|refusals| {
        let complain =
            |refusal: Refusal| edited.complain(&refusal.item, &refusal.reason.to_string());
        refusals.into_iter().map(complain).collect()
    })
}
