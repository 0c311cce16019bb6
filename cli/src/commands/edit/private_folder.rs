//! A folder for a file that nobody else may read: in memory where the system has such a place, and
//! overwritten before it is removed.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::diagnostic::warn;

/// How much is overwritten at once, in bytes.
const BLOCK: usize = 64 * 1024;

/// A folder that is wiped when it is dropped.
#[derive(Debug)]
pub(super) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    pub(super) fn new() -> io::Result<Self> {
        let in_memory = places_in_memory().find_map(|place| create_in(&place).ok());
        if let Some(folder) = in_memory {
            return Ok(Self(folder));
        }
        let place = std::env::temp_dir();
        warn(
            &format!(
                "{}: is no place in memory; what you edit lies there on the disk until the end",
                place.display()
            ),
            "set XDG_RUNTIME_DIR to a folder in memory, or change single values: waxwing set",
        );
        create_in(&place).map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it, which only its owner may read.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(bytes)?;
        Ok(path)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(cause) = wipe(&self.0) {
            warn(
                &format!("{}: cannot be removed: {cause}", self.0.display()),
                "it may hold what you typed; remove it",
            );
        }
    }
}

/// Overwrites every file of a folder, whoever made it, and removes the folder.
pub(super) fn wipe(folder: &Path) -> io::Result<()> {
    let wiped = overwrite_all(folder).and_then(|()| fs::remove_dir_all(folder));
    match wiped {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        wiped => wiped,
    }
}

fn overwrite_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            overwrite_all(&entry.path())?;
        } else if kind.is_file() {
            overwrite(&entry.path())?;
        }
    }
    Ok(())
}

fn overwrite(path: &Path) -> io::Result<()> {
    // An editor may have left it read-only.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let mut file = File::options().write(true).open(path)?;
    let mut left = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let zeros = [0; BLOCK];
    while left > 0 {
        let len = left.min(BLOCK);
        file.write_all(&zeros[..len])?;
        left -= len;
    }
    file.sync_data()
}

fn create_in(place: &Path) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix("waxwing-edit-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(place)?;
    Ok(folder.keep())
}

fn places_in_memory() -> impl Iterator<Item = PathBuf> {
    let of_session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    of_session
        .into_iter()
        .filter(|place| place.is_absolute())
        .chain([PathBuf::from("/dev/shm")])
        .filter(|place| is_in_memory(place))
}

#[cfg(target_os = "linux")]
fn is_in_memory(place: &Path) -> bool {
    /// From linux/magic.h.
    const TMPFS_MAGIC: rustix::fs::FsWord = 0x0102_1994;
    rustix::fs::statfs(place).is_ok_and(|system| system.f_type == TMPFS_MAGIC)
}

/// No other system says it in a way that can be relied on.
#[cfg(not(target_os = "linux"))]
fn is_in_memory(_place: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_may_look_into_it_nor_into_its_files() {
        let folder = PrivateFolder::new().unwrap();
        let file = folder.write("db.yaml", b"one").unwrap();
        assert_eq!((mode(folder.path()), mode(&file)), (0o700, 0o600));
        folder.write("db.yaml", b"2").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"2");
    }

    #[test]
    fn everything_in_it_is_overwritten_before_it_is_removed_and_nothing_outside() {
        let outside = tempfile::tempdir().unwrap();
        let [kept, file, swap, folder] =
            ["kept", "file", "swap", "folder"].map(|name| outside.path().join(name));
        let long = 2 * BLOCK + 7;
        fs::write(&kept, "kept").unwrap();
        fs::write(&file, vec![b'x'; long]).unwrap();
        fs::write(&swap, "secret").unwrap();
        fs::set_permissions(&swap, Permissions::from_mode(0o400)).unwrap();
        fs::create_dir_all(folder.join("undo")).unwrap();
        symlink(&kept, folder.join("link")).unwrap();
        // A second link shows what became of the bytes.
        fs::hard_link(&file, folder.join("file")).unwrap();
        fs::hard_link(&swap, folder.join("undo/swap")).unwrap();

        wipe(&folder).unwrap();
        assert!(!folder.exists());
        assert_eq!(fs::read(&file).unwrap(), vec![0; long]);
        assert_eq!(fs::read(&swap).unwrap(), [0; 6]);
        assert_eq!(fs::read(&kept).unwrap(), b"kept");
        wipe(&folder).unwrap();
    }
}
