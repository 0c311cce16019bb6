//! Path patterns, in the language of .gitignore.

use std::borrow::Cow;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A pattern that files match or do not.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    matcher: Gitignore,
}

impl Pattern {
    fn compile(text: String) -> Result<Self, PatternError> {
        // A line of a .gitignore that takes files away from what the lines before it match.
        if text.starts_with('!') {
            return Err(PatternError::Negated);
        }
        let mut builder = GitignoreBuilder::new("");
        builder
            .allow_unclosed_class(false)
            .add_line(None, &text)
            .map_err(|cause| PatternError::Syntax(cause.to_string()))?;
        let matcher = builder
            .build()
            .map_err(|cause| PatternError::Syntax(cause.to_string()))?;
        if matcher.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self { text, matcher })
    }

    /// Whether the pattern is for the file at `path`, relative to where the patterns start from.
    pub(super) fn matches(&self, path: &Path) -> bool {
        self.matcher
            .matched_path_or_any_parents(path, false)
            .is_ignore()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

/// A pattern that no file can match.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum PatternError {
    #[error(
        "a pattern with ! matches nothing by itself; put the rule for those files before this one"
    )]
    Negated,
    #[error("an empty pattern or a comment matches no file; `*` matches every file")]
    Empty,
    #[error("is no pattern: {0}")]
    Syntax(String),
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::compile(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[^!#]" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_a_gitignore() {
        let cases = [
            ("*", "a/b/c.yaml", true),
            ("*.yaml", "a/b/c.yaml", true),
            ("*.yaml", "a/b/c.json", false),
            ("prod/", "clusters/prod/db.yaml", true),
            ("prod/", "prod/deep/er/db.yaml", true),
            ("prod/", "prod", false),
            ("prod", "clusters/prod/db.yaml", true),
            ("/prod/", "clusters/prod/db.yaml", false),
            ("/prod/", "prod/db.yaml", true),
            ("clusters/prod/**", "clusters/prod/db.yaml", true),
            ("clusters/prod/**", "other/clusters/prod/db.yaml", false),
            ("clusters/*/db.yaml", "clusters/prod/db.yaml", true),
            ("clusters/*/db.yaml", "clusters/prod/eu/db.yaml", false),
            ("**/prod-*.yaml", "a/b/prod-db.yaml", true),
            ("{a,b}.yaml", "a.yaml", true),
            ("[ab].yaml", "b.yaml", true),
        ];
        for (pattern, path, expected) in cases {
            let compiled = Pattern::compile(pattern.to_owned()).unwrap();
            assert_eq!(
                compiled.matches(Path::new(path)),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_refused() {
        let refuse = |text: &str| Pattern::compile(text.to_owned()).unwrap_err();
        assert_eq!(refuse("!prod/"), PatternError::Negated);
        for empty in ["", "  ", "# prod"] {
            assert_eq!(refuse(empty), PatternError::Empty, "{empty:?}");
        }
        assert!(matches!(refuse("[a.yaml"), PatternError::Syntax(_)));
    }
}
