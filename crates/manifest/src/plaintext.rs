//! What a manifest gives away to everyone who can read the file.

use waxwing_api::names::KEY_SECRET_TYPE;

use crate::error::{ManifestError, Problem};
use crate::object::{Kind, Object};
use crate::tree::{Content, NodeId, Scalar, Tree};

/// The label on the private keys of Sealed Secrets' controller.
const SEALED_SECRETS_KEY: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";

/// How a value that sops has encrypted begins and ends.
const SOPS: (&str, char) = ("ENC[", ']');

/// The finding about an object whose secret values stand in the file for everyone to read, base64 or
/// not: a Secret, or a Kustomization that makes Secrets of literals. Empty values, and those that sops
/// has encrypted, give nothing away.
pub fn plaintext(object: &Object<'_>) -> Option<ManifestError> {
    let items = match object.kind() {
        Kind::Secret if is_sealing_key(object) => {
            let is_clear = !clear_items(object).is_empty();
            return is_clear.then(|| object.error(Problem::PrivateSealingKey));
        }
        Kind::Secret => clear_items(object),
        Kind::Sealed(_) => Vec::new(),
        Kind::Other => clear_literals(object),
    };
    (!items.is_empty()).then(|| object.error(Problem::InClear { items }))
}

/// The names of the items in `data` and `stringData` that are in clear, each once.
fn clear_items(secret: &Object<'_>) -> Vec<String> {
    let tree = secret.tree();
    let mut items: Vec<String> = Vec::new();
    for field in ["data", "stringData"] {
        let pairs = secret.node_at(&[field]).and_then(|node| tree.pairs(node));
        for (key, value) in pairs.unwrap_or_default() {
            let name = written(tree, *key);
            if is_clear(tree, *value) && !items.iter().any(|item| item == name) {
                items.push(name.to_owned());
            }
        }
    }
    items
}

/// The items that a Kustomization makes of literals, `NAME/ITEM`; none, if it is none.
fn clear_literals(object: &Object<'_>) -> Vec<String> {
    let tree = object.tree();
    let generators = object.node_at(&["secretGenerator"]);
    let generators = generators.and_then(|node| tree.elements(node));
    let mut items = Vec::new();
    for generator in generators.unwrap_or_default() {
        let name = tree.get(*generator, "name");
        let name = name.map_or("", |name| written(tree, name));
        let literals = tree.get(*generator, "literals");
        let literals = literals.and_then(|node| tree.elements(node));
        for literal in literals.unwrap_or_default() {
            match written(tree, *literal).split_once('=') {
                Some((_, "")) | None => {}
                Some((item, _)) => items.push(format!("{name}/{item}")),
            }
        }
    }
    items
}

/// Whether a Secret is the private half of a sealing key: of Waxwing, or of Sealed Secrets.
fn is_sealing_key(secret: &Object<'_>) -> bool {
    let label = ["metadata", "labels", SEALED_SECRETS_KEY];
    secret.text_at(&["type"]) == Some(KEY_SECRET_TYPE) || secret.node_at(&label).is_some()
}

/// A scalar as it is written, whatever it means.
fn written(tree: &Tree, scalar: NodeId) -> &str {
    match &tree.meant(scalar).content {
        Content::Scalar(text, _) => text,
        _ => "",
    }
}

fn is_clear(tree: &Tree, value: NodeId) -> bool {
    match tree.scalar(value) {
        Ok(Some(Scalar::Text(text))) => {
            !(text.is_empty() || text.starts_with(SOPS.0) && text.ends_with(SOPS.1))
        }
        _ => !tree.is_null(value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::document::read;

    fn check(body: &str) -> Option<ManifestError> {
        check_text(&format!("apiVersion: v1\nkind: Secret\n{body}\n"))
    }

    fn check_text(text: &str) -> Option<ManifestError> {
        let documents = read("file", text).unwrap();
        let object = documents[0].objects().next().unwrap();
        plaintext(&object)
    }

    #[test]
    fn values_in_clear_are_found_however_they_are_written() {
        let cases: &[(&str, &[&str])] = &[
            ("stringData: {a: x}", &["a"]),
            ("data: {a: eA==}", &["a"]),
            (
                "data: {b: eA==, a: \"\"}\nstringData: {c: x, b: y}",
                &["b", "c"],
            ),
            ("stringData: {a: 5, true: x}", &["a", "true"]),
            ("stringData: {a: x, a: y}", &["a"]),
            ("stringData: {a: $(PASSWORD), b: <password>}", &["a", "b"]),
            ("stringData: {a: !vault x}", &["a"]),
            ("x: &x {a: x}\nstringData: *x", &["a"]),
            ("stringData:\n  <<: {a: x}", &["<<"]),
            ("stringData: {a: 'ENC[x'}", &["a"]),
        ];
        for (body, expected) in cases {
            match check(body).as_ref().map(ManifestError::problem) {
                Some(Problem::InClear { items }) => assert_eq!(items, *expected, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn literals_that_kustomize_makes_secrets_of_are_found() {
        let generator = "secretGenerator:\n- name: db\n  literals: [user=x, empty=, none]\n\
                         - {name: b, files: [a]}\n- {name: c, literals: [\"k=a=b\"]}\n";
        for head in [
            "",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        ] {
            let found = check_text(&format!("{head}{generator}")).unwrap();
            assert!(
                matches!(found.problem(), Problem::InClear { items } if *items == ["db/user", "c/k"]),
                "{found}"
            );
        }
        for other in [
            "secretGenerator: text\n",
            "data: {a: x}\n",
            "kind: SealedSecret\n",
        ] {
            assert!(check_text(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_secret_without_values_gives_nothing_away() {
        for body in [
            "",
            "data:",
            "data: {}",
            "data: {a: \"\", b: null}",
            "data: text",
            "type: kubernetes.io/service-account-token",
            "stringData: {a: 'ENC[AES256_GCM,data:aGk=,iv:eA==,tag:eA==,type:str]'}",
        ] {
            assert!(check(body).is_none(), "{body}");
        }
    }

    #[test]
    fn the_private_half_of_a_sealing_key_is_told_from_other_secrets() {
        let label = format!("metadata: {{labels: {{{SEALED_SECRETS_KEY}: active}}}}");
        for mark in [label.as_str(), "type: waxwing.dev/sealing-key"] {
            let found = check(&format!("{mark}\ndata: {{a: eA==}}")).unwrap();
            let problem = found.problem();
            assert!(matches!(problem, Problem::PrivateSealingKey), "{mark}");
        }
    }
}
