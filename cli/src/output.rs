//! Where output goes to: standard output, or a file that is either the old one or the new one, whole.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::diagnostic::Advice;

/// Who may read a file that did not exist before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever the umask lets.
    Public,
    /// Whoever the umask lets; and whoever may read it may run it.
    Executable,
    /// The owner alone.
    Private,
}

impl Audience {
    fn mode(self) -> u32 {
        match self {
            Self::Public => 0o666,
            Self::Executable => 0o777,
            Self::Private => 0o600,
        }
    }
}

/// A file or standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Stdout,
    File(PathBuf),
}

impl Destination {
    /// The file, or standard output where none or `-` is named.
    pub(crate) fn or_stdout(path: Option<PathBuf>) -> Self {
        match path {
            Some(path) if path.as_os_str() != "-" => Self::File(path),
            _ => Self::Stdout,
        }
    }

    /// Writes everything or, to a file, nothing. An existing file keeps its mode.
    pub(crate) fn write(&self, bytes: &[u8], audience: Audience) -> Result<(), OutputError> {
        match self {
            Self::Stdout => write_stdout(bytes),
            Self::File(path) => {
                replace(path, bytes, audience).map_err(|cause| OutputError::file(path, cause))
            }
        }
    }
}

/// Writes to standard output. A reader that has seen enough and left is no error.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<(), OutputError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    forgive_closed_pipe(written)
}

/// Writes text with colours to standard output, where it wants them.
pub(crate) fn print(styled: &str) -> Result<(), OutputError> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout
        .write_all(styled.as_bytes())
        .and_then(|()| stdout.flush());
    forgive_closed_pipe(written)
}

fn forgive_closed_pipe(written: io::Result<()>) -> Result<(), OutputError> {
    match written {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(OutputError::Stdout { cause })
        }
        _ => Ok(()),
    }
}

/// Writes a file that must not exist yet.
pub(crate) fn create_new(path: &Path, bytes: &[u8], audience: Audience) -> Result<(), OutputError> {
    let created = write_beside(path, bytes, Permissions::from_mode(audience.mode()))
        .and_then(|file| file.persist_noclobber(path).map_err(|error| error.error))
        .and_then(|_| sync_folder(path));
    created.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => OutputError::Exists {
            path: path.to_owned(),
        },
        _ => OutputError::file(path, cause),
    })
}

fn replace(path: &Path, bytes: &[u8], audience: Audience) -> io::Result<()> {
    let (target, permissions) = match fs::metadata(path) {
        // A device or a pipe, such as /dev/null: there is nothing to replace.
        Ok(metadata) if !metadata.is_file() => {
            return File::options().write(true).open(path)?.write_all(bytes);
        }
        // The file behind a symbolic link is replaced, not the link.
        Ok(metadata) => (fs::canonicalize(path)?, Some(metadata.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
        Err(error) => return Err(error),
    };
    let file = write_beside(&target, bytes, Permissions::from_mode(audience.mode()))?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.persist(&target).map_err(|error| error.error)?;
    sync_folder(&target)
}

/// A complete temporary file in the folder of `path`, so that renaming it cannot cross file systems.
fn write_beside(
    path: &Path,
    bytes: &[u8],
    permissions: Permissions,
) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".waxwing-")
        .permissions(permissions)
        .tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes the rename itself survive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Why output could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutputError {
    #[error("{}: cannot be written: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("{}: exists already, and is never overwritten", path.display())]
    Exists { path: PathBuf },
    #[error("standard output: cannot be written: {cause}")]
    Stdout { cause: io::Error },
}

impl OutputError {
    fn file(path: &Path, cause: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            cause,
        }
    }
}

impl Advice for OutputError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Exists { .. } => {
                vec!["name another file, or move that one away first".to_owned()]
            }
            Self::File { .. } | Self::Stdout { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn an_existing_file_keeps_its_mode_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.yaml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        Destination::File(path.clone())
            .write(b"new", Audience::Private)
            .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_private_file_is_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.yaml");
        Destination::File(path.clone())
            .write(b"new", Audience::Private)
            .unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn the_file_behind_a_symbolic_link_is_replaced_and_the_link_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        Destination::File(link.clone())
            .write(b"new", Audience::Public)
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_file_that_exists_is_never_created_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "old").unwrap();
        let error = create_new(&path, b"new", Audience::Private).unwrap_err();
        assert!(matches!(error, OutputError::Exists { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
