//! The Git repository that one works in.

use std::io;
use std::path::PathBuf;

/// The nearest folder that Git looks after, by the way to it from here; empty, if it is the current
/// one.
pub(crate) fn repository_root() -> io::Result<Option<PathBuf>> {
    let current = std::env::current_dir()?;
    let depth = current
        .ancestors()
        .position(|folder| folder.join(".git").exists());
    Ok(depth.map(|depth| std::iter::repeat_n("..", depth).collect()))
}
