//! The `.waxwing.yaml` files that many manifests are under, each read once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::find::{Place, parent, read_in};
use super::{Config, PlaceError};
use crate::diagnostic::Failure;

/// The configs of many files.
pub(crate) struct Configs {
    /// By the folders of the files, as their paths name them.
    folders: HashMap<PathBuf, Folder>,
}

struct Folder {
    /// Without symbolic links.
    path: PathBuf,
    config: Option<Arc<Config>>,
}

impl Configs {
    /// Those that count for `files`, and what is wrong with the others.
    pub(crate) fn of(files: &[PathBuf]) -> (Self, Failure) {
        let locate = |folder: &Path| {
            fs::canonicalize(folder).map_err(|cause| PlaceError::new(folder, cause).into())
        };
        let read = |folder: &Path| read_in(folder).map(|read| read.map_err(Failure::from));
        Self::search(files, locate, read)
    }

    /// Those that count for `files` which are in Git's index, by their paths from the top of the
    /// repository. `read` reads the one in a folder, if there is one; the top is the empty path.
    pub(crate) fn of_index(
        files: &[PathBuf],
        read: impl FnMut(&Path) -> Option<Result<Config, Failure>>,
    ) -> (Self, Failure) {
        let locate = |folder: &Path| Ok(folder.strip_prefix(".").unwrap_or(folder).to_owned());
        Self::search(files, locate, read)
    }

    fn search(
        files: &[PathBuf],
        locate: impl Fn(&Path) -> Result<PathBuf, Failure>,
        read: impl FnMut(&Path) -> Option<Result<Config, Failure>>,
    ) -> (Self, Failure) {
        let mut folders = HashMap::new();
        let mut search = Search {
            read,
            nearest: HashMap::new(),
            failure: Failure::default(),
        };
        for folder in files.iter().map(|file| parent(file)) {
            if folders.contains_key(folder) {
                continue;
            }
            match locate(folder) {
                Ok(path) => {
                    let config = search.nearest(&path);
                    folders.insert(folder.to_owned(), Folder { path, config });
                }
                Err(failure) => search.failure.add(failure),
            }
        }
        (Self { folders }, search.failure)
    }

    /// The config that counts for one of the files, and where its rules see the file.
    pub(crate) fn of_file(&self, file: &Path) -> Option<(&Arc<Config>, Place)> {
        let folder = self.folders.get(parent(file))?;
        let config = folder.config.as_ref()?;
        Some((config, Place::in_folder(folder.path.clone(), file)))
    }
}

/// What was found so far on the way up from folders.
struct Search<R> {
    read: R,
    nearest: HashMap<PathBuf, Option<Arc<Config>>>,
    failure: Failure,
}

impl<R: FnMut(&Path) -> Option<Result<Config, Failure>>> Search<R> {
    fn nearest(&mut self, folder: &Path) -> Option<Arc<Config>> {
        if let Some(known) = self.nearest.get(folder) {
            return known.clone();
        }
        let config = match (self.read)(folder) {
            Some(Ok(config)) => Some(Arc::new(config)),
            Some(Err(error)) => {
                self.failure.add(error);
                None
            }
            None => folder.parent().and_then(|above| self.nearest(above)),
        };
        self.nearest.insert(folder.to_owned(), config.clone());
        config
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::FILE_NAME;

    const KEY: &str = "age1k6hpx5ctxt6hvn8y9zf882mgdk9uvshlvr3ga2p63vzeetjqldds382khs";

    fn write(folder: &Path, cluster: &str) {
        let text = format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters: {{{cluster}: {{recipients: [{KEY}]}}}}\n"
        );
        fs::write(folder.join(FILE_NAME), text).unwrap();
    }

    #[test]
    fn each_file_goes_by_the_nearest_config_and_a_broken_one_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for inner in ["apps/shop", "team/deep", "broken"] {
            fs::create_dir_all(root.join(inner)).unwrap();
        }
        write(root, "all");
        write(&root.join("team"), "team");
        fs::write(root.join("broken").join(FILE_NAME), "kind: Other\n").unwrap();
        let cases = [
            ("a.yaml", Some("all")),
            ("apps/shop/b.yaml", Some("all")),
            ("team/c.yaml", Some("team")),
            ("team/deep/d.yaml", Some("team")),
            ("broken/e.yaml", None),
            ("broken/f.yaml", None),
        ];
        let files: Vec<PathBuf> = cases.iter().map(|(file, _)| root.join(file)).collect();
        let (configs, failure) = Configs::of(&files);
        for (file, (name, expected)) in files.iter().zip(cases) {
            let config = configs.of_file(file);
            let found = config.map(|(config, _)| config.clusters().next().unwrap().0.to_owned());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        let told = format!("{failure:?}");
        assert_eq!(told.matches("broken/.waxwing.yaml").count(), 1, "{told}");
    }
}
