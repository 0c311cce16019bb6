//! Other recipients in a `.waxwing.yaml`, in place.

use waxwing_crypto::Recipient;
use waxwing_manifest::Step::{Index, Key};
use waxwing_manifest::{TextChange, change_texts, read};

use super::{Config, ConfigError, FILE_NAME, only_document};
use crate::diagnostic::Failure;
use crate::output::{Audience, Destination};

/// Another recipient for a cluster.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) cluster: String,
    /// Which of its recipients it replaces; none, if it is the first one.
    pub(crate) index: Option<usize>,
    pub(crate) recipient: Recipient,
}

impl Config {
    /// Writes the file with these edits, if there are any, and everything else as it was.
    pub(crate) fn write_with(&self, edits: &[Edit]) -> Result<(), Failure> {
        if edits.is_empty() {
            return Ok(());
        }
        let text = self.text_with(edits)?;
        let path = self.folder.join(FILE_NAME);
        Ok(Destination::File(path).write(text.as_bytes(), Audience::Public)?)
    }

    fn text_with(&self, edits: &[Edit]) -> Result<String, ConfigError> {
        let documents = read(&self.name, &self.text).map_err(ConfigError::Syntax)?;
        let document = only_document(&self.name, &documents)?;
        let changes: Vec<TextChange<'_>> = edits.iter().map(Edit::change).collect();
        let text = change_texts(document, &changes);
        let text = text.map_err(|error| ConfigError::content(&self.name, error))?;
        // What does not fit together is not written: a key of another class, for one.
        Self::parse(&self.name, &self.folder, &text)?;
        Ok(text)
    }
}

impl Edit {
    fn change(&self) -> TextChange<'_> {
        let mut path = vec![Key("clusters"), Key(&self.cluster), Key("recipients")];
        let text = self.recipient.to_string();
        match self.index {
            Some(index) => {
                path.push(Index(index));
                TextChange::Replace { path, text }
            }
            None => TextChange::First { path, text },
        }
    }
}
