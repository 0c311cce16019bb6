//! `.waxwing.yaml`: whom a repository seals to.
//!
//! ```text
//! find ─> file (what can be written: serde and the JSON schema)
//!           └─> check (what belongs together) ─> Config ─> selection (for a file: recipients, scope)
//! ```
//! Only `find` reads files. Everything that is wrong is told with its line.

mod check;
mod edit;
mod error;
mod file;
mod find;
mod many;
mod pattern;
mod public_key;
pub(crate) mod schema;
mod selection;

use std::path::{Path, PathBuf};

use waxwing_crypto::Recipient;
use waxwing_manifest::{Document, read};

pub(crate) use self::check::is_cluster_name;
pub(crate) use self::edit::Edit;
pub(crate) use self::error::ConfigError;
use self::file::ConfigFile;
pub(crate) use self::file::{API_VERSION, Cluster, DefaultScope, KIND};
use self::find::PlaceError;
pub(crate) use self::find::{Place, find};
pub(crate) use self::many::Configs;

/// The name of the file.
pub(crate) const FILE_NAME: &str = ".waxwing.yaml";

/// A `.waxwing.yaml` in which everything fits together.
#[derive(Debug)]
pub(crate) struct Config {
    file: ConfigFile,
    /// How messages call it.
    name: String,
    /// The folder that its patterns start from.
    folder: PathBuf,
    text: String,
}

impl Config {
    /// Reads a text, which messages call `name`, of a file in `folder`.
    pub(crate) fn parse(name: &str, folder: &Path, text: &str) -> Result<Self, ConfigError> {
        let documents = read(name, text).map_err(ConfigError::Syntax)?;
        let document = only_document(name, &documents)?;
        let file = document.read_as::<ConfigFile>();
        let file = file.map_err(|error| ConfigError::content(name, error))?;
        check::check(&file).map_err(|finding| finding.locate(name, document))?;
        Ok(Self {
            file,
            name: name.to_owned(),
            folder: folder.to_owned(),
            text: text.to_owned(),
        })
    }

    /// How messages call the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The clusters with their names, in the order of the names.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = (&str, &Cluster)> {
        self.file
            .clusters
            .iter()
            .map(|(name, cluster)| (name.as_str(), cluster))
    }

    /// The recovery recipients, which every value is sealed to as well.
    pub(crate) fn recovery(&self) -> impl Iterator<Item = &Recipient> {
        self.file.recovery.iter().map(|key| &key.0)
    }
}

fn only_document<'a>(name: &str, documents: &'a [Document]) -> Result<&'a Document, ConfigError> {
    match documents {
        [document] => Ok(document),
        [] => Err(ConfigError::Content {
            name: name.to_owned(),
            line: 1,
            problem: "there is nothing in it".to_owned(),
        }),
        [_, second, ..] => Err(ConfigError::Content {
            name: name.to_owned(),
            line: second.line_at(&[]),
            problem: "a second document begins; one is all that is read".to_owned(),
        }),
    }
}
