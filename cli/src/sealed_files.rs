//! Files with SealedSecrets or ClusterSealedSecrets in them.

use std::path::{Path, PathBuf};

use waxwing_manifest::{Document, Object};

use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::output::{Audience, Destination};

/// The word that every one of these objects has: a file without it is not parsed.
const MARK: &[u8] = b"SealedSecret";

/// A file as it was read.
pub(crate) struct SealedFile {
    path: PathBuf,
    documents: Vec<Document>,
}

impl SealedFile {
    /// Reads a file; none, if there is no such object in it.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let source = Source::File(path.to_owned());
        let bytes = source.read_bytes(usize::MAX)?;
        if !bytes.windows(MARK.len()).any(|window| window == MARK) {
            return Ok(None);
        }
        let text = source.text_of(bytes)?;
        Self::of_text(path, &text).map(Some)
    }

    /// A file of which the text is known.
    pub(crate) fn of_text(path: &Path, text: &str) -> Result<Self, Failure> {
        Ok(Self {
            path: path.to_owned(),
            documents: waxwing_manifest::read(&path.display().to_string(), text)?,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The SealedSecrets and ClusterSealedSecrets in it, in order.
    pub(crate) fn sealed_secrets(&self) -> impl Iterator<Item = Object<'_>> {
        sealed_secrets(&self.documents)
    }

    /// Refuses a file that is read-only.
    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        let metadata = self.path.metadata();
        if metadata.is_ok_and(|metadata| metadata.permissions().readonly()) {
            let path = self.path.clone();
            return Err(FileError::ReadOnly { path }.into());
        }
        Ok(())
    }

    /// Writes another text in the place of the file's, whole or not at all.
    ///
    /// # Errors
    /// The file is read-only, or someone else has changed it since it was read.
    pub(crate) fn replace(&self, text: &str) -> Result<(), Failure> {
        self.check_writable()?;
        self.check_untouched()?;
        Ok(Destination::File(self.path.clone()).write(text.as_bytes(), Audience::Public)?)
    }

    fn check_untouched(&self) -> Result<(), Failure> {
        let now = Source::File(self.path.clone()).read_text()?;
        let mut rest = now.as_str();
        let is_untouched = self.documents.iter().all(|document| {
            let after = rest.strip_prefix(document.raw());
            rest = after.unwrap_or_default();
            after.is_some()
        });
        if is_untouched && rest.is_empty() {
            Ok(())
        } else {
            let path = self.path.clone();
            Err(FileError::Changed { path }.into())
        }
    }
}

/// The SealedSecrets and ClusterSealedSecrets among the objects of a file.
pub(crate) fn sealed_secrets(documents: &[Document]) -> impl Iterator<Item = Object<'_>> {
    let objects = documents.iter().flat_map(Document::objects);
    objects.filter(|object| object.sealed_kind().is_some())
}

/// A file that cannot be written back.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{}: is read-only", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{}: was changed by someone else in the meantime; nothing was written", path.display())]
    Changed { path: PathBuf },
}

impl Advice for FileError {
    fn advice(&self) -> Vec<String> {
        vec![match self {
            Self::ReadOnly { path } => format!("chmod u+w {}", path.display()),
            Self::Changed { .. } => "run the command again".to_owned(),
        }]
    }
}
