//! SealingKeys in a file: a backup of a cluster's keys.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use waxwing_api::names::{API_VERSION, GROUP};
use waxwing_api::{KeyAlgorithm, KeyState, SealingKey, SealingKeySpec, SealingKeyStatus};
use waxwing_crypto::{Algorithm, Recipient};
use zeroize::Zeroizing;

use crate::error::{ManifestError, Problem};
use crate::fields::{Fields, Metadata, field};
use crate::object::Object;
use crate::sealed_secret::check_version;
use crate::tree::NodeId;
use crate::value::Value;
use crate::yaml_writer::write_yaml;

/// Whether the object is a SealingKey of Waxwing, of whatever version.
pub fn is_sealing_key(object: &Object<'_>) -> bool {
    let tree = object.tree();
    let text = |key| tree.text(tree.get(object.node(), key)?).ok();
    text("kind") == Some("SealingKey")
        && text("apiVersion").is_some_and(|version| version.split('/').next() == Some(GROUP))
}

/// Reads a SealingKey: its name and labels, its spec, and whether it was primary.
///
/// # Errors
/// Everything for which the API server would refuse it; a recipient that is none; and a name or an
/// algorithm that does not belong to the recipient. Each on its line.
pub fn read_sealing_key(object: &Object<'_>) -> Result<SealingKey, Vec<ManifestError>> {
    let mut fields = Fields::of(*object, "a SealingKey");
    let mut metadata = Metadata::default();
    let mut spec = None;
    let mut primary = false;
    for entry in fields.top() {
        match entry.key {
            "apiVersion" => check_version(&mut fields, entry.value),
            "kind" => {}
            "metadata" => metadata = fields.metadata(entry.value),
            "spec" => spec = Some((entry.value, Spec::read(&mut fields, entry.value))),
            "status" => primary = read_primary(&mut fields, entry.value),
            _ => fields.unknown(entry, ""),
        }
    }
    let name = metadata.name.clone();
    if name.is_none() {
        fields.report_whole(Problem::NoName);
    }
    let (node, spec) = spec.unwrap_or((object.node(), Spec::default()));
    let spec = spec.complete(&mut fields, node);
    match (spec, name) {
        (Some((spec, recipient)), Some(name)) => {
            check_belongs(object, &mut fields, &recipient, &name, spec.algorithm);
            let labels = Some(metadata.labels).filter(|labels| !labels.is_empty());
            fields.finish(sealing_key(name, labels, spec, primary))
        }
        _ => Err(fields.problems()),
    }
}

fn sealing_key(
    name: String,
    labels: Option<BTreeMap<String, String>>,
    spec: SealingKeySpec,
    primary: bool,
) -> SealingKey {
    let status = SealingKeyStatus {
        primary,
        ..SealingKeyStatus::default()
    };
    SealingKey {
        metadata: ObjectMeta {
            name: Some(name),
            labels,
            ..ObjectMeta::default()
        },
        spec,
        status: Some(status),
    }
}

/// The fields of `spec`, as far as they are there.
#[derive(Default)]
struct Spec {
    recipient: Option<(NodeId, String)>,
    algorithm: Option<KeyAlgorithm>,
    state: KeyState,
    escrow: Option<String>,
}

impl Spec {
    fn read(fields: &mut Fields<'_>, node: NodeId) -> Self {
        let mut spec = Self::default();
        for entry in fields.entries(node, "spec") {
            let value = entry.value;
            match entry.key {
                "recipient" => {
                    let text = fields.optional_text(value, "spec.recipient");
                    spec.recipient = text.map(|text| (value, text));
                }
                "algorithm" => spec.algorithm = read_algorithm(fields, value),
                "state" => spec.state = read_state(fields, value),
                "escrow" => spec.escrow = fields.optional_text(value, "spec.escrow"),
                _ => fields.unknown(entry, "spec."),
            }
        }
        spec
    }

    fn complete(
        self,
        fields: &mut Fields<'_>,
        node: NodeId,
    ) -> Option<(SealingKeySpec, Recipient)> {
        let Some((at, text)) = self.recipient else {
            fields.report(node, field("spec.recipient"), Problem::Missing);
            return None;
        };
        let recipient: Recipient = match text.parse() {
            Ok(recipient) => recipient,
            Err(error) => {
                fields.report(at, field("spec.recipient"), Problem::NotARecipient(error));
                return None;
            }
        };
        let spec = SealingKeySpec {
            algorithm: self
                .algorithm
                .unwrap_or_else(|| recipient.algorithm().into()),
            recipient: text,
            state: self.state,
            escrow: self.escrow,
        };
        Some((spec, recipient))
    }
}

fn read_algorithm(fields: &mut Fields<'_>, node: NodeId) -> Option<KeyAlgorithm> {
    let word = fields.optional_text(node, "spec.algorithm")?;
    match word.parse::<Algorithm>() {
        Ok(algorithm) => Some(algorithm.into()),
        Err(_) => {
            let allowed = "mlkem768x25519 and x25519";
            fields.report(node, field("spec.algorithm"), Problem::NotOneOf { allowed });
            None
        }
    }
}

fn read_state(fields: &mut Fields<'_>, node: NodeId) -> KeyState {
    match fields.optional_text(node, "spec.state").as_deref() {
        Some("Active") | None => KeyState::Active,
        Some("Retired") => KeyState::Retired,
        Some("Revoked") => KeyState::Revoked,
        Some(_) => {
            let allowed = "Active, Retired and Revoked";
            fields.report(node, field("spec.state"), Problem::NotOneOf { allowed });
            KeyState::Revoked
        }
    }
}

/// The rest of the status is what the controller of another cluster found there.
fn read_primary(fields: &mut Fields<'_>, node: NodeId) -> bool {
    let entries = fields.entries(node, "status");
    let primary = entries.into_iter().find(|entry| entry.key == "primary");
    primary
        .and_then(|entry| fields.optional_boolean(entry.value, "status.primary"))
        .unwrap_or(false)
}

fn check_belongs(
    object: &Object<'_>,
    fields: &mut Fields<'_>,
    recipient: &Recipient,
    name: &str,
    algorithm: KeyAlgorithm,
) {
    let (id, own) = (recipient.key_id().to_string(), recipient.algorithm());
    let wrong = |expected| Problem::NotOfItsRecipient { expected };
    if name != id {
        fields.report(object.node(), field("metadata.name"), wrong(id));
    }
    if Algorithm::from(algorithm) != own {
        fields.report(
            object.node(),
            field("spec.algorithm"),
            wrong(own.to_string()),
        );
    }
}

/// Writes SealingKeys as a YAML `List`, with nothing in it that belongs to one cluster only: name,
/// labels and spec of each, and which one is primary.
pub fn write_sealing_keys(keys: &[SealingKey]) -> String {
    let items = keys.iter().map(sealing_key_value).collect();
    let list = Value::map([
        ("apiVersion", Some(Value::text("v1"))),
        ("kind", Some(Value::text("List"))),
        ("items", Some(Value::List(items))),
    ]);
    let mut text = Zeroizing::new(String::new());
    write_yaml(&list, &mut text);
    std::mem::take(&mut *text)
}

fn sealing_key_value(key: &SealingKey) -> Value {
    let is_primary = key.status.as_ref().is_some_and(|status| status.primary);
    let metadata = &key.metadata;
    Value::map([
        ("apiVersion", Some(Value::text(API_VERSION))),
        ("kind", Some(Value::text("SealingKey"))),
        (
            "metadata",
            Some(Value::map([
                ("name", metadata.name.as_deref().map(Value::text)),
                ("labels", metadata.labels.as_ref().and_then(Value::text_map)),
            ])),
        ),
        (
            "spec",
            Some(Value::map([
                (
                    "algorithm",
                    Some(Value::text(Algorithm::from(key.spec.algorithm).as_str())),
                ),
                ("recipient", Some(Value::text(&key.spec.recipient))),
                ("state", Some(Value::text(key.spec.state.as_str()))),
                ("escrow", key.spec.escrow.as_deref().map(Value::text)),
            ])),
        ),
        (
            "status",
            is_primary.then(|| Value::map([("primary", Some(Value::Bool(true)))])),
        ),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use waxwing_crypto::Identity;

    use super::*;
    use crate::document::{Document, read};

    const ESCROW: &str =
        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n";

    fn key(algorithm: Algorithm, state: KeyState, primary: bool) -> SealingKey {
        let identity = Identity::generate(algorithm);
        let spec = SealingKeySpec {
            recipient: identity.recipient().to_string(),
            algorithm: algorithm.into(),
            state,
            escrow: Some(ESCROW.to_owned()),
        };
        let labels = Some([("team".to_owned(), "platform".to_owned())].into());
        sealing_key(identity.key_id().to_string(), labels, spec, primary)
    }

    fn read_all(text: &str) -> Vec<Result<SealingKey, Vec<ManifestError>>> {
        let documents = read("keys.yaml", text).unwrap();
        let objects = documents.iter().flat_map(Document::objects);
        objects
            .filter(is_sealing_key)
            .map(|object| read_sealing_key(&object))
            .collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let keys = [
            key(Algorithm::MlKem768X25519, KeyState::Active, true),
            key(Algorithm::X25519, KeyState::Retired, false),
            key(Algorithm::X25519, KeyState::Revoked, false),
        ];
        let back: Vec<_> = read_all(&write_sealing_keys(&keys))
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(back, keys);
    }

    #[test]
    fn what_belongs_to_one_cluster_is_not_written() {
        let mut exported = key(Algorithm::X25519, KeyState::Active, true);
        exported.metadata.namespace = Some("canary-namespace".to_owned());
        exported.metadata.uid = Some("canary-uid".to_owned());
        exported.metadata.resource_version = Some("canary-version".to_owned());
        exported.metadata.finalizers = Some(vec!["canary-finalizer".to_owned()]);
        exported.status.as_mut().unwrap().dependents = Some(7);
        let text = write_sealing_keys(&[exported]);
        assert!(
            !text.contains("canary") && !text.contains("dependents"),
            "{text}"
        );
    }

    #[test]
    fn what_kubectl_prints_is_read_too() {
        let mut printed = key(Algorithm::X25519, KeyState::Active, true);
        printed.metadata.resource_version = Some("7".to_owned());
        let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [printed] });
        let back = read_all(&list.to_string()).remove(0).unwrap();
        assert_eq!(back.spec, printed.spec);
        assert!(back.status.unwrap().primary);
    }

    #[test]
    fn a_key_that_is_not_what_its_recipient_says_is_refused_on_its_line() {
        let good = write_sealing_keys(&[key(Algorithm::X25519, KeyState::Active, true)]);
        let name = good
            .lines()
            .find_map(|line| line.trim().strip_prefix("name: "))
            .unwrap()
            .to_owned();
        let cases = [
            (good.replace(&name, "\"0000000000000000\""), "metadata.name"),
            (
                good.replace("algorithm: x25519", "algorithm: mlkem768x25519"),
                "spec.algorithm",
            ),
            (
                good.replace("algorithm: x25519", "algorithm: rsa"),
                "keys.yaml:11",
            ),
            (
                good.replace("recipient: age1", "recipient: age2"),
                "spec.recipient",
            ),
            (
                good.replace("    recipient:", "    recipe:"),
                "spec.recipient: is missing",
            ),
            (
                good.replace("state: Active", "state: Sleeping"),
                "Active, Retired and Revoked",
            ),
            (good.replace("state: Active", "size: 1"), "spec.size"),
        ];
        for (text, told) in cases {
            let errors = read_all(&text).remove(0).unwrap_err();
            let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert!(messages.join("\n").contains(told), "{told}: {messages:?}");
        }
    }

    #[test]
    fn objects_of_other_kinds_are_no_sealing_keys_and_those_of_other_versions_are_refused() {
        let text = write_sealing_keys(&[key(Algorithm::X25519, KeyState::Active, true)]);
        assert!(read_all(&text.replace("kind: SealingKey", "kind: SealedSecret")).is_empty());
        assert!(read_all(&text.replace("waxwing.dev/", "example.com/")).is_empty());
        let error = read_all(&text.replace("/v1alpha1", "/v9"))
            .remove(0)
            .unwrap_err();
        assert!(error[0].to_string().contains("update waxwing"), "{error:?}");
    }
}
