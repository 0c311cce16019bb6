//! A file for its owner only, that is set aside when it is full.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const OWNER_ONLY: u32 = 0o600;

/// `PATH`, and beside it `PATH.1`, `PATH.2`, …: the older, the higher the number.
#[derive(Debug)]
pub(super) struct RotatedFile {
    path: PathBuf,
    max_size: u64,
    keep: u32,
    file: File,
    len: u64,
}

impl RotatedFile {
    /// Goes on at the end of a file that is there. One that is no regular file, such as a pipe, is never
    /// set aside.
    pub(super) fn open(path: &Path, max_size: u64, keep: u32) -> io::Result<Self> {
        let mut file = open(path)?;
        let metadata = file.metadata()?;
        let mut len = metadata.len();
        if metadata.is_file() {
            file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
            len += end_last_line(&mut file)?;
        }
        Ok(Self {
            path: path.to_owned(),
            max_size: if metadata.is_file() {
                max_size
            } else {
                u64::MAX
            },
            keep,
            file,
            len,
        })
    }

    /// Appends a whole line or, on an error, nothing.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let added = line.len() as u64;
        if self.len > 0 && self.len.saturating_add(added) > self.max_size {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(line) {
            // Fails only for what is no regular file.
            let _ = self.file.set_len(self.len);
            return Err(error);
        }
        self.len += added;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            tolerate_missing(fs::rename(self.numbered(number), self.numbered(number + 1)))?;
        }
        tolerate_missing(if self.keep > 0 {
            fs::rename(&self.path, self.numbered(1))
        } else {
            fs::remove_file(&self.path)
        })?;
        self.file = open(&self.path)?;
        self.len = self.file.metadata()?.len();
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(OWNER_ONLY)
        .open(path)
}

/// A power cut can leave a part of a line: what follows begins on a line of its own. Returns how many bytes
/// that took.
fn end_last_line(file: &mut File) -> io::Result<u64> {
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] {
        return Ok(0);
    }
    file.write_all(b"\n")?;
    Ok(1)
}

fn tolerate_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("audit.jsonl")
        }

        /// The texts of the present file and of those set aside, newest first.
        fn texts(&self) -> Vec<String> {
            let names = [
                "audit.jsonl",
                "audit.jsonl.1",
                "audit.jsonl.2",
                "audit.jsonl.3",
            ];
            let read = |name: &str| fs::read_to_string(self.0.path().join(name)).ok();
            names.iter().map_while(|name| read(name)).collect()
        }
    }

    #[test]
    fn a_full_file_is_set_aside_and_the_oldest_goes() {
        for (keep, expected) in [
            (2, &["7\n8\n", "5\n6\n", "3\n4\n"][..]),
            (1, &["7\n8\n", "5\n6\n"]),
            (0, &["7\n8\n"]),
        ] {
            let folder = Folder::new();
            let mut file = RotatedFile::open(&folder.path(), 4, keep).unwrap();
            for number in 1..=8 {
                file.write(format!("{number}\n").as_bytes()).unwrap();
            }
            assert_eq!(folder.texts(), expected, "keep {keep}");
        }
    }

    #[test]
    fn a_line_larger_than_a_file_has_one_to_itself() {
        let folder = Folder::new();
        let mut file = RotatedFile::open(&folder.path(), 4, 3).unwrap();
        for line in ["a\n", "too long\n", "b\n"] {
            file.write(line.as_bytes()).unwrap();
        }
        assert_eq!(folder.texts(), ["b\n", "too long\n", "a\n"]);
    }

    #[test]
    fn only_the_owner_may_read_it_and_a_wider_mode_is_narrowed() {
        let folder = Folder::new();
        fs::write(folder.path(), "before\n").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o644)).unwrap();
        let mut file = RotatedFile::open(&folder.path(), 8, 1).unwrap();
        for _ in 0..2 {
            let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, OWNER_ONLY);
            file.write(b"after\n").unwrap();
        }
        assert_eq!(folder.texts(), ["after\n", "after\n"]);
    }

    #[test]
    fn it_goes_on_where_it_stopped_on_a_line_of_its_own() {
        let folder = Folder::new();
        for (before, expected) in [
            ("", "new\n"),
            ("old\n", "old\nnew\n"),
            ("torn", "torn\nnew\n"),
        ] {
            fs::write(folder.path(), before).unwrap();
            let mut file = RotatedFile::open(&folder.path(), 1 << 20, 1).unwrap();
            file.write(b"new\n").unwrap();
            assert_eq!(folder.texts(), [expected]);
        }
    }
}
