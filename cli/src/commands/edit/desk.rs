//! Where a text is edited: a private folder, watched over, and an editor.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::editor::Editor;
use super::interruption::Watch;
use super::private_folder::PrivateFolder;
use crate::diagnostic::{Advice, Failure};
use crate::input::Source;

pub(super) struct Desk {
    folder: PrivateFolder,
    watch: Watch,
    editor: Editor,
    /// The name of the file that the editor sees.
    name: String,
}

impl Desk {
    /// For the values of a file.
    pub(super) fn new(file: &Path, editor: Editor) -> Result<Self, DeskError> {
        let folder = PrivateFolder::new().map_err(DeskError)?;
        let watch = Watch::over(folder.path()).map_err(DeskError)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            folder,
            watch,
            editor,
            // What the editor sees is YAML, in whatever the file is written.
            name: format!("{stem}.yaml"),
        })
    }

    /// The text as it was saved.
    pub(super) fn edit(&self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let path = self.folder.write(&self.name, text).map_err(DeskError)?;
        self.editor.open(&path, &self.watch)?;
        Ok(Source::File(path).read_bytes(usize::MAX)?)
    }
}

/// There is no place for the text.
#[derive(Debug, thiserror::Error)]
#[error("a private file for the editor cannot be made: {0}")]
pub(super) struct DeskError(io::Error);

impl Advice for DeskError {}
