//! Annotations of GitHub Actions: commands in the log, which show beside the lines of a change.

use super::finding::Finding;

/// The command for a finding, with its line end.
pub(super) fn annotation(finding: &Finding) -> String {
    format!(
        "::{} file={},line={},title={}::{}\n",
        finding.rule.severity().word(),
        property(&finding.file),
        finding.line,
        property(&format!("waxwing {}", finding.rule.id())),
        data(&finding.message)
    )
}

/// What follows the second pair of colons, escaped as the runner reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, escaped as the runner reads it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::commands::validate::rule::Rule;

    #[test]
    fn what_would_end_a_part_of_the_command_is_escaped() {
        let finding = Finding {
            rule: Rule::UnknownKey,
            file: Arc::from("a,b:c%.yaml"),
            line: 7,
            document: Some(1),
            message: "100%: a, b\r\nend".to_owned(),
        };
        assert_eq!(
            annotation(&finding),
            "::warning file=a%2Cb%3Ac%25.yaml,line=7,title=waxwing unknown-key::100%25: a, b%0D%0Aend\n"
        );
    }
}
