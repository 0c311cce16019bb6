//! What is about to be committed: the files in Git's index that differ from HEAD, as they are there.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use zeroize::Zeroizing;

use super::MAX_LEN;
use super::examination::{Text, examine};
use super::report::{Looked, Report};
use crate::config::{Config, ConfigError, Configs, FILE_NAME};
use crate::diagnostic::{Advice, Failure};
use crate::input::InputError;
use crate::walk;

/// How Git marks a file, but no link and no submodule.
const FILE_MODE: &str = "100";

/// Examines the staged files, or those of them that `paths` name.
pub(super) fn examine_all(
    paths: &[PathBuf],
    namespace: Option<&str>,
) -> Result<Report, StagedError> {
    let root = way_to_root()?;
    let files = staged(paths)?;
    let mut report = Report::default();
    let mut blobs = Blobs::open()?;
    let names: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let read = |folder: &Path| config_in(folder, &root, &mut blobs).transpose();
    let (configs, failure) = Configs::of_index(&names, read);
    report.add_failure(failure);
    for file in files {
        let name = root.join(&file.path).display().to_string();
        let looked = match blobs.read(&file.blob)? {
            Blob::Content(bytes) => Looked::Examined(examine(&Text {
                name: &name,
                bytes: &bytes,
                is_manifest: walk::is_manifest(&file.path),
                namespace,
                config: configs
                    .of_file(&file.path)
                    .as_ref()
                    .map(|(config, place)| (&***config, place)),
            })),
            Blob::TooLarge => Looked::TooLarge(name),
            Blob::Missing => {
                return Err(StagedError::Git {
                    said: format!("{name} has no content in the index"),
                });
            }
        };
        report.take(Ok::<_, StagedError>(looked));
    }
    Ok(report)
}

/// The `.waxwing.yaml` in a folder, as it is in the index.
fn config_in(folder: &Path, root: &Path, blobs: &mut Blobs) -> Result<Option<Config>, Failure> {
    let path = folder.join(FILE_NAME);
    let name = root.join(&path).display().to_string();
    let Blob::Content(bytes) = blobs.read(&format!(":{}", path.display()))? else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| ConfigError::Unreadable(InputError::NotText { name: name.clone() }))?;
    Ok(Some(Config::parse(&name, folder, text)?))
}

/// The way from the current folder to the top of the work tree, which Git's paths start from.
fn way_to_root() -> Result<PathBuf, StagedError> {
    let way = git(&["rev-parse", "--show-cdup"], &[])?;
    Ok(PathBuf::from(OsStr::from_bytes(way.trim_ascii_end())))
}

fn staged(paths: &[PathBuf]) -> Result<Vec<StagedFile>, StagedError> {
    let args = [
        "diff",
        "--cached",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-relative",
        "--diff-filter=ACMT",
        "--",
    ];
    let list = git(&args, paths)?;
    read_list(&list).ok_or_else(|| StagedError::Git {
        said: "it lists the staged files in a form that is not known".to_owned(),
    })
}

/// A file in the index.
#[derive(Debug, PartialEq, Eq)]
struct StagedFile {
    /// From the top of the work tree.
    path: PathBuf,
    /// The name of its content.
    blob: String,
}

/// Reads `:MODE MODE OBJECT OBJECT STATUS`, a zero byte, the path and a zero byte for each file.
fn read_list(list: &[u8]) -> Option<Vec<StagedFile>> {
    let mut fields = list
        .split(|byte| *byte == 0)
        .filter(|field| !field.is_empty());
    let mut files = Vec::new();
    while let Some(what) = fields.next() {
        let what = std::str::from_utf8(what).ok()?.strip_prefix(':')?;
        let path = Path::new(OsStr::from_bytes(fields.next()?)).to_owned();
        let [_, mode, _, blob, _] = what.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        if mode.starts_with(FILE_MODE) {
            let blob = blob.to_owned();
            files.push(StagedFile { path, blob });
        }
    }
    Some(files)
}

/// What Git prints.
fn git(args: &[&str], paths: &[PathBuf]) -> Result<Vec<u8>, StagedError> {
    let output = Command::new("git")
        .args(args)
        .args(paths)
        .output()
        .map_err(StagedError::NoGit)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default();
        Err(StagedError::Git {
            said: said.trim_start_matches("fatal: ").to_owned(),
        })
    }
}

/// One `git cat-file` for all contents.
struct Blobs {
    process: Child,
    /// Closed when the process is to end.
    wanted: Option<ChildStdin>,
    contents: BufReader<ChildStdout>,
}

impl Blobs {
    fn open() -> Result<Self, StagedError> {
        let mut process = Command::new("git")
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(StagedError::NoGit)?;
        let (wanted, contents) = (process.stdin.take(), process.stdout.take());
        Ok(Self {
            process,
            wanted,
            contents: BufReader::new(contents.expect("standard output is piped")),
        })
    }

    /// The content that an object name stands for.
    fn read(&mut self, object: &str) -> Result<Blob, StagedError> {
        // A line is all that can be asked for.
        if object.contains('\n') {
            return Ok(Blob::Missing);
        }
        self.try_read(object).map_err(|cause| StagedError::Git {
            said: format!("it does not show what is staged: {cause}"),
        })
    }

    /// After the line `OBJECT TYPE LENGTH` comes the content, and the end of a line; `NAME missing`
    /// stands alone.
    fn try_read(&mut self, object: &str) -> io::Result<Blob> {
        if let Some(wanted) = &mut self.wanted {
            writeln!(wanted, "{object}")?;
        }
        let mut head = String::new();
        self.contents.read_line(&mut head)?;
        let (_, len) = head
            .trim_end()
            .rsplit_once(' ')
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if len == "missing" {
            return Ok(Blob::Missing);
        }
        let len: usize = len.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        let blob = if len > MAX_LEN {
            let len = u64::try_from(len).unwrap_or(u64::MAX);
            io::copy(&mut self.contents.by_ref().take(len), &mut io::sink())?;
            Blob::TooLarge
        } else {
            let mut content = Zeroizing::new(vec![0; len]);
            self.contents.read_exact(&mut content)?;
            Blob::Content(content)
        };
        self.contents.read_exact(&mut [0])?;
        Ok(blob)
    }
}

/// A content.
enum Blob {
    Content(Zeroizing<Vec<u8>>),
    /// Larger than the limit.
    TooLarge,
    Missing,
}

impl Drop for Blobs {
    fn drop(&mut self) {
        self.wanted = None;
        // It has nothing more to do, and what it ends with changes nothing.
        let _ = self.process.wait();
    }
}

/// Why the index cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum StagedError {
    #[error("git cannot be run: {0}")]
    NoGit(io::Error),
    #[error("git cannot tell what is staged: {said}")]
    Git { said: String },
}

impl Advice for StagedError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NoGit(_) => {
                vec!["install Git, or name the files: waxwing validate PATH".to_owned()]
            }
            Self::Git { .. } => {
                vec![
                    "run it in a Git repository, or name the files: waxwing validate PATH"
                        .to_owned(),
                ]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_but_no_links_and_no_submodules() {
        let list = b":000000 100644 0000 aaaa A\0a b.yaml\0:100644 100755 1111 bbbb M\0x/\xff\0\
                     :000000 120000 0000 cccc A\0link\0:000000 160000 0000 dddd A\0module\0";
        let file = |path: &[u8], blob: &str| StagedFile {
            path: OsStr::from_bytes(path).into(),
            blob: blob.to_owned(),
        };
        let expected = vec![file(b"a b.yaml", "aaaa"), file(b"x/\xff", "bbbb")];
        assert_eq!(read_list(list), Some(expected));
        assert_eq!(read_list(b""), Some(Vec::new()));
        for strange in [&b"a.yaml\0"[..], b":1 2 3\0a\0", b":000000 100644 0 a A\0"] {
            assert_eq!(read_list(strange), None);
        }
    }
}
