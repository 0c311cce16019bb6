//! `--from-env-file`, as `AddFromEnvFile` of k8s.io/kubectl reads it: no quotes, no escapes, a name
//! without `=` takes its value from the environment.

use std::env;
use std::os::unix::ffi::OsStringExt;

use waxwing_manifest::names::check_item;
use zeroize::Zeroizing;

use crate::commands::items::Items;
use crate::diagnostic::{Advice, Failure};
use crate::input::Source;

/// Adds every line of the file.
pub(super) fn read(source: &Source, items: &mut Items) -> Result<(), Failure> {
    let text = source.read_text()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut failure = Failure::default();
    for (index, line) in text.lines().enumerate() {
        let origin = format!("{}:{}", source.name(), index + 1);
        if let Err(error) = read_line(&origin, line, items) {
            failure.add(error);
        }
    }
    failure.or(())
}

/// No error repeats the line: it may be the second one of a value.
fn read_line(origin: &str, line: &str, items: &mut Items) -> Result<(), Failure> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let (name, value) = match line.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (line, None),
    };
    if !is_variable_name(name) {
        return Err(EnvFileError::Name {
            origin: origin.to_owned(),
        }
        .into());
    }
    let value = match value {
        Some(value) => value.as_bytes().to_vec(),
        None => env::var_os(name)
            .ok_or_else(|| EnvFileError::Unset {
                origin: origin.to_owned(),
            })?
            .into_vec(),
    };
    Ok(items.add(origin, name, Zeroizing::new(value))?)
}

/// As `IsEnvVarName` of k8s.io/apimachinery: the name of an item that does not start with a digit.
fn is_variable_name(name: &str) -> bool {
    check_item(name).is_ok() && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// A line that is no assignment.
#[derive(Debug, thiserror::Error)]
enum EnvFileError {
    #[error("{origin}: does not start with the name of a variable and =")]
    Name { origin: String },
    #[error("{origin}: has no =, and the environment has no variable of that name")]
    Unset { origin: String },
}

impl Advice for EnvFileError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Name { .. } => vec![
                "one variable a line, NAME=VALUE, without export; values of several lines go in by --from-file=ITEM=PATH".to_owned(),
            ],
            Self::Unset { .. } => vec!["write NAME=VALUE, or NAME= for an empty value".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_line_is_read_as_kubectl_reads_it() {
        let cases = [
            ("A=b", "A", "b"),
            ("  A=b  ", "A", "b  "),
            ("A=\"b\" # c", "A", "\"b\" # c"),
            ("a.b-c_D=e=f", "a.b-c_D", "e=f"),
            ("A=", "A", ""),
        ];
        for (line, name, value) in cases {
            let mut items = Items::default();
            read_line("it", line, &mut items).unwrap();
            assert_eq!(items.get(name).unwrap(), value.as_bytes(), "{line:?}");
        }
    }

    #[test]
    fn blank_lines_and_comments_are_nothing() {
        let mut items = Items::default();
        for line in ["", "   ", "# A=b", "  # A=b"] {
            read_line("it", line, &mut items).unwrap();
        }
        assert_eq!(format!("{items:?}"), "{}");
    }

    #[test]
    fn a_line_without_a_name_is_refused() {
        for line in [
            "=b",
            "1A=b",
            "export A=b",
            "A B",
            "Ä=b",
            "WAXWING_TEST_UNSET",
        ] {
            assert!(
                read_line("it", line, &mut Items::default()).is_err(),
                "{line:?}"
            );
        }
    }
}
