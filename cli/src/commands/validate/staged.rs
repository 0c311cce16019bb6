//! What is about to be committed: the files in Git's index that differ from HEAD, as they are there.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::blobs::{Blob, Blobs};
use super::examination::{Text, examine};
use super::report::{Looked, Report};
use crate::config::{Config, ConfigError, Configs, FILE_NAME};
use crate::diagnostic::{Advice, Failure};
use crate::git::{Git, GitError};
use crate::input::InputError;
use crate::{parallel, walk};

/// Lists what differs from HEAD, with the names of the contents; no deleted files, as nothing of them
/// is committed.
const LIST: [&str; 9] = [
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

/// How Git marks a file, but no link and no submodule.
const FILE_MODE: &str = "100";

/// Examines the staged files, or those of them that `paths` name.
pub(super) fn examine_all(
    paths: &[PathBuf],
    namespace: Option<&str>,
) -> Result<Report, StagedError> {
    let git = Git::in_folder(Path::new(""));
    // The way from the current folder to the top of the work tree, which Git's paths start from.
    let root = PathBuf::from(git.ask(&["rev-parse", "--show-cdup"])?);
    let files = staged(&git, paths)?;
    let mut report = Report::default();
    let mut blobs = Blobs::open(&git)?;
    let names: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let read = |folder: &Path| config_in(folder, &root, &mut blobs).transpose();
    let (configs, failure) = Configs::of_index(&names, read);
    report.add_failure(failure);
    let stage = Stage {
        root,
        blobs: Mutex::new(blobs),
        configs,
        namespace,
    };
    let work = |file: &StagedFile| stage.look(file);
    parallel::in_order(&files, work, |looked| report.take(looked));
    Ok(report)
}

/// What staged files are looked at with.
struct Stage<'a> {
    root: PathBuf,
    /// Contents come one after the other; they are examined on all cores.
    blobs: Mutex<Blobs>,
    configs: Configs,
    namespace: Option<&'a str>,
}

impl Stage<'_> {
    fn look(&self, file: &StagedFile) -> Result<Looked, StagedError> {
        let name = self.root.join(&file.path).display().to_string();
        let bytes = match self.read(&file.blob)? {
            Blob::Content(bytes) => bytes,
            Blob::TooLarge => return Ok(Looked::TooLarge(name)),
            Blob::Missing => {
                let problem = format!("{name} has no content in the index");
                return Err(StagedError::Unreadable(problem));
            }
        };
        let config = self.configs.of_file(&file.path);
        Ok(Looked::Examined(examine(&Text {
            name: &name,
            bytes: &bytes,
            is_manifest: walk::is_manifest(&file.path),
            namespace: self.namespace,
            config: config.as_ref().map(|(config, place)| (&***config, place)),
        })))
    }

    fn read(&self, blob: &str) -> Result<Blob, StagedError> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.read(blob)
    }
}

/// The `.waxwing.yaml` in a folder, as it is in the index.
fn config_in(folder: &Path, root: &Path, blobs: &mut Blobs) -> Result<Option<Config>, Failure> {
    let path = folder.join(FILE_NAME);
    let name = root.join(&path).display().to_string();
    let Blob::Content(bytes) = blobs.read(&format!(":0:{}", path.display()))? else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| ConfigError::Unreadable(InputError::NotText { name: name.clone() }))?;
    Ok(Some(Config::parse(&name, folder, text)?))
}

fn staged(git: &Git, paths: &[PathBuf]) -> Result<Vec<StagedFile>, StagedError> {
    let args = LIST.iter().map(OsString::from);
    let args: Vec<OsString> = args.chain(paths.iter().map(OsString::from)).collect();
    let list = git.ask(&args)?;
    read_list(list.as_bytes()).ok_or_else(|| {
        StagedError::Unreadable("the list of them has a form that is not known".to_owned())
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

/// Why the index cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum StagedError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("git does not show what is staged: {0}")]
    Unreadable(String),
}

impl Advice for StagedError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Git(GitError::Failed { .. }) => vec![
                "run it in a Git repository, or name the files: waxwing validate PATH".to_owned(),
            ],
            Self::Git(cause) => cause.advice(),
            Self::Unreadable(_) => Vec::new(),
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
