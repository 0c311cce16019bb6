//! Which files of a repository are manifests.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::diagnostic::{Advice, Failure};

/// The endings of the names of manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The manifests among `paths` and in the folders among them, in the order of their names. What Git
/// ignores and what is hidden is left out, unless it was named itself.
pub(crate) fn manifests(paths: &[PathBuf]) -> (Vec<PathBuf>, Failure) {
    let mut files = Vec::new();
    let mut failure = Failure::default();
    for root in paths {
        let walk = WalkBuilder::new(root)
            .require_git(false)
            .sort_by_file_name(Ord::cmp)
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => match judge(root, &entry) {
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

/// Whether it is a manifest to look at. A link within the tree leads to a file that is met anyway.
fn judge(root: &Path, entry: &DirEntry) -> Result<bool, WalkError> {
    let path = entry.path();
    if entry.depth() == 0 {
        return Ok(!path.is_dir());
    }
    let has_ending = path.extension().is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    });
    if entry.path_is_symlink() {
        return if has_ending && leads_out(root, path) {
            Err(WalkError::LinkOut(path.to_owned()))
        } else {
            Ok(false)
        };
    }
    Ok(has_ending && entry.file_type().is_some_and(|kind| kind.is_file()))
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
    #[error("{0}")]
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
    fn a_file_that_was_named_is_taken_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.txt");
        fs::write(&file, "").unwrap();
        let (files, _) = manifests(std::slice::from_ref(&file));
        assert_eq!(files, [file]);
    }
}
