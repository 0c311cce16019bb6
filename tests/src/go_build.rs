//! Programs that are built from Go modules once and kept in the user's cache.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::{
    cache,
    error::{Context, HarnessError},
};

const GO_HELP: &str =
    "install Go 1.26 or newer; the tests and the demo build etcd, Kubernetes and others with it";

/// A Go module beside this crate whose tools the tests need.
pub(crate) struct GoModule {
    /// The folder's name below tests/go.
    pub(crate) name: &'static str,
    /// Each tool: the name of its binary and its package.
    pub(crate) tools: &'static [(&'static str, &'static str)],
    /// Build tags, separated by commas; empty: none.
    pub(crate) tags: &'static str,
    /// What goes to the linker.
    pub(crate) ldflags: &'static str,
    /// What a person who waits for the first build is told.
    pub(crate) note: &'static str,
}

impl GoModule {
    /// Without build tags, and without symbols in the tools.
    pub(crate) const fn new(
        name: &'static str,
        tools: &'static [(&'static str, &'static str)],
        note: &'static str,
    ) -> Self {
        Self {
            name,
            tools,
            tags: "",
            ldflags: "-s -w",
            note,
        }
    }

    /// The folder with the module's go.mod.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("go")
            .join(self.name)
    }

    /// The folder with the built tools. Builds them if this is the first time, while others who want
    /// the same wait for it.
    ///
    /// The folder is named by all that the result depends on, so a change of a pinned version or of a
    /// flag builds anew, and a finished build is never touched again.
    pub(crate) fn build(&self) -> Result<PathBuf, HarnessError> {
        let target = cache::dir(&format!("{}-{}", self.name, self.digest()?));
        if self.is_complete(&target) {
            return Ok(target);
        }
        let cache = target.parent().unwrap_or(&target);
        std::fs::create_dir_all(cache).context(format!("make {}", cache.display()))?;
        let lock_path = cache.join(format!("{}.lock", self.name));
        let lock = File::create(&lock_path).context(format!("make {}", lock_path.display()))?;
        lock.lock()
            .context(format!("lock {}", lock_path.display()))?;
        if !self.is_complete(&target) {
            self.build_into(&target)?;
        }
        Ok(target)
    }

    fn is_complete(&self, folder: &Path) -> bool {
        self.tools
            .iter()
            .all(|(binary, _)| folder.join(binary).is_file())
    }

    fn build_into(&self, target: &Path) -> Result<(), HarnessError> {
        let parent = target.parent().unwrap_or(target);
        let building = tempfile::tempdir_in(parent)
            .context(format!("make a folder in {}", parent.display()))?;
        for (binary, package) in self.tools {
            eprintln!("building {binary} ({package}) with Go, once: {}", self.note);
            let mut go = go(&self.folder());
            go.args(["build", "-tags", self.tags, "-ldflags", self.ldflags])
                .arg("-o")
                .arg(building.path().join(binary))
                .arg(package);
            run(&mut go)?;
        }
        // A folder of the same name is a build that was cut off or from which something was deleted.
        match std::fs::remove_dir_all(target) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => std::fs::rename(building.keep(), target),
        }
        .context(format!("move the build to {}", target.display()))
    }

    /// Of what the build depends on: go.mod, go.sum and programs of our own.
    fn files(&self) -> Result<Vec<PathBuf>, HarnessError> {
        let folder = self.folder();
        let entries = std::fs::read_dir(&folder).context(format!("list {}", folder.display()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        Ok(files)
    }

    fn digest(&self) -> Result<String, HarnessError> {
        let mut hash = Sha256::new();
        for path in self.files()? {
            hash.update(std::fs::read(&path).context(format!("read {}", path.display()))?);
        }
        for (binary, package) in self.tools {
            hash.update(format!("{binary} {package}\n"));
        }
        hash.update(self.tags);
        hash.update(self.ldflags);
        Ok(hash
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }
}

/// A `go` command in `folder`, with its module files taken as they are.
pub(crate) fn go(folder: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(folder)
        .env("GOFLAGS", "-mod=readonly -buildvcs=false")
        .env("GOWORK", "off");
    go
}

/// Runs a `go` command to its end and returns what it printed.
pub(crate) fn run(go: &mut Command) -> Result<String, HarnessError> {
    let output = go.output().map_err(|source| match source.kind() {
        ErrorKind::NotFound => HarnessError::ProgramMissing {
            program: "go".to_owned(),
            help: GO_HELP,
        },
        _ => HarnessError::Io {
            what: "run go".to_owned(),
            source,
        },
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(HarnessError::CommandFailed {
        command: format!("{go:?}"),
        status: output.status.to_string(),
        tail: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
