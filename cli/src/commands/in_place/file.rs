//! A file that is edited in place: read, changed item by item, and written back with no other change.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use waxwing_manifest::edit::{self, Change};
use waxwing_manifest::{Document, Kind, ManifestError, Object, read, validate};
use zeroize::Zeroizing;

use crate::diagnostic::{Advice, Failure};
use crate::input::{InputError, Source};
use crate::output::{Audience, Destination};
use crate::sealed_files::sealed_secrets;

/// A file with at least one SealedSecret.
pub(crate) struct EditedFile {
    path: PathBuf,
    text: Zeroizing<String>,
    documents: Vec<Document>,
}

impl EditedFile {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let path = path.to_owned();
        let text = read_text(&path)?;
        let documents = read(&path.display().to_string(), &text)?;
        let file = Self {
            path,
            text,
            documents,
        };
        if file.sealed_secrets().next().is_none() {
            return Err(file.no_sealed_secret().into());
        }
        Ok(file)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Every SealedSecret of the file, in order.
    pub(crate) fn sealed_secrets(&self) -> impl Iterator<Item = Object<'_>> {
        sealed_secrets(&self.documents)
    }

    fn no_sealed_secret(&self) -> FileError {
        let mut objects = self.documents.iter().flat_map(Document::objects);
        let path = self.path.clone();
        if objects.any(|object| object.kind() == Kind::Secret) {
            FileError::Plain { path }
        } else {
            FileError::NoneFound { path }
        }
    }

    /// Makes the changes and writes the file, whole or not at all.
    pub(crate) fn write(&self, changes: &[Change<'_>]) -> Result<(), Failure> {
        self.replace(&self.with(changes)?)
    }

    /// The text of the file with the changes.
    ///
    /// # Errors
    /// They would make a SealedSecret invalid that was not.
    pub(crate) fn with(&self, changes: &[Change<'_>]) -> Result<String, Failure> {
        let text = edit::apply(&self.documents, changes)?;
        self.check_valid(&text)?;
        Ok(text)
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

    /// Refuses a file that is read-only.
    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        let metadata = self.path.metadata();
        if metadata.is_ok_and(|metadata| metadata.permissions().readonly()) {
            let path = self.path.clone();
            return Err(FileError::ReadOnly { path }.into());
        }
        Ok(())
    }

    fn check_valid(&self, text: &str) -> Result<(), Failure> {
        let documents = read(&self.path.display().to_string(), text)?;
        let mut failure = Failure::default();
        for (old, new) in self.sealed_secrets().zip(sealed_secrets(&documents)) {
            let before = validate(&old, None).findings;
            let before: BTreeSet<String> = before.iter().map(ManifestError::message).collect();
            for finding in validate(&new, None).findings {
                if !before.contains(&finding.message()) {
                    failure.add(FileError::WouldBeInvalid { finding });
                }
            }
        }
        failure.or(())
    }

    fn check_untouched(&self) -> Result<(), Failure> {
        if *read_text(&self.path)? != *self.text {
            let path = self.path.clone();
            return Err(FileError::Changed { path }.into());
        }
        Ok(())
    }
}

fn read_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    match Source::File(path.to_owned()).read_text() {
        Err(InputError::Unreadable { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
            Err(FileError::Missing {
                path: path.to_owned(),
            }
            .into())
        }
        text => Ok(text?),
    }
}

/// A file that cannot be edited.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{}: does not exist", path.display())]
    Missing { path: PathBuf },
    #[error("{}: holds no SealedSecret", path.display())]
    NoneFound { path: PathBuf },
    #[error("{}: holds a plain Secret, and no SealedSecret", path.display())]
    Plain { path: PathBuf },
    #[error("{}: is read-only", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{}: was changed by someone else in the meantime; nothing was written", path.display())]
    Changed { path: PathBuf },
    #[error("{finding}")]
    WouldBeInvalid { finding: ManifestError },
}

impl Advice for FileError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::Missing { path } => format!(
                "make it first: waxwing create generic NAME -n NAMESPACE --from-file=ITEM=- -o {}",
                path.display()
            ),
            Self::NoneFound { .. } => "name the file with the SealedSecret".to_owned(),
            Self::Plain { path } => {
                format!("seal it first: waxwing seal -f {} -o FILE", path.display())
            }
            Self::ReadOnly { path } => format!("chmod u+w {}", path.display()),
            Self::Changed { .. } => "run the command again".to_owned(),
            Self::WouldBeInvalid { .. } => {
                "so it would be after the change; nothing was written".to_owned()
            }
        };
        vec![advice]
    }
}
