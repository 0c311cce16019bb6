//! A file that is edited in place: read, changed item by item, and written back with no other change.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use waxwing_manifest::edit::{self, Change};
use waxwing_manifest::{Document, Kind, ManifestError, Object, read, validate};
use zeroize::Zeroizing;

use crate::diagnostic::{Advice, Failure};
use crate::input::{InputError, Source};
use crate::sealed_files::{SealedFile, sealed_secrets};

/// A file with at least one SealedSecret or ClusterSealedSecret.
pub(crate) struct EditedFile {
    file: SealedFile,
}

impl EditedFile {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = SealedFile::of_text(path, &read_text(path)?)?;
        if file.sealed_secrets().next().is_none() {
            return Err(FileError::without_sealed_secret(&file).into());
        }
        Ok(Self { file })
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Every SealedSecret of the file, in order.
    pub(crate) fn sealed_secrets(&self) -> impl Iterator<Item = Object<'_>> {
        self.file.sealed_secrets()
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
        let text = edit::apply(self.file.documents(), changes)?;
        self.check_valid(&text)?;
        Ok(text)
    }

    /// As [`SealedFile::replace`].
    pub(crate) fn replace(&self, text: &str) -> Result<(), Failure> {
        self.file.replace(text)
    }

    /// As [`SealedFile::check_writable`].
    pub(crate) fn check_writable(&self) -> Result<(), Failure> {
        self.file.check_writable()
    }

    fn check_valid(&self, text: &str) -> Result<(), Failure> {
        let documents = read(&self.path().display().to_string(), text)?;
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
    #[error("{finding}")]
    WouldBeInvalid { finding: ManifestError },
}

impl FileError {
    fn without_sealed_secret(file: &SealedFile) -> Self {
        let mut objects = file.documents().iter().flat_map(Document::objects);
        let path = file.path().to_owned();
        if objects.any(|object| object.kind() == Kind::Secret) {
            Self::Plain { path }
        } else {
            Self::NoneFound { path }
        }
    }
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
            Self::WouldBeInvalid { .. } => {
                "so it would be after the change; nothing was written".to_owned()
            }
        };
        vec![advice]
    }
}
