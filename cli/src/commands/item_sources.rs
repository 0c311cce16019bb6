//! Where items come from, in kubectl's words: `--from-literal`, `--from-file`, `--from-env-file`; and
//! `--from-env`, which kubectl lacks.

mod env_file;
mod environment;

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use waxwing_manifest::MAX_SECRET_LEN;
use zeroize::Zeroizing;

use super::items::Items;
use crate::diagnostic::{Advice, Failure, warn};
use crate::input::{InputError, Source};
use crate::plaintext_argument::{Plaintext, warn_of_history};

/// Items, in kubectl's words.
#[derive(Debug, clap::Args)]
pub(super) struct SourceArgs {
    /// A file whose content is one value, - for standard input; without ITEM= the file's name is the
    /// item's. Of a folder, every file in it. May be repeated
    #[arg(
        long,
        value_name = "[ITEM=]PATH",
        value_delimiter = ',',
        help_heading = "Items"
    )]
    from_file: Vec<String>,

    /// A file of lines NAME=VALUE, each an item; - for standard input. May be repeated
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        conflicts_with_all = ["from_file", "from_env", "from_literal"], help_heading = "Items")]
    from_env_file: Vec<PathBuf>,

    /// An environment variable that holds a value. May be repeated
    #[arg(
        long,
        value_name = "ITEM=VARIABLE",
        value_delimiter = ',',
        help_heading = "Items"
    )]
    from_env: Vec<String>,

    /// A value as it stands here, where the shell's history keeps it. May be repeated
    #[arg(long, value_name = "ITEM=VALUE", help_heading = "Items")]
    from_literal: Vec<Plaintext>,
}

impl SourceArgs {
    /// The files among the arguments, for [`crate::input::refuse_second_stdin`].
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        let files = self.from_file.iter().filter_map(|argument| {
            let file = ItemFile::parse(argument).ok()?;
            Some(file.path.to_owned())
        });
        files
            .chain(self.from_env_file.iter().cloned())
            .map(Source::from)
    }

    /// Adds everything to `items`. What comes without `ITEM=` is for the item `named`, if there is one.
    pub(super) fn read(&self, items: &mut Items, named: Option<&str>) -> Result<(), Failure> {
        let mut failure = Failure::default();
        self.read_literals(items, &mut failure);
        for argument in &self.from_file {
            if let Err(error) = read_file_argument(argument, named, items) {
                failure.add(error);
            }
        }
        for (index, argument) in self.from_env.iter().enumerate() {
            let origin = format!("--from-env number {}", index + 1);
            if let Err(error) = environment::read(&origin, argument, named, items) {
                failure.add(error);
            }
        }
        for path in &self.from_env_file {
            if let Err(error) = env_file::read(&Source::from(path.clone()), items) {
                failure.add(error);
            }
        }
        failure.or(())
    }

    fn read_literals(&self, items: &mut Items, failure: &mut Failure) {
        if self.from_literal.is_empty() {
            return;
        }
        warn_of_history(
            "--from-literal",
            "read it from a file, or with --from-file=ITEM=- from standard input",
        );
        for (index, literal) in self.from_literal.iter().enumerate() {
            let origin = format!("--from-literal number {}", index + 1);
            if let Err(error) = read_literal(&origin, literal.as_str(), items) {
                failure.add(error);
            }
        }
    }
}

/// No error repeats the argument: without its `=` it may be nothing but the value.
fn read_literal(origin: &str, literal: &str, items: &mut Items) -> Result<(), Failure> {
    let (item, value) = literal
        .split_once('=')
        .filter(|(item, _)| !item.is_empty())
        .ok_or_else(|| SourceError::NotAnAssignment {
            origin: origin.to_owned(),
        })?;
    let value = Zeroizing::new(value.as_bytes().to_vec());
    Ok(items.add(origin, item, value)?)
}

fn read_file_argument(
    argument: &str,
    named: Option<&str>,
    items: &mut Items,
) -> Result<(), Failure> {
    let origin = format!("--from-file={argument}");
    let file = ItemFile::parse(argument)?;
    match file.or_named(named) {
        ItemFile {
            item: Some(item),
            path,
        } => read_file(&origin, item, path, items),
        ItemFile { item: None, path } if path.is_dir() => read_folder(path, items),
        ItemFile { item: None, path } => {
            let name = path.file_name().and_then(|name| name.to_str());
            let item = name
                .filter(|_| path.as_os_str() != "-")
                .ok_or(SourceError::NoItem {
                    origin: origin.clone(),
                })?;
            read_file(&origin, item, path, items)
        }
    }
}

/// What `--from-file` names.
pub(super) struct ItemFile<'a> {
    pub(super) item: Option<&'a str>,
    pub(super) path: &'a Path,
}

impl<'a> ItemFile<'a> {
    fn or_named(self, named: Option<&'a str>) -> Self {
        let item = self.item.or(named);
        Self { item, ..self }
    }

    /// As `ParseFileSource` of k8s.io/kubectl.
    pub(super) fn parse(argument: &'a str) -> Result<Self, SourceError> {
        let parts: Vec<&str> = argument.split('=').collect();
        let path = Path::new(*parts.last().unwrap_or(&""));
        match parts.as_slice() {
            [""] | ["", _] | [_, ""] => Err(SourceError::HalfMissing {
                argument: argument.to_owned(),
            }),
            [_] => Ok(Self { item: None, path }),
            [item, _] if path.is_dir() => Err(SourceError::ItemOfFolder {
                item: (*item).to_owned(),
                path: path.to_owned(),
            }),
            [item, _] => Ok(Self {
                item: Some(item),
                path,
            }),
            _ => Err(SourceError::TooManySigns {
                argument: argument.to_owned(),
            }),
        }
    }
}

/// Adds all of a file as one item.
pub(super) fn read_file(
    origin: &str,
    item: &str,
    path: &Path,
    items: &mut Items,
) -> Result<(), Failure> {
    let source = Source::from(path.to_owned());
    let value = read_value(&source)?;
    if value.is_empty() {
        warn(
            &format!("{}: the value of item \"{item}\" is empty", source.name()),
            "check the file, or the command that was to write to the pipe",
        );
    }
    Ok(items.add(origin, item, value)?)
}

/// All of a file or of standard input. What is longer than any Secret may be is cut off after that
/// length, and refused with the Secret.
pub(super) fn read_value(source: &Source) -> Result<Zeroizing<Vec<u8>>, InputError> {
    source.read_bytes(MAX_SECRET_LEN)
}

/// As kubectl does: every regular file right in the folder, and nothing else of it.
fn read_folder(folder: &Path, items: &mut Items) -> Result<(), Failure> {
    let mut failure = Failure::default();
    for path in files_in(folder).map_err(|cause| SourceError::Folder {
        path: folder.to_owned(),
        cause,
    })? {
        let origin = path.display().to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Err(error) = read_file(&origin, &name, &path, items) {
            failure.add(error);
        }
    }
    failure.or(())
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry: DirEntry = entry?;
        if entry.file_type()?.is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// An option that names no item.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("{origin}: is not ITEM=VALUE")]
    NotAnAssignment { origin: String },
    #[error("--from-file={argument}: the name of the item or the path is missing")]
    HalfMissing { argument: String },
    #[error("--from-file={argument}: neither the name of an item nor a path may have a = in it")]
    TooManySigns { argument: String },
    #[error("--from-file={item}={}: is a folder, whose files name the items themselves", path.display())]
    ItemOfFolder { item: String, path: PathBuf },
    #[error("{origin}: there is no file name to name the item after")]
    NoItem { origin: String },
    #[error("{}: cannot be read: {cause}", path.display())]
    Folder { path: PathBuf, cause: io::Error },
}

impl Advice for SourceError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::NotAnAssignment { .. } => "write --from-literal=ITEM=VALUE",
            Self::HalfMissing { .. } | Self::NoItem { .. } => "write --from-file=ITEM=PATH",
            Self::TooManySigns { .. } => "rename the file, or pipe it in: --from-file=ITEM=-",
            Self::ItemOfFolder { .. } => "leave out ITEM=, or name a file in it",
            Self::Folder { .. } => return Vec::new(),
        };
        vec![advice.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_argument_is_read_as_kubectl_reads_it() {
        let cases = [
            ("tls.crt", Some((None, "tls.crt"))),
            ("a/b.txt", Some((None, "a/b.txt"))),
            ("key=a/b.txt", Some((Some("key"), "a/b.txt"))),
            ("key=-", Some((Some("key"), "-"))),
            ("", None),
            ("=a", None),
            ("key=", None),
            ("a=b=c", None),
            ("key=.", None),
        ];
        for (argument, expected) in cases {
            let parsed = ItemFile::parse(argument).ok();
            let parsed = parsed.map(|file| (file.item, file.path.to_str().unwrap()));
            assert_eq!(parsed, expected, "{argument:?}");
        }
    }

    #[test]
    fn a_literal_is_split_at_its_first_sign() {
        let mut items = Items::default();
        read_literal("it", "url=postgres://db?a=b", &mut items).unwrap();
        read_literal("it", "empty=", &mut items).unwrap();
        assert_eq!(items.get("url").unwrap(), b"postgres://db?a=b");
        assert_eq!(items.get("empty").unwrap(), b"");
        for bad in ["", "hunter2", "=hunter2", "url=again"] {
            assert!(read_literal("it", bad, &mut items).is_err(), "{bad:?}");
        }
    }
}
