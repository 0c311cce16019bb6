//! The vectors in testdata, which docs/format.md describes: other implementations can use them too.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use waxwing_crypto::{
    HeaderKey, Identity, KeyRing, MalformedError, OpenError, Place, SealedValue, format_time,
};

/// One file of testdata.
struct Vector {
    name: String,
    fields: BTreeMap<String, String>,
    text: String,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let content = fs::read_to_string(path).unwrap();
        let (fields, text) = content.split_once("\n\n").unwrap();
        let fields = fields.lines().filter(|line| !line.starts_with('#'));
        let fields = fields.map(|line| line.split_once(": ").unwrap());
        Self {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            fields: fields
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            text: text.strip_suffix('\n').unwrap().to_owned(),
        }
    }

    fn field(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", String::as_str)
    }

    fn open(&self, value: &SealedValue) -> Result<String, OpenError> {
        let identity: Identity = self.field("identity").parse().unwrap();
        let words: Vec<&str> = self.field("place").split(' ').collect();
        let [namespace, name, item] = words.try_into().unwrap();
        let place = Place {
            namespace,
            name,
            item,
        };
        let opened = value.open(&KeyRing::from_iter([identity]), &place)?;
        Ok(String::from_utf8(opened.to_vec()).unwrap())
    }

    /// What comes of the vector, in the words of its field `expect`.
    fn outcome(&self) -> &'static str {
        let value = match SealedValue::parse(&self.text) {
            Ok(value) => value,
            Err(error) => return name_of(error),
        };
        match self.open(&value) {
            Ok(plaintext) => {
                assert_eq!(plaintext, self.field("value"), "{}", self.name);
                self.check_header(&value);
                "opens"
            }
            Err(OpenError::ScopeMismatch { .. }) => "ScopeMismatch",
            Err(OpenError::UnknownKey { .. }) => "UnknownKey",
            Err(OpenError::Tampered(_)) => "Tampered",
            Err(error) => panic!("{}: {error}", self.name),
        }
    }

    fn check_header(&self, value: &SealedValue) {
        let header = value.header();
        let keys: Vec<String> = header
            .keys
            .iter()
            .map(|HeaderKey { id, algorithm, .. }| format!("{id} {algorithm}"))
            .collect();
        assert_eq!(
            header.scope.to_string(),
            self.field("scope"),
            "{}",
            self.name
        );
        assert_eq!(
            format_time(header.sealed_at),
            self.field("sealed"),
            "{}",
            self.name
        );
        assert_eq!(keys.join(", "), self.field("keys"), "{}", self.name);
    }
}

fn name_of(error: MalformedError) -> &'static str {
    match error {
        MalformedError::NotBase64 => "NotBase64",
        MalformedError::TooLong => "TooLong",
        MalformedError::NotAge => "NotAge",
        MalformedError::NewerVersion => "NewerVersion",
        MalformedError::Truncated => "Truncated",
        MalformedError::HeaderTooLong => "HeaderTooLong",
        MalformedError::BadHeader => "BadHeader",
        MalformedError::NotSealed => "NotSealed",
        MalformedError::MisplacedStanza => "MisplacedStanza",
        MalformedError::UnknownStanza => "UnknownStanza",
        MalformedError::BadScope => "BadScope",
        MalformedError::BadSealed => "BadSealed",
        MalformedError::NoRecipients => "NoRecipients",
        MalformedError::TooManyRecipients => "TooManyRecipients",
        MalformedError::KeyCount { .. } => "KeyCount",
        MalformedError::BadRecipientStanza(_) => "BadRecipientStanza",
        MalformedError::MixedRecipients => "MixedRecipients",
        MalformedError::BadPayload => "BadPayload",
        error => panic!("name {error:?} here and in docs/format.md"),
    }
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| Vector::read(&entry.unwrap().path()))
        .collect()
}

#[test]
fn every_vector_comes_out_as_expected() {
    let vectors = vectors();
    assert!(
        vectors
            .iter()
            .any(|vector| vector.field("expect") == "opens")
    );
    assert!(
        vectors
            .iter()
            .any(|vector| vector.field("expect") != "opens")
    );
    for vector in vectors {
        assert_eq!(vector.outcome(), vector.field("expect"), "{}", vector.name);
    }
}

#[test]
fn every_refusal_is_described_with_the_format() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/format.md");
    let docs = fs::read_to_string(docs).unwrap();
    for vector in vectors() {
        let expect = format!("`{}`", vector.field("expect"));
        assert!(docs.contains(&expect), "docs/format.md lacks {expect}");
    }
}
