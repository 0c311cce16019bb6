//! One text, held against all rules.

use std::sync::Arc;

use memchr::memmem;
use waxwing_manifest::{
    Document, Kind, ManifestError, Object, Validation, plaintext, read, validate,
};

use super::clusters;
use super::finding::Finding;
use super::leaks::{self, Leak};
use super::marks::Marks;
use super::rule::Rule;
use crate::config::{Config, Place};

/// Where a binary file has a zero byte: what Git takes for a sign of one, in bytes.
const BINARY_PREFIX: usize = 8000;

/// How a file starts that git-crypt has encrypted.
const GIT_CRYPT: &[u8] = b"\0GITCRYPT";

/// The words that no Secret and no SealedSecret is without.
const SECRET_WORDS: [&[u8]; 2] = [b"kind", b"Secret"];

/// The word that a SealedSecret has beside them.
const SEALED_WORD: &[u8] = b"waxwing.dev/";

/// A text, as it is or will be in Git.
pub(super) struct Text<'a> {
    /// How messages call the file.
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
    /// Whether it has to be YAML or JSON.
    pub(super) is_manifest: bool,
    /// The namespace of SealedSecrets that name none.
    pub(super) namespace: Option<&'a str>,
    /// The `.waxwing.yaml` that counts for the file, and where its rules see it.
    pub(super) config: Option<(&'a Config, &'a Place)>,
}

/// What came of a text.
#[derive(Debug, Default)]
pub(super) struct Examination {
    /// In the order of their lines.
    pub(super) findings: Vec<Finding>,
    /// How many more there would be but for marks.
    pub(super) allowed: usize,
    /// Whether it is a template of a manifest, which only the program that fills it in can read.
    pub(super) is_template: bool,
}

/// A finding, and the line of the object that it is in.
struct Found {
    finding: Finding,
    object_line: Option<usize>,
}

/// Holds a text against all rules.
pub(super) fn examine(text: &Text<'_>) -> Examination {
    let mut examination = Examination::default();
    let (documents, broken) = match documents(text) {
        Content::Documents(documents) => (documents, None),
        Content::Broken(finding) => (Vec::new(), Some(Found::within(finding, 1))),
        Content::Template => {
            examination.is_template = true;
            (Vec::new(), None)
        }
        Content::Binary => return examination,
    };
    let objects: Vec<Object<'_>> = documents.iter().flat_map(Document::objects).collect();
    let of_objects = objects.iter().flat_map(|object| check_object(object, text));
    let leaks = leaks::search(text.bytes).into_iter();
    let leaks = leaks.filter_map(|leak| leaked(text, leak, &objects));
    let mut found: Vec<Found> = broken.into_iter().chain(of_objects).chain(leaks).collect();
    found.sort_by_key(|found| found.finding.line);
    examination.settle(found, text.bytes);
    examination
}

impl Found {
    /// A finding about something that starts on `line`.
    fn within(finding: Finding, line: usize) -> Self {
        Self {
            finding,
            object_line: Some(line),
        }
    }
}

impl Examination {
    fn settle(&mut self, found: Vec<Found>, text: &[u8]) {
        if found.is_empty() {
            return;
        }
        let marks = Marks::of(text);
        for found in found {
            let lines = [Some(found.finding.line), found.object_line];
            if lines.into_iter().flatten().any(|line| marks.allow(line)) {
                self.allowed += 1;
            } else {
                self.findings.push(found.finding);
            }
        }
    }
}

enum Content {
    Documents(Vec<Document>),
    Broken(Finding),
    Template,
    Binary,
}

fn documents(text: &Text<'_>) -> Content {
    let bytes = text.bytes;
    if !text.is_manifest {
        return if bytes[..bytes.len().min(BINARY_PREFIX)].contains(&0) {
            Content::Binary
        } else {
            // A copy such as secret.yaml.bak is as good as the file itself.
            Content::Documents(stray_documents(text).unwrap_or_default())
        };
    }
    if bytes.starts_with(GIT_CRYPT) {
        return Content::Binary;
    }
    let Ok(words) = std::str::from_utf8(bytes) else {
        return Content::Broken(Finding {
            rule: Rule::Syntax,
            file: Arc::from(text.name),
            line: 1,
            document: None,
            message: "is not UTF-8 text; save it as UTF-8".to_owned(),
        });
    };
    match read(text.name, words) {
        Ok(documents) => Content::Documents(documents),
        Err(_) if is_template(words) => Content::Template,
        Err(error) => Content::Broken(Finding::new(Rule::Syntax, &error)),
    }
}

/// The documents of a file that need not be a manifest.
fn stray_documents(text: &Text<'_>) -> Option<Vec<Document>> {
    let has = |word: &&[u8]| memmem::find(text.bytes, word).is_some();
    if !SECRET_WORDS.iter().all(has) {
        return None;
    }
    read(text.name, std::str::from_utf8(text.bytes).ok()?).ok()
}

/// Whether a text that is no YAML has placeholders of Helm and its kind. A SealedSecret has no use for
/// any but those in its own template, which leave it YAML.
fn is_template(text: &str) -> bool {
    let has_placeholder = |line: &str| {
        let start = line.find("{{");
        start.is_some_and(|start| line[start..].contains("}}"))
    };
    memmem::find(text.as_bytes(), SEALED_WORD).is_none() && text.lines().any(has_placeholder)
}

fn check_object(object: &Object<'_>, text: &Text<'_>) -> Vec<Found> {
    let told = |error: &ManifestError| Finding::new(Rule::of(error.problem()), error);
    let findings: Vec<Finding> = match object.kind() {
        Kind::Sealed(_) => {
            let Validation { findings, keys } = validate(object, text.namespace);
            let config = text.config.iter();
            let of_config =
                config.flat_map(|(config, place)| clusters::check(object, &keys, config, place));
            findings.iter().map(told).chain(of_config).collect()
        }
        Kind::Secret | Kind::Other => plaintext(object).iter().map(told).collect(),
    };
    let line = object.location().line;
    let findings = findings.into_iter();
    findings
        .map(|finding| Found::within(finding, line))
        .collect()
}

/// The finding about a private key, unless its object is told to be in clear already.
fn leaked(text: &Text<'_>, leak: Leak, objects: &[Object<'_>]) -> Option<Found> {
    let mut around = objects
        .iter()
        .filter(|object| object.lines().contains(&leak.line));
    let object = around.next();
    if object.is_some_and(|object| plaintext(object).is_some()) {
        return None;
    }
    let (rule, message) = match leak.kind {
        leaks::Kind::AgeIdentity => (Rule::AgeIdentity, "holds an age identity, a private key"),
        leaks::Kind::PemKey => (Rule::PrivateKey, "holds a private key"),
    };
    Some(Found {
        finding: Finding {
            rule,
            file: Arc::from(text.name),
            line: leak.line,
            document: object.map(|object| object.location().document),
            message: match object {
                Some(object) => format!("{}: {message}", object.describe()),
                None => message.to_owned(),
            },
        },
        object_line: object.map(|object| object.location().line),
    })
}
