//! Values that are written into a file, in the style of what stands around them.

use std::fmt::Write;

use crate::document::Format;
use crate::yaml_writer::write_word;

/// A value that is new in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewValue {
    Text(String),
    List(Vec<NewValue>),
    Mapping(Entries),
}

/// Keys with their values, in order.
pub(crate) type Entries = Vec<(String, NewValue)>;

/// How a mapping or a list is written on one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inline {
    pub(super) format: Format,
    pub(super) colon: &'static str,
    pub(super) comma: &'static str,
}

impl Inline {
    /// With blanks, as people write it.
    pub(super) fn roomy(format: Format) -> Self {
        Self {
            format,
            colon: ": ",
            comma: ", ",
        }
    }

    /// Without blanks, as machines write JSON.
    pub(super) fn compact_json() -> Self {
        Self {
            format: Format::Json,
            colon: ":",
            comma: ",",
        }
    }

    pub(super) fn word(self, text: &str) -> String {
        match self.format {
            Format::Json => serde_json::Value::from(text).to_string(),
            Format::Yaml => {
                let mut word = String::new();
                write_word(text, &mut word).expect("writing to memory does not fail");
                word
            }
        }
    }

    pub(super) fn entry(self, key: &str, value: &NewValue) -> String {
        format!("{}{}{}", self.word(key), self.colon, self.value(value))
    }

    pub(super) fn mapping(self, entries: &Entries) -> String {
        let entries = entries.iter().map(|(key, value)| self.entry(key, value));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(self.comma))
    }

    fn value(self, value: &NewValue) -> String {
        match value {
            NewValue::Text(text) => self.word(text),
            NewValue::List(values) => {
                let values = values.iter().map(|value| self.value(value));
                format!("[{}]", values.collect::<Vec<_>>().join(self.comma))
            }
            NewValue::Mapping(entries) => self.mapping(entries),
        }
    }
}

/// The lines of entries in block style, without line breaks.
pub(super) fn block_lines(entries: &Entries, indent: usize, step: usize) -> Vec<String> {
    let inline = Inline::roomy(Format::Yaml);
    let mut lines = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let mut line = " ".repeat(indent);
        match value {
            NewValue::Mapping(inner) if !inner.is_empty() => {
                // Writing to a String cannot fail.
                let _ = write!(line, "{}:", inline.word(key));
                lines.push(line);
                lines.extend(block_lines(inner, indent + step, step));
            }
            value => {
                line.push_str(&inline.entry(key, value));
                lines.push(line);
            }
        }
    }
    lines
}
