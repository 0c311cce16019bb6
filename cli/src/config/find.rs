//! Where `.waxwing.yaml` is: upwards from the file that it is asked for, as git and sops look.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, FILE_NAME};
use crate::diagnostic::Advice;
use crate::input::Source;

/// The name that a manifest from standard input goes by where rules are matched. It stands in the
/// current folder.
const STDIN_FILE: &str = "stdin.yaml";

/// The permission of everyone to put files into a folder.
const WRITABLE_BY_ANYONE: u32 = 0o002;

/// The administrator of the machine.
const ROOT: u32 = 0;

/// A manifest that the rules of a `.waxwing.yaml` are asked about. It need not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The folder, without symbolic links.
    folder: PathBuf,
    file: PathBuf,
    /// How messages call it.
    name: String,
}

impl Place {
    /// That of a file, or of standard input.
    pub(crate) fn of(file: Option<&Path>) -> Result<Self, PlaceError> {
        let path = file.unwrap_or(Path::new(STDIN_FILE));
        let parent = parent(path);
        let folder = fs::canonicalize(parent).map_err(|cause| PlaceError::new(parent, cause))?;
        let place = Self::in_folder(folder, path);
        Ok(match file {
            Some(_) => place,
            None => Self {
                name: "standard input".to_owned(),
                ..place
            },
        })
    }

    /// That of a file whose folder is known, without symbolic links.
    pub(super) fn in_folder(folder: PathBuf, file: &Path) -> Self {
        Self {
            folder,
            file: file.file_name().unwrap_or(file.as_os_str()).into(),
            name: file.display().to_string(),
        }
    }

    /// How messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The folder that it stands in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its path from `folder`, which is above it.
    pub(super) fn path_from(&self, folder: &Path) -> PathBuf {
        let within = self.folder.strip_prefix(folder).unwrap_or(&self.folder);
        within.join(&self.file)
    }
}

/// Reads the nearest `.waxwing.yaml` in the folder of `place` or above it, if there is any.
pub(crate) fn find(place: &Place) -> Result<Option<Config>, ConfigError> {
    place.folder.ancestors().find_map(read_in).transpose()
}

/// Reads the `.waxwing.yaml` in a folder, if there is one.
pub(super) fn read_in(folder: &Path) -> Option<Result<Config, ConfigError>> {
    let path = folder.join(FILE_NAME);
    fs::symlink_metadata(&path)
        .is_ok()
        .then(|| read(&path, folder))
}

/// The folder that a file is in, as its path names it.
pub(super) fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn read(path: &Path, folder: &Path) -> Result<Config, ConfigError> {
    let source = Source::File(shown(path));
    if is_planted(path, folder) {
        return Err(ConfigError::Planted {
            name: source.name(),
        });
    }
    let text = source.read_text().map_err(ConfigError::Unreadable)?;
    Config::parse(&source.name(), folder, &text)
}

/// Whether anyone at all may have put the file there. Else whoever shares a machine could choose whom
/// all those seal to who work below a folder such as /tmp.
fn is_planted(path: &Path, folder: &Path) -> bool {
    // What cannot be looked at cannot be read either, and says so then.
    let (Ok(file), Ok(folder)) = (fs::symlink_metadata(path), fs::metadata(folder)) else {
        return false;
    };
    let me = rustix::process::geteuid().as_raw();
    is_foreign(file.uid(), me) && folder.mode() & WRITABLE_BY_ANYONE != 0
}

fn is_foreign(owner: u32, me: u32) -> bool {
    owner != me && owner != ROOT
}

/// Relative to the current folder if that is shorter for people: within it, or right above it.
fn shown(path: &Path) -> PathBuf {
    let Ok(current) = std::env::current_dir() else {
        return path.to_owned();
    };
    let mut up = PathBuf::new();
    for folder in current.ancestors() {
        if let Ok(within) = path.strip_prefix(folder) {
            return up.join(within);
        }
        up.push("..");
    }
    path.to_owned()
}

/// A folder that cannot be looked into.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be read: {cause}", folder.display())]
pub(crate) struct PlaceError {
    folder: PathBuf,
    cause: io::Error,
}

impl PlaceError {
    pub(super) fn new(folder: &Path, cause: io::Error) -> Self {
        Self {
            folder: folder.to_owned(),
            cause,
        }
    }
}

impl Advice for PlaceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_foreign_unless_it_is_ones_own_or_the_administrators() {
        let cases = [
            (1000, 1000, false),
            (ROOT, 1000, false),
            (1001, 1000, true),
            (1001, ROOT, true),
        ];
        for (owner, me, expected) in cases {
            assert_eq!(is_foreign(owner, me), expected, "{owner} {me}");
        }
    }
}
