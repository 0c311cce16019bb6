//! Where programs that are built once are kept, outside of the source tree.

use std::path::PathBuf;

/// The folder `$XDG_CACHE_HOME/waxwing/NAME`, or `~/.cache/waxwing/NAME`, or one in the system's
/// temporary folder for a user without a home. It need not exist.
pub fn dir(name: &str) -> PathBuf {
    let from = |variable: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    from("XDG_CACHE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("waxwing")
        .join(name)
}
