//! One file: read, judged value by value, and written back with the new values and no other change.

use std::fs;
use std::path::Path;

use waxwing_crypto::SealedValue;
use waxwing_manifest::edit::{self, Change};
use waxwing_manifest::{Document, Object, Problem, read_sealed_secret};

use super::judge::{Judge, Spot, Verdict};
use super::report::{Finding, Kind as Found};
use crate::diagnostic::Failure;
use crate::namespace::FallbackNamespace;
use crate::output::{Audience, Destination};
use crate::sealed_files::{read, sealed_secrets};

/// What came of a file: its values, or why it could not be looked at.
pub(super) type Outcome = Result<Vec<Finding>, Failure>;

pub(super) fn reseal(
    path: &Path,
    judge: &Judge,
    namespace: &FallbackNamespace<'_>,
    check: bool,
) -> Outcome {
    let documents = read(path)?;
    let mut findings = Vec::new();
    let mut changes = Vec::new();
    for object in sealed_secrets(&documents) {
        judge_object(&object, judge, namespace, &mut findings, &mut changes)?;
    }
    if changes.is_empty() || check {
        return Ok(findings);
    }
    if let Err(why) = write(path, &documents, &changes) {
        for finding in &mut findings {
            finding.refuse_if_resealed(&why);
        }
    }
    Ok(findings)
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
    let namespace = match object.namespace() {
        Some(namespace) => Some(namespace),
        None => fallback.get()?,
    };
    for (item, text) in &sealed.spec.encrypted_data {
        let spot = Spot {
            namespace,
            name: object.name().unwrap_or_default(),
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

fn write(path: &Path, documents: &[Document], changes: &[Change<'_>]) -> Result<(), String> {
    let is_read_only = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly());
    if is_read_only {
        return Err("the file is read-only; chmod u+w it".to_owned());
    }
    let text = edit::apply(documents, changes).map_err(|error| error.problem().to_string())?;
    Destination::File(path.to_owned())
        .write(text.as_bytes(), Audience::Public)
        .map_err(|error| error.to_string())
}
