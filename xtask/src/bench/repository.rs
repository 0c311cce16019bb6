//! A repository of thousands of SealedSecrets.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::Result;

/// How many files are in a folder.
const IN_A_FOLDER: usize = 50;

/// The items of each SealedSecret.
const ITEMS: [&str; 3] = ["username", "password", "url"];

/// A repository for one cluster, with post-quantum keys.
pub(super) struct Repository {
    pub(super) folder: PathBuf,
    /// A plaintext manifest of ten items.
    pub(super) secret: PathBuf,
    /// A plaintext value.
    pub(super) value: PathBuf,
    /// One of the SealedSecrets.
    pub(super) sealed: PathBuf,
}

impl Repository {
    /// Makes one of `files` files in `folder`, with `program`.
    ///
    /// # Errors
    /// If the program fails, or a file cannot be written.
    pub(super) fn make(program: &Path, folder: &Path, files: usize) -> Result<Self> {
        let repository = Self {
            folder: folder.join("repository"),
            secret: folder.join("secret.yaml"),
            value: folder.join("value.txt"),
            sealed: folder.join("repository/apps-000/app-0.yaml"),
        };
        fs::create_dir_all(repository.folder.join(".git"))?;
        let key = folder.join("key.txt");
        ok(Command::new(program).arg("keygen").arg("-o").arg(&key))?;
        let recipient = ok(Command::new(program).args(["keygen", "-y"]).arg(&key))?;
        ok(Command::new(program)
            .args(["init", "--cluster", "prod", "-r", recipient.trim()])
            .arg(&repository.folder))?;

        let plaintext = folder.join("plaintext.yaml");
        fs::write(&plaintext, secrets(files, &ITEMS))?;
        let sealed = ok(Command::new(program)
            .args(["seal", "-r", recipient.trim()])
            .stdin(Stdio::from(File::open(plaintext)?)))?;
        let documents = sealed
            .split("---\n")
            .filter(|document| !document.is_empty());
        for (number, document) in documents.enumerate() {
            let folder = repository
                .folder
                .join(format!("apps-{:03}", number / IN_A_FOLDER));
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("app-{number}.yaml")), document)?;
        }
        let items: Vec<String> = (0..10).map(|number| format!("item-{number}")).collect();
        fs::write(&repository.secret, secrets(1, &items))?;
        fs::write(&repository.value, "another value")?;
        Ok(repository)
    }
}

fn secrets(count: usize, items: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for number in 0..count {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: app-{number}, namespace: team-{}}}\nstringData:\n",
            number / IN_A_FOLDER
        );
        for item in items {
            let _ = writeln!(text, "  {}: the value of {number}", item.as_ref());
        }
    }
    text
}

/// What a command prints that goes well.
fn ok(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?}: {said}").into())
    }
}
