//! What became of a key, and which key is primary now: for people and for programs.

use serde::Serialize;
use waxwing_api::{KeyState, SealingKey};

use super::store::name;
use crate::diagnostic::Failure;
use crate::output;
use crate::report_format::ReportFormat;

/// How a change is printed.
#[derive(Debug, clap::Args)]
pub(super) struct FormatArgs {
    /// An age recipients file with the new primary key, or JSON for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,
}

impl FormatArgs {
    pub(super) fn print(&self, change: &Change<'_>) -> Result<(), Failure> {
        Ok(output::write_stdout(change.text(self.output).as_bytes())?)
    }
}

/// What became of a key.
#[derive(Debug, Default, Serialize)]
pub(super) struct Change<'a> {
    /// The key that was named, and the state that it is in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<ChangedKey<'a>>,
    /// The key that took over, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<Primary>,
}

#[derive(Debug, Serialize)]
struct ChangedKey<'a> {
    id: &'a str,
    state: KeyState,
}

#[derive(Debug, Serialize)]
struct Primary {
    id: String,
    recipient: String,
}

impl<'a> Change<'a> {
    /// The key of this id is in this state now.
    pub(super) fn of(id: &'a str, state: KeyState) -> Self {
        Self {
            key: Some(ChangedKey { id, state }),
            primary: None,
        }
    }

    #[must_use]
    pub(super) fn with_primary(mut self, key: &SealingKey) -> Self {
        self.primary = Some(Primary {
            id: name(key).to_owned(),
            recipient: key.spec.recipient.clone(),
        });
        self
    }

    fn text(&self, format: ReportFormat) -> String {
        match (format, &self.primary) {
            (ReportFormat::Json, _) => {
                let json = serde_json::to_string_pretty(self).expect("a change is texts only");
                json + "\n"
            }
            (ReportFormat::Table, Some(Primary { id, recipient })) => {
                format!("# primary key {id}\n{recipient}\n")
            }
            (ReportFormat::Table, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use waxwing_api::{KeyAlgorithm, SealingKeySpec};

    use super::*;

    #[test]
    fn people_get_a_recipients_file_and_programs_what_changed() {
        let spec = SealingKeySpec {
            recipient: "age1new".to_owned(),
            algorithm: KeyAlgorithm::X25519,
            state: KeyState::Active,
            escrow: None,
        };
        let new = SealingKey::new("0123456789abcdef", spec);
        let retired = || Change::of("fedcba9876543210", KeyState::Retired);
        let key = json!({"id": "fedcba9876543210", "state": "Retired"});
        let primary = json!({"id": "0123456789abcdef", "recipient": "age1new"});
        let file = "# primary key 0123456789abcdef\nage1new\n";
        let cases = [
            (retired(), "", json!({ "key": key })),
            (
                retired().with_primary(&new),
                file,
                json!({"key": key, "primary": primary}),
            ),
            (
                Change::default().with_primary(&new),
                file,
                json!({ "primary": primary }),
            ),
        ];
        for (change, text, json) in cases {
            assert_eq!(change.text(ReportFormat::Table), text);
            let told = change.text(ReportFormat::Json);
            assert_eq!(told, format!("{json:#}\n"));
        }
    }
}
