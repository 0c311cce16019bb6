//! `cargo xtask man`: the manual pages of `waxwing`, one per command, from its help. They are for those
//! who package it; nothing of this is in the program itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::command::Result;

/// Where the pages go.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder, which is made if it does not exist
    #[arg(default_value = "target/man")]
    folder: PathBuf,
}

/// Writes the pages waxwing.1, waxwing-seal.1 and so on.
///
/// # Errors
/// If a page cannot be written.
pub(crate) fn run(args: &Args) -> Result {
    let written = write(&args.folder)
        .map_err(|error| format!("cannot write to {}: {error}", args.folder.display()))?;
    eprintln!("wrote {written} pages to {}", args.folder.display());
    Ok(())
}

fn write(folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut command = waxwing::command().disable_help_subcommand(true);
    command.build();
    write_tree(folder, &command)
}

/// Writes the page of a command and of every command below it.
fn write_tree(folder: &Path, command: &clap::Command) -> io::Result<usize> {
    let man = Man::new(command.clone()).manual("Waxwing");
    fs::write(folder.join(man.get_filename()), page(&man, command)?)?;
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
        .try_fold(1, |written, below| Ok(written + write_tree(folder, below)?))
}

fn page(man: &Man, command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let help = command.get_after_help().map(ToString::to_string);
    below_the_options(&help.unwrap_or_default()).to_writer(&mut page)?;
    Ok(page)
}

/// The examples and the exit codes, which the help has below the options.
fn below_the_options(help: &str) -> Roff {
    let (examples, exit_codes) = help.split_once("Exit codes:").unwrap_or((help, ""));
    let examples = examples.strip_prefix("Examples:\n").unwrap_or(examples);
    let mut roff = Roff::new();
    for (heading, text) in [("EXAMPLES", examples), ("EXIT STATUS", exit_codes)] {
        if !text.trim().is_empty() {
            roff.control("SH", [heading]);
            // Line by line as it stands there.
            roff.control("nf", []);
            roff.text([roman(text.trim_end())]);
            roff.control("fi", []);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::{Command, Stdio};

    use super::*;

    /// The name of the page of every command, by a way of its own.
    fn names(command: &clap::Command, prefix: &str, names: &mut Vec<String>) {
        let name = format!("{prefix}{}", command.get_name());
        let below = command.get_subcommands();
        below.for_each(|below| self::names(below, &format!("{name}-"), names));
        names.push(format!("{name}.1"));
    }

    #[test]
    fn every_command_has_a_page_that_man_shows_without_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path()).unwrap();
        let mut expected = Vec::new();
        names(&waxwing::command(), "", &mut expected);
        assert_eq!(written, expected.len());
        for name in expected {
            let path = folder.path().join(&name);
            let page = fs::read_to_string(&path).unwrap();
            assert!(page.contains("EXIT STATUS"), "{name}");
            // Not every machine has man.
            let Ok(shown) = Command::new("man")
                .args(["--warnings", "-l"])
                .arg(&path)
                .env("MANPAGER", "cat")
                .env("MANWIDTH", "100")
                .stdin(Stdio::null())
                .output()
            else {
                continue;
            };
            let warnings = String::from_utf8_lossy(&shown.stderr);
            assert!(
                shown.status.success() && warnings.is_empty(),
                "{name}: {warnings}"
            );
            assert!(
                String::from_utf8_lossy(&shown.stdout).contains("SYNOPSIS"),
                "{name}"
            );
        }
    }
}
