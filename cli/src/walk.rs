//! Which files of a repository are manifests.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::diagnostic::{Advice, Failure};

/// The endings of the names of manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Where Git keeps what is its own.
const GIT_FOLDER: &str = ".git";

/// The manifests among `paths` and in the folders among them, in the order of their names. What Git
/// ignores and what is hidden is left out, unless it was named itself.
pub(crate) fn manifests(paths: &[PathBuf]) -> (Vec<PathBuf>, Failure) {
    walk(paths, |_| {}, is_wanted_manifest)
}

/// All files among `paths` and in the folders among them that may be in Git, in the order of their
/// names: hidden ones too, and nothing that Git ignores.
pub(crate) fn files(paths: &[PathBuf]) -> (Vec<PathBuf>, Failure) {
    let set_up = |walk: &mut WalkBuilder| {
        walk.hidden(false)
            .ignore(false)
            .filter_entry(|entry| entry.file_name() != GIT_FOLDER);
    };
    walk(paths, set_up, |_, entry| Ok(is_file(entry)))
}

/// Whether a file is called like a manifest.
pub(crate) fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

fn walk(
    paths: &[PathBuf],
    set_up: impl Fn(&mut WalkBuilder),
    is_wanted: impl Fn(&Path, &DirEntry) -> Result<bool, WalkError>,
) -> (Vec<PathBuf>, Failure) {
    let mut files = Vec::new();
    let mut failure = Failure::default();
    for root in paths {
        let mut walk = WalkBuilder::new(root);
        walk.require_git(false).sort_by_file_name(Ord::cmp);
        set_up(&mut walk);
        for entry in walk.build() {
            match entry {
                Ok(entry) => match is_wanted(root, &entry) {
                    Ok(true) => files.push(without_dot(entry.into_path())),
                    Ok(false) => {}
                    Err(error) => failure.add(error),
                },
                Err(cause) => failure.add(WalkError::Unreadable(cause)),
            }
        }
    }
    (files, failure)
}

/// A link within the tree leads to a file that is met anyway.
fn is_wanted_manifest(root: &Path, entry: &DirEntry) -> Result<bool, WalkError> {
    let path = entry.path();
    if entry.depth() == 0 || !is_manifest(path) {
        return Ok(is_file(entry) && entry.depth() == 0);
    }
    if entry.path_is_symlink() && leads_out(root, path) {
        return Err(WalkError::LinkOut(path.to_owned()));
    }
    Ok(is_file(entry))
}

/// Whether it is a file, or was named and is no folder. What is behind a link stands in Git as a file of
/// its own, or not at all.
fn is_file(entry: &DirEntry) -> bool {
    match entry.depth() {
        0 => !entry.path().is_dir(),
        _ => entry.file_type().is_some_and(|kind| kind.is_file()),
    }
}

/// `apps/db.yaml` for `./apps/db.yaml`.
fn without_dot(path: PathBuf) -> PathBuf {
    match path.strip_prefix(".") {
        Ok(plain) => plain.to_owned(),
        Err(_) => path,
    }
}

fn leads_out(root: &Path, link: &Path) -> bool {
    match (fs::canonicalize(root), fs::canonicalize(link)) {
        (Ok(root), Ok(target)) => !target.starts_with(root),
        _ => true,
    }
}

/// A path that was not looked at.
#[derive(Debug, thiserror::Error)]
enum WalkError {
    #[error("{}", words(.0))]
    Unreadable(ignore::Error),
    #[error("{}: is a link out of the folder, and was left alone", .0.display())]
    LinkOut(PathBuf),
}

impl Advice for WalkError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Unreadable(_) => Vec::new(),
            Self::LinkOut(_) => vec!["name the file behind it, if it is meant".to_owned()],
        }
    }
}

/// What kept the walk from a path, in the words of other errors about files.
fn words(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithDepth { err, .. } => words(err),
        ignore::Error::WithPath { path, err } => {
            format!("{}: cannot be read: {}", path.display(), innermost(err))
        }
        other => other.to_string(),
    }
}

fn innermost(error: &ignore::Error) -> String {
    let cause = error.io_error().map(|error| error as &dyn Error);
    let innermost = std::iter::successors(cause, |&error| error.source()).last();
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn manifests_are_found_in_order_and_nothing_that_git_ignores() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repository");
        fs::create_dir_all(root.join("apps/.hidden")).unwrap();
        for name in [
            "b.yaml",
            "a.yml",
            "apps/c.json",
            "apps/readme.md",
            "apps/.hidden/d.yaml",
            "apps/ignored.yaml",
        ] {
            fs::write(root.join(name), "").unwrap();
        }
        fs::write(root.join(".gitignore"), "ignored.yaml\n").unwrap();
        fs::write(folder.path().join("outside.yaml"), "").unwrap();
        symlink("../outside.yaml", root.join("out.yaml")).unwrap();
        symlink("b.yaml", root.join("within.yaml")).unwrap();

        let (files, failure) = manifests(std::slice::from_ref(&root));
        let names: Vec<_> = files
            .iter()
            .map(|file| file.strip_prefix(&root).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.yml", "apps/c.json", "b.yaml"]);
        let failure = format!("{failure:?}");
        assert!(
            failure.contains("out.yaml") && !failure.contains("within.yaml"),
            "{failure}"
        );
    }

    #[test]
    fn all_files_that_may_be_in_git_are_found_hidden_ones_too() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for inner in [".git", ".github", "keys"] {
            fs::create_dir(root.join(inner)).unwrap();
        }
        for (name, text) in [
            (".git/config", ""),
            (".github/ci.yml", ""),
            (".gitignore", "*.key\n"),
            (".ignore", "*.txt\n"),
            ("keys/a.key", ""),
            ("keys/b.txt", ""),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        symlink("b.txt", root.join("keys/link")).unwrap();
        let (files, failure) = files(&[root.to_owned(), root.join("gone")]);
        let names: Vec<_> = files
            .iter()
            .map(|file| file.strip_prefix(root).unwrap().to_str().unwrap())
            .collect();
        let expected = [".github/ci.yml", ".gitignore", ".ignore", "keys/b.txt"];
        assert_eq!(names, expected);
        let failure = format!("{failure:?}");
        assert!(
            failure.contains("gone: cannot be read: No such file"),
            "{failure}"
        );
    }

    #[test]
    fn a_file_that_was_named_is_taken_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.txt");
        fs::write(&file, "").unwrap();
        let (files, _) = manifests(std::slice::from_ref(&file));
        assert_eq!(files, [file]);
    }
}
