//! The SealedSecrets in files.

use std::path::Path;

use waxwing_manifest::{Document, Kind, Object};

use crate::diagnostic::Failure;
use crate::input::Source;

/// The word that every SealedSecret has: a file without it is not parsed.
const MARK: &[u8] = b"SealedSecret";

/// The documents of a file; none, if there is no SealedSecret among them.
pub(crate) fn read(path: &Path) -> Result<Vec<Document>, Failure> {
    let source = Source::File(path.to_owned());
    let bytes = source.read_bytes(usize::MAX)?;
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(Vec::new());
    }
    let text = source.text_of(bytes)?;
    Ok(waxwing_manifest::read(&source.name(), &text)?)
}

/// The SealedSecrets among the objects of a file.
pub(crate) fn sealed_secrets(documents: &[Document]) -> impl Iterator<Item = Object<'_>> {
    let objects = documents.iter().flat_map(Document::objects);
    objects.filter(|object| object.kind() == Kind::SealedSecret)
}
