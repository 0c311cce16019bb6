//! What is to be seen in the editor, and what comes back from there: plain Secrets, with a placeholder
//! where a value is not shown.

use waxwing_crypto::{KeyRing, OpenError, Place, SealedValue};
use waxwing_manifest::{
    Document, Kind, ManifestError, Object, Problem, SecretManifest, read, write_readable,
};
use zeroize::Zeroizing;

use super::plan::{Items, Shown, placeholder};
use crate::commands::in_place::{EditedFile, SealedObject};
use crate::diagnostic::{Advice, Failure};
use crate::namespace::FallbackNamespace;
use crate::printable;

/// The SealedSecrets of a file, as they are shown.
pub(super) struct View<'a> {
    /// How messages call the file.
    file: String,
    pub(super) entries: Vec<Entry<'a>>,
}

/// A SealedSecret, as it is shown.
pub(super) struct Entry<'a> {
    pub(super) target: SealedObject<'a>,
    opened: Items,
}

/// A SealedSecret as it came back.
pub(super) struct Edited {
    pub(super) items: Items,
    /// The lines of the items, by their names.
    lines: Vec<(String, usize)>,
}

/// Something that is wrong with what came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// From 1, behind the comments at the top.
    pub(super) line: Option<usize>,
    pub(super) message: String,
}

impl From<ManifestError> for Complaint {
    fn from(error: ManifestError) -> Self {
        Self {
            line: Some(error.location().line),
            message: error.message(),
        }
    }
}

impl Edited {
    /// A complaint about an item.
    pub(super) fn complain(&self, item: &str, why: &str) -> Complaint {
        let line = self.lines.iter().find(|(name, _)| name == item);
        Complaint {
            line: line.map(|(_, line)| *line),
            message: format!("item \"{item}\": {why}"),
        }
    }
}

impl<'a> View<'a> {
    /// Of a file. With a ring, the values that its keys open are shown.
    pub(super) fn of(
        file: &'a EditedFile,
        ring: Option<&KeyRing>,
        namespace: &FallbackNamespace<'_>,
    ) -> Result<Self, Failure> {
        let mut failure = Failure::default();
        let mut entries = Vec::new();
        for object in file.sealed_secrets() {
            match Entry::of(object, ring, namespace) {
                Ok(entry) => entries.push(entry),
                Err(error) => failure.add(error),
            }
        }
        let view = failure.or(Self {
            file: file.path().display().to_string(),
            entries,
        })?;
        if ring.is_some() && view.opens_nothing() {
            let file = view.file;
            return Err(NothingOpened { file }.into());
        }
        Ok(view)
    }

    fn opens_nothing(&self) -> bool {
        let is_empty = |entry: &Entry<'_>| entry.target.values().is_empty();
        self.entries.iter().all(|entry| entry.opened.is_empty())
            && !self.entries.iter().all(is_empty)
    }

    /// The text to edit.
    pub(super) fn text(&self) -> Zeroizing<Vec<u8>> {
        let body: Vec<Zeroizing<String>> = self.entries.iter().map(Entry::text).collect();
        let body: Vec<&str> = body.iter().map(|text| text.as_str()).collect();
        let body = Zeroizing::new(body.join("---\n"));
        self.under_header(body.as_bytes(), &[])
    }

    /// The text that was saved, to be edited once more.
    pub(super) fn again(&self, saved: &[u8], complaints: &[Complaint]) -> Zeroizing<Vec<u8>> {
        self.under_header(body(saved), complaints)
    }

    fn under_header(&self, body: &[u8], complaints: &[Complaint]) -> Zeroizing<Vec<u8>> {
        let header = self.header(complaints);
        Zeroizing::new([header.as_bytes(), body].concat())
    }

    fn header(&self, complaints: &[Complaint]) -> String {
        let what = match complaints {
            [] => format!(
                "The values of {}. Change, add, rename or remove items, and save.",
                self.file
            ),
            _ => format!("{} is as it was, because:", self.file),
        };
        let mut lines = vec![what];
        let explanation = [
            format!(
                "A text such as {} stands for a value that is there and not shown.",
                placeholder("ITEM")
            ),
            "stringData holds texts, data the base64 of anything else. To cancel, change nothing."
                .to_owned(),
        ];
        let above = lines.len() + complaints.len() + explanation.len();
        lines.extend(complaints.iter().map(|complaint| complaint.below(above)));
        lines.extend(explanation);
        // What breaks the line would not be part of the comment.
        let comment = |line: &String| format!("# {}\n", printable::line(line));
        lines.iter().map(comment).collect()
    }

    /// The items of each SealedSecret, as they came back.
    pub(super) fn read(&self, saved: &[u8]) -> Result<Vec<Edited>, Vec<Complaint>> {
        let text = text_of(body(saved)).map_err(|complaint| vec![complaint])?;
        let documents = read("", text).map_err(|error| vec![error.into()])?;
        let objects: Vec<Object<'_>> = documents.iter().flat_map(Document::objects).collect();
        if objects.len() != self.entries.len() {
            return Err(vec![Complaint {
                line: None,
                message: format!(
                    "there are {} Secrets here, not {}; leave each in its place, even without items",
                    objects.len(),
                    self.entries.len()
                ),
            }]);
        }
        let mut edited = Vec::new();
        let mut complaints = Vec::new();
        for (entry, object) in self.entries.iter().zip(&objects) {
            match entry.read(object) {
                Ok(items) => edited.push(items),
                Err(more) => complaints.extend(more),
            }
        }
        if complaints.is_empty() {
            Ok(edited)
        } else {
            Err(complaints)
        }
    }
}

impl Complaint {
    /// About what was saved as a whole.
    pub(super) fn all_of(failure: &Failure) -> Vec<Self> {
        let complain = |message| Self {
            line: None,
            message,
        };
        failure.sentences().map(complain).collect()
    }

    fn below(&self, lines_above: usize) -> String {
        let message = &self.message;
        match self.line {
            Some(line) => format!("error: line {}: {message}", line + lines_above),
            None => format!("error: {message}"),
        }
    }
}

impl<'a> Entry<'a> {
    fn of(
        object: Object<'a>,
        ring: Option<&KeyRing>,
        namespace: &FallbackNamespace<'_>,
    ) -> Result<Self, Failure> {
        let target = SealedObject::read(object)?;
        let opened = match ring {
            Some(ring) => open(&target, ring, namespace)?,
            None => Items::new(),
        };
        Ok(Self { target, opened })
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown {
            sealed: self.target.values(),
            opened: &self.opened,
        }
    }

    fn text(&self) -> Zeroizing<String> {
        let object = self.target.object();
        write_readable(&SecretManifest {
            name: object.name().unwrap_or_default().to_owned(),
            namespace: object.namespace().map(str::to_owned),
            items: self.shown().items(),
            ..SecretManifest::default()
        })
    }

    fn read(&self, object: &Object<'_>) -> Result<Edited, Vec<Complaint>> {
        let own = self.target.object();
        let is_another = object.kind() != Kind::Secret
            || (object.name(), object.namespace()) != (own.name(), own.namespace());
        let secret = match SecretManifest::read(object) {
            _ if is_another => None,
            Ok(secret) => Some(secret).filter(has_items_only),
            Err(errors) if self.may_be_empty() && errors.iter().all(is_about_no_items) => {
                Some(SecretManifest::default())
            }
            Err(errors) => return Err(errors.into_iter().map(Complaint::from).collect()),
        };
        let secret = secret.ok_or_else(|| {
            vec![Complaint {
                line: Some(object.location().line),
                message: format!(
                    "of {} only stringData and data can be changed here",
                    own.describe()
                ),
            }]
        })?;
        let line = |item: &String| (item.clone(), object.line_of(&["stringData", item]));
        Ok(Edited {
            lines: secret.items.keys().map(line).collect(),
            items: secret.items,
        })
    }

    fn may_be_empty(&self) -> bool {
        self.target.values().is_empty() || !self.target.templates().is_empty()
    }
}

/// Whether nothing is in it that was not shown.
fn has_items_only(secret: &SecretManifest) -> bool {
    secret.type_.is_none()
        && secret.immutable.is_none()
        && secret.labels.is_empty()
        && secret.annotations.is_empty()
}

fn is_about_no_items(error: &ManifestError) -> bool {
    matches!(error.problem(), Problem::Empty { .. })
}

/// The plaintexts of the items that the keys open.
fn open(
    target: &SealedObject<'_>,
    ring: &KeyRing,
    fallback: &FallbackNamespace<'_>,
) -> Result<Items, Failure> {
    let object = target.object();
    let namespace = fallback.of(&object)?;
    let mut failure = Failure::default();
    let mut items = Items::new();
    for (item, text) in target.values() {
        let place = Place {
            namespace,
            name: object.name().unwrap_or_default(),
            item,
        };
        let value = SealedValue::parse(text).map_err(Problem::Malformed);
        let opened = value.and_then(|value| match value.open(ring, &place) {
            Ok(plaintext) => Ok(Some(plaintext)),
            Err(OpenError::UnknownKey { .. }) => Ok(None),
            Err(error) => Err(Problem::NotOpened(error)),
        });
        match opened {
            Ok(Some(plaintext)) => drop(items.insert(item.clone(), plaintext)),
            Ok(None) => {}
            Err(problem) => failure.add(object.item_error(item, problem)),
        }
    }
    failure.or(items)
}

/// What stands below the comments at the top.
fn body(saved: &[u8]) -> &[u8] {
    let mut rest = saved.strip_prefix(b"\xef\xbb\xbf").unwrap_or(saved);
    while rest.starts_with(b"#") {
        let end = rest.iter().position(|byte| *byte == b'\n');
        rest = end.map_or(&[][..], |end| &rest[end + 1..]);
    }
    rest
}

/// Whether nobody wants what was saved: it is what was there before, or nothing but comments.
pub(super) fn is_given_up(saved: &[u8], before: &[u8]) -> bool {
    let saved = body(saved);
    saved == body(before) || saved.iter().all(u8::is_ascii_whitespace)
}

fn text_of(body: &[u8]) -> Result<&str, Complaint> {
    std::str::from_utf8(body).map_err(|error| {
        let before = &body[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Complaint {
            line: Some(line),
            message: "is not UTF-8 text; save it as UTF-8".to_owned(),
        }
    })
}

/// Identities that are of no use for the file.
#[derive(Debug, thiserror::Error)]
#[error("{file}: the identities open none of its values")]
struct NothingOpened {
    file: String,
}

impl Advice for NothingOpened {
    fn advice(&self) -> Vec<String> {
        vec![
            format!("to see whose keys do: waxwing inspect {}", self.file),
            "to change values without seeing them, leave out -i".to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests;
