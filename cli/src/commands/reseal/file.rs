//! One file: read, judged value by value, and written back with the new values and no other change.

use std::path::Path;

use waxwing_crypto::SealedValue;
use waxwing_manifest::edit::{self, Change};
use waxwing_manifest::{Object, Problem, read_sealed_secret};

use super::judge::{Judge, Spot, Verdict};
use super::live;
use super::report::{Finding, Kind as Found};
use crate::cluster::{ClusterError, Fetcher};
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::recipients::Pins;
use crate::sealed_files::SealedFile;

/// What came of a file.
#[derive(Default)]
pub(super) struct Outcome {
    /// Its values.
    pub(super) findings: Vec<Finding>,
    /// What is wrong with more than one of them.
    pub(super) failure: Failure,
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            ..Self::default()
        }
    }
}

/// How files are resealed.
pub(super) struct Resealing<'a> {
    pub(super) judge: Judge,
    /// Finds in the cluster what the judge needs to know.
    pub(super) fetcher: Option<Fetcher>,
    /// Where new values are for a key that the cluster names.
    pub(super) pins: Option<Pins>,
    pub(super) namespace: &'a FallbackNamespace<'a>,
    /// Nothing is written.
    pub(super) check: bool,
}

impl Resealing<'_> {
    /// Reseals a file. The error is the cluster's, and no fault of the file.
    pub(super) fn reseal(&mut self, path: &Path) -> Result<Outcome, ClusterError> {
        let file = match SealedFile::read(path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Outcome::default()),
            Err(failure) => return Ok(failure.into()),
        };
        if let (Judge::Live(live), Some(fetcher)) = (&mut self.judge, &mut self.fetcher) {
            live::learn(live, fetcher, &file, self.namespace)?;
        }
        Ok(self.reseal_file(&file).unwrap_or_else(Outcome::from))
    }

    fn reseal_file(&mut self, file: &SealedFile) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        let mut changes = Vec::new();
        for object in file.sealed_secrets() {
            judge_object(
                &object,
                &self.judge,
                self.namespace,
                &mut outcome.findings,
                &mut changes,
            )?;
        }
        if changes.is_empty() || self.check {
            return Ok(outcome);
        }
        if let Err(failure) = self.write(file, &changes) {
            outcome.failure.add(failure);
            let findings = outcome.findings.iter_mut();
            findings.for_each(|finding| finding.refuse_if_resealed("its file is left as it is"));
        }
        Ok(outcome)
    }

    fn write(&mut self, file: &SealedFile, changes: &[Change<'_>]) -> Result<(), Failure> {
        if let Some(pins) = &mut self.pins {
            pins.check(file.path())?;
        }
        file.replace(&edit::apply(file.documents(), changes)?)
    }
}

fn judge_object<'a>(
    object: &Object<'a>,
    judge: &Judge,
    fallback: &FallbackNamespace<'_>,
    findings: &mut Vec<Finding>,
    changes: &mut Vec<Change<'a>>,
) -> Result<(), Failure> {
    let sealed = match read_sealed_secret(object) {
        Ok(sealed) => sealed,
        Err(errors) => {
            findings.extend(errors.iter().map(Finding::refused));
            return Ok(());
        }
    };
    let address = live::address(object, fallback)?;
    for (item, text) in &sealed.spec.encrypted_data {
        let spot = Spot {
            object: address.as_ref(),
            item,
        };
        let found = match SealedValue::parse(text) {
            Ok(value) => settle(object, item, judge.judge(spot, text, &value), changes),
            Err(error) => {
                findings.push(Finding::refused(
                    &object.item_error(item, Problem::Malformed(error)),
                ));
                continue;
            }
        };
        findings.push(Finding::new(object, item, found));
    }
    Ok(())
}

/// Notes the change that a verdict calls for.
fn settle<'a>(
    object: &Object<'a>,
    item: &str,
    verdict: Verdict,
    changes: &mut Vec<Change<'a>>,
) -> Found {
    match verdict {
        Verdict::Current => Found::Current,
        Verdict::Foreign => Found::Foreign,
        // With --check alone, where "stale" is what the report calls it.
        Verdict::Stale => Found::Resealed,
        Verdict::Unreachable(why) => Found::Unreachable(why),
        Verdict::Refused(why) => Found::Refused(why),
        Verdict::Reseal(value) => match Change::replace_item(*object, item, &value.to_base64()) {
            Ok(change) => {
                changes.push(change);
                Found::Resealed
            }
            Err(error) => Found::Refused(error.problem().to_string()),
        },
    }
}
