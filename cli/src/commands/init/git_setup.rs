//! `waxwing init --git`: what a clone of a repository needs for readable diffs, and so that nothing is
//! committed that waxwing finds fault with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::hook;
use crate::diagnostic::{Advice, Failure};
use crate::git::{Git, GitError};
use crate::output::{self, Audience, Destination, OutputError};
use crate::report_format::ReportFormat;

/// The setting that tells git how to make a file readable.
const TEXTCONV: &str = "diff.waxwing.textconv";

/// What git runs, with the file as the last argument. Where waxwing is not there, the file is shown as
/// it is: else git would refuse to show any difference.
const COMMAND: &str = "show() { waxwing textconv \"$1\" 2>/dev/null || cat \"$1\"; }; show";

/// The attribute of files that are shown so.
const ATTRIBUTE: &str = "diff=waxwing";

/// The files that may be manifests.
const PATTERNS: [&str; 3] = ["*.yaml", "*.yml", "*.json"];

/// Sets up the clone that `folder` is in. What is there already stays as it is.
pub(super) fn run(folder: Option<&Path>, format: ReportFormat) -> Result<(), Failure> {
    let folder = folder.unwrap_or(Path::new("."));
    let git = Git::in_folder(folder);
    let root = PathBuf::from(git.ask(&["rev-parse", "--show-toplevel"])?);
    let mut failure = Failure::default();
    let steps: [&dyn Fn() -> Result<String, Failure>; 3] = [
        &|| Ok(set_textconv(&git)?),
        &|| Ok(add_attributes(&root)?),
        &|| Ok(hook::install(&git, folder)?),
    ];
    let mut done = Vec::new();
    for step in steps {
        match step() {
            Ok(words) => done.push(words),
            Err(error) => failure.add(error),
        }
    }
    let text = match format {
        ReportFormat::Json => format!("{:#}\n", serde_json::json!({"done": done})),
        ReportFormat::Table => done.iter().map(|words| format!("{words}\n")).collect(),
    };
    output::write_stdout(text.as_bytes())?;
    failure.or(())
}

fn set_textconv(git: &Git) -> Result<String, SetupError> {
    let get = ["config", "--local", "--get", TEXTCONV];
    match git.ask_for(&get)? {
        Some(command) if command == COMMAND => Ok(format!("{TEXTCONV}: is set already")),
        Some(_) => Err(SetupError::OtherTextconv),
        None => {
            git.ask(&["config", "--local", TEXTCONV, COMMAND])?;
            Ok(format!("{TEXTCONV}: set for this clone"))
        }
    }
}

fn add_attributes(root: &Path) -> Result<String, SetupError> {
    let path = root.join(".gitattributes");
    let text = match fs::read_to_string(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(SetupError::Attributes)?,
    };
    let Some(more) = missing_attributes(&text) else {
        return Ok(".gitattributes: is complete already".to_owned());
    };
    Destination::File(path).write((text + &more).as_bytes(), Audience::Public)?;
    Ok(".gitattributes: added the files that git diff makes readable; commit it".to_owned())
}

/// The lines to add to a `.gitattributes`, if any. A pattern for which it names a way to show
/// differences keeps that.
fn missing_attributes(text: &str) -> Option<String> {
    let names_a_way = |attribute: &str| {
        let attribute = attribute.trim_start_matches(['-', '!']);
        attribute == "diff" || attribute.starts_with("diff=") || attribute == "binary"
    };
    let has = |pattern: &str| {
        text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(pattern) && words.any(names_a_way)
        })
    };
    let missing: String = PATTERNS
        .into_iter()
        .filter(|pattern| !has(pattern))
        .map(|pattern| format!("{pattern} {ATTRIBUTE}\n"))
        .collect();
    let is_cut_off = !text.is_empty() && !text.ends_with('\n');
    let gap = if is_cut_off { "\n" } else { "" };
    (!missing.is_empty()).then(|| format!("{gap}{missing}"))
}

/// Why something of the clone was not set up.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{TEXTCONV}: is set to something else in this clone, and is never overwritten")]
    OtherTextconv,
    #[error(".gitattributes: cannot be read: {0}")]
    Attributes(io::Error),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Advice for SetupError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Git(cause) => cause.advice(),
            Self::OtherTextconv => vec![format!(
                "to let it go: git config --local --unset {TEXTCONV}, then run this again"
            )],
            Self::Attributes(_) => Vec::new(),
            Self::Output(cause) => cause.advice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_added_once_and_those_of_the_user_stay() {
        let all = "*.yaml diff=waxwing\n*.yml diff=waxwing\n*.json diff=waxwing\n";
        let cases = [
            ("", Some(all.to_owned())),
            (all, None),
            ("*.md text", Some(format!("\n{all}"))),
            (
                "*.json text diff=json\n*.yml -diff\n",
                Some("*.yaml diff=waxwing\n".to_owned()),
            ),
            (
                "# *.yaml diff=waxwing\n*.yml binary\n*.json  diff\n*.yaml text\n",
                Some("*.yaml diff=waxwing\n".to_owned()),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(missing_attributes(text), expected, "{text:?}");
        }
    }
}
