//! The documents as data: their sections and the commands in them.

use std::path::Path;

use crate::error::{Context, HarnessError};

/// One section of a document: its heading and the text of each `sh` block in it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading, without its marks.
    pub heading: String,
    /// The text of each fenced block that is marked `sh`.
    pub commands: Vec<String>,
}

/// The text of a document, named from the top of the source tree.
///
/// # Errors
/// When it cannot be read.
pub fn read(name: &str) -> Result<String, HarnessError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(path).context(format!("read {name}"))
}

/// The commands of the section of a document with this heading, in order.
///
/// # Errors
/// When the document cannot be read, or there are no commands under that heading.
pub fn commands(name: &str, heading: &str) -> Result<Vec<String>, HarnessError> {
    let sections = sections(&read(name)?).into_iter();
    let commands: Vec<String> = sections
        .filter(|section| section.heading == heading)
        .flat_map(|section| section.commands)
        .collect();
    if commands.is_empty() {
        return Err(HarnessError::Io {
            what: format!("find commands under \"{heading}\" in {name}"),
            source: std::io::ErrorKind::NotFound.into(),
        });
    }
    Ok(commands)
}

/// The headings of the sections of a document that have commands, in order.
///
/// # Errors
/// When it cannot be read.
pub fn headings_with_commands(name: &str) -> Result<Vec<String>, HarnessError> {
    Ok(sections(&read(name)?)
        .into_iter()
        .filter(|section| !section.commands.is_empty())
        .map(|section| section.heading)
        .collect())
}

/// The sections of a Markdown text.
#[must_use]
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut block: Option<String> = None;
    let mut fenced = false;
    for line in markdown.lines() {
        if let Some(language) = line.strip_prefix("```") {
            match block.take() {
                Some(text) => sections
                    .last_mut()
                    .into_iter()
                    .for_each(|section| section.commands.push(text.clone())),
                None if !fenced && language == "sh" => block = Some(String::new()),
                None => {}
            }
            fenced = !fenced;
        } else if let Some(text) = &mut block {
            text.push_str(line);
            text.push('\n');
        } else if !fenced && line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_owned();
            sections.push(Section {
                heading,
                commands: Vec::new(),
            });
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sh_blocks_are_commands_and_a_hash_in_a_block_is_no_heading() {
        let text =
            "# A\n```sh\n# comment\nls\n```\n## B\n```yaml\n# key: value\n```\n```sh\ntrue\n```\n";
        let section = |heading: &str, command: &str| Section {
            heading: heading.to_owned(),
            commands: vec![command.to_owned()],
        };
        assert_eq!(
            sections(text),
            [section("A", "# comment\nls\n"), section("B", "true\n")]
        );
    }
}
