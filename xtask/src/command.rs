//! Running other programs, from the top of the source tree.

use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What every subcommand returns: the message says what failed.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The top of the source tree.
pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `cargo` with `args`, as the one that runs this program.
pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(args: I) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(workspace()).args(args);
    command
}

/// Runs `command` to its end, its output going where ours goes.
///
/// # Errors
/// If it cannot be started or exits with another code than 0.
pub(crate) fn run(command: &mut Command) -> Result {
    let shown = shown(command);
    eprintln!("+ {shown}");
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` failed: {status}").into())
    }
}

/// Writes a file, named from the top of the source tree.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(name: &str, text: &str) -> Result {
    std::fs::write(workspace().join(name), text)
        .map_err(|error| format!("cannot write {name}: {error}"))?;
    eprintln!("wrote {name}");
    Ok(())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
