//! One line of the trail. docs/audit.schema.json describes it; a test compares.

use jiff::Timestamp;
use serde::Serialize;

use crate::status::first_reason;
use crate::unseal::Failure;

/// Changes when a reader of older lines would misunderstand newer ones.
pub(super) const SCHEMA: &str = "waxwing.dev/audit/v1";

/// The result of what was done.
const SUCCESS: &str = "Success";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Event {
    Unsealed,
    Refused,
    KeyCreated,
    /// The public half of a key that was put in by hand or restored.
    KeyPublished,
    KeyEscrowed,
    KeyRetired,
    KeyRevoked,
    /// Nothing needs the key any more: its deletion, which someone asked for, goes on.
    KeyReleased,
    KeyDeleted,
    TookOver,
    StoodDown,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    pub(super) schema: &'static str,
    pub(super) time: Timestamp,
    pub(super) replica: &'a str,
    pub(super) event: Event,
    /// `Success`, or the reason of the first failure.
    pub(super) result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<Object>,
    /// All keys that the items are sealed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) key_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<Cause<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Object {
    pub(super) kind: String,
    /// `None`: of a cluster-wide object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<i64>,
}

/// A failure without its message. The item is `namespace NAME` where a namespace of a cluster-wide object
/// failed.
#[derive(Debug, Serialize)]
pub(super) struct Cause<'a> {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
}

impl<'a> Cause<'a> {
    pub(super) fn of(failure: &'a Failure) -> Self {
        Self {
            reason: failure.reason.as_str(),
            item: failure.item(),
        }
    }
}

pub(super) fn result(failures: &[Failure]) -> &'static str {
    first_reason(failures).map_or(SUCCESS, |failure| failure.reason.as_str())
}

impl Line<'_> {
    /// The JSON text, with the end of the line.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain data with string keys serialises.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};
    use waxwing_api::Reason;

    use super::*;

    #[test]
    fn a_refusal_tells_items_and_reasons_and_no_message() {
        let failures = [
            Failure::of_item(Reason::UnknownKey, "password", "a message"),
            Failure::of_object(Reason::TooLarge, "another message"),
        ];
        let line = Line {
            schema: SCHEMA,
            time: "2026-11-24T06:00:00Z".parse().unwrap(),
            replica: "pod-1",
            event: Event::Refused,
            result: result(&failures),
            object: Some(Object {
                kind: "SealedSecret".to_owned(),
                namespace: Some("prod".to_owned()),
                name: "db".to_owned(),
                uid: None,
                generation: Some(3),
            }),
            key_ids: vec!["3f9a0c2be81d7745".to_owned()],
            failures: failures.iter().map(Cause::of).collect(),
        };
        let bytes = line.to_bytes();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(
            serde_json::from_slice::<Value>(&bytes).unwrap(),
            json!({
                "schema": "waxwing.dev/audit/v1",
                "time": "2026-11-24T06:00:00Z",
                "replica": "pod-1",
                "event": "Refused",
                "result": result(&failures),
                "object": { "kind": "SealedSecret", "namespace": "prod", "name": "db", "generation": 3 },
                "keyIds": ["3f9a0c2be81d7745"],
                "failures": [
                    { "reason": "UnknownKey", "item": "password" },
                    { "reason": "TooLarge" },
                ],
            })
        );
        assert_eq!(result(&[]), "Success");
    }
}
