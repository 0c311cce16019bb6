//! Where `waxwing edit` is tried: a repository with a key, and a shell script for an editor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::workshop::{Run, Workshop, finish};

/// The name of the file that is edited.
pub(crate) const FILE: &str = "db.yaml";

/// A repository that seals to `key.txt`, with a SealedSecret in [`FILE`], and an empty place for private
/// folders, in memory if there is any.
pub(crate) struct Desk {
    pub(crate) workshop: Workshop,
    memory: TempDir,
}

impl Desk {
    /// The file holds the items `password` (strict, "hunter2") and `user` (of the namespace, "app").
    pub(crate) fn new() -> Self {
        let shm = Path::new("/dev/shm");
        let memory = if shm.is_dir() {
            tempfile::tempdir_in(shm)
        } else {
            tempfile::tempdir()
        };
        let desk = Self {
            workshop: Workshop::new(),
            memory: memory.unwrap(),
        };
        let recipient = desk.workshop.keygen("key.txt", "x25519");
        desk.workshop
            .run(&["init", "--cluster", "prod", "-r", &recipient])
            .ok();
        let password = desk.seal("hunter2", "password", "strict");
        let user = desk.seal("app", "user", "namespace");
        desk.write(&format!(
            "# ours\nkind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\n---\n\
             apiVersion: waxwing.dev/v1alpha1\nkind: SealedSecret\n\
             metadata: {{name: db, namespace: prod}}\nspec:\n  encryptedData:\n    \
             # of the database\n    password: '{password}' # old\n    user: {user}\n"
        ));
        desk
    }

    /// A sealed value for prod/db.
    pub(crate) fn seal(&self, value: &str, item: &str, scope: &str) -> String {
        let place = ["-n", "prod", "--name", "db", "--item", item];
        let args = [&["seal", "--raw", "--scope", scope][..], &place].concat();
        let sealed = self.workshop.run_with(&args, value).quiet();
        sealed.trim_end().to_owned()
    }

    pub(crate) fn write(&self, text: &str) {
        self.workshop.write(FILE, text);
    }

    pub(crate) fn read(&self) -> String {
        self.workshop.read(FILE)
    }

    /// `waxwing edit`, in which this script is the editor. `$1` is the file that it is given.
    pub(crate) fn command(&self, script: &str, args: &[&str]) -> Command {
        self.workshop.write("editor.sh", script);
        let mut command = self.workshop.command(&[&["edit"], args].concat());
        command
            .env("EDITOR", "sh editor.sh")
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("XDG_RUNTIME_DIR", self.memory.path())
            .env("TMPDIR", self.memory.path());
        command
    }

    pub(crate) fn edit_with(&self, script: &str, args: &[&str]) -> Run {
        finish(&mut self.command(script, args), b"")
    }

    /// Edits the file without any key.
    pub(crate) fn edit(&self, script: &str) -> Run {
        self.edit_with(script, &[FILE])
    }

    /// The place for private folders.
    pub(crate) fn memory(&self) -> &Path {
        self.memory.path()
    }

    /// The private folders that are there.
    pub(crate) fn private_folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.memory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// The values of the file, as `key.txt` opens them.
    pub(crate) fn opened(&self) -> Value {
        let args = ["unseal", "-i", "key.txt", "-f", FILE];
        let text = self.workshop.run(&args).ok();
        let documents = serde_yaml::Deserializer::from_str(&text);
        let documents = documents.map(|document| Value::deserialize(document).unwrap());
        let mut objects = documents.flat_map(|document| match &document["items"] {
            Value::Array(items) => items.clone(),
            _ => vec![document],
        });
        let secret = objects.find(|object| object["kind"] == "Secret");
        secret.unwrap()["data"].clone()
    }
}
