//! `cargo xtask demo`.

use crate::command::Result;

pub(crate) fn run() -> Result {
    Ok(())
}
