//! The rules of Kubernetes for names, item names, labels and annotations.

use thiserror::Error;

/// Why Kubernetes would refuse a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name of an object, by RFC 1123.
    #[error(
        "is not a name for an object: use lower-case letters, digits, '-' and '.', at most 253, \
         with a letter or digit at both ends of each part"
    )]
    Object,
    /// The name of a namespace, by RFC 1123.
    #[error(
        "is not a name for a namespace: use lower-case letters, digits and '-', at most 63, with a \
         letter or digit at both ends"
    )]
    Namespace,
    /// The name of an item of a Secret.
    #[error(
        "is not a name for an item: use letters, digits, '-', '_' and '.', at most 253, and \
         neither \".\" nor \"..\" at the start"
    )]
    Item,
    /// The key of a label or annotation.
    #[error(
        "is not a key for a label or annotation: use letters, digits, '-', '_' and '.', at most \
         63, after an optional domain and '/'"
    )]
    MetadataKey,
    /// The value of a label.
    #[error(
        "is not a value for a label: use letters, digits, '-', '_' and '.', at most 63, with a \
         letter or digit at both ends"
    )]
    LabelValue,
    /// The type of a Secret.
    #[error("is not a type for a Secret: use at most 253 characters, and no spaces")]
    SecretType,
}

/// A name of a Secret or another object: a DNS subdomain of at most 253 characters.
pub fn check_object_name(name: &str) -> Result<(), NameError> {
    check(is_subdomain(name), NameError::Object)
}

/// A name of a namespace: a DNS label of at most 63 characters.
pub fn check_namespace(name: &str) -> Result<(), NameError> {
    check(is_dns_label(name), NameError::Namespace)
}

/// A key of a Secret's data, as `IsConfigMapKey` of k8s.io/apimachinery has it.
pub fn check_item(name: &str) -> Result<(), NameError> {
    let fits = (1..=253).contains(&name.len())
        && name.bytes().all(is_word_byte)
        && name != "."
        && !name.starts_with("..");
    check(fits, NameError::Item)
}

/// A key of a label or annotation, as `IsQualifiedName` of k8s.io/apimachinery has it.
pub(crate) fn check_metadata_key(key: &str) -> Result<(), NameError> {
    let fits = match key.split_once('/') {
        Some((domain, name)) => is_subdomain(domain) && is_label_word(name),
        None => is_label_word(key),
    };
    check(fits, NameError::MetadataKey)
}

/// A value of a label.
pub(crate) fn check_label_value(value: &str) -> Result<(), NameError> {
    check(
        value.is_empty() || is_label_word(value),
        NameError::LabelValue,
    )
}

/// A type of a Secret. The API server takes any text; this refuses what no one can have meant.
pub fn check_secret_type(type_: &str) -> Result<(), NameError> {
    let fits = type_.len() <= 253 && type_.bytes().all(|byte| byte.is_ascii_graphic());
    check(fits, NameError::SecretType)
}

fn check(fits: bool, error: NameError) -> Result<(), NameError> {
    if fits { Ok(()) } else { Err(error) }
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_lower_word)
}

fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && is_lower_word(name)
}

fn is_lower_word(word: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    word.bytes().all(is_inner) && has_alphanumeric_ends(word)
}

fn is_label_word(word: &str) -> bool {
    word.len() <= 63 && word.bytes().all(is_word_byte) && has_alphanumeric_ends(word)
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

fn has_alphanumeric_ends(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word.ends_with(|last: char| last.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_api_server_does() {
        let long_label = "a".repeat(63);
        let too_long_label = "a".repeat(64);
        let long_item = "a".repeat(253);
        let too_long_item = "a".repeat(254);
        type Check = fn(&str) -> Result<(), NameError>;
        let cases: &[(Check, &[&str], &[&str])] = &[
            (
                check_object_name,
                &["a", "db-credentials", "a.b", "1", &long_item],
                &[
                    "",
                    "A",
                    "-a",
                    "a-",
                    "a_b",
                    "a..b",
                    ".a",
                    "a/b",
                    "é",
                    &too_long_item,
                ],
            ),
            (
                check_namespace,
                &["prod", "1", &long_label],
                &["", "a.b", "Prod", "a-", &too_long_label],
            ),
            (
                check_item,
                &[
                    "a",
                    "tls.crt",
                    ".dockerconfigjson",
                    "A_b-c",
                    "-",
                    "_",
                    &long_item,
                ],
                &["", ".", "..", "..a", "a b", "a/b", "é", &too_long_item],
            ),
            (
                check_metadata_key,
                &["app", "app.kubernetes.io/name", "A_b.c", &long_label],
                &[
                    "",
                    "/a",
                    "a/",
                    "A.b/c",
                    "a/b/c",
                    "a b",
                    "-a",
                    &too_long_label,
                ],
            ),
            (
                check_label_value,
                &["", "a", "A_b.c-1", &long_label],
                &["-", "a b", ".a", &too_long_label],
            ),
            (
                check_secret_type,
                &["", "Opaque", "kubernetes.io/tls"],
                &["a b", "a\n", &too_long_item],
            ),
        ];
        for (check, good, bad) in cases {
            for name in *good {
                assert_eq!(check(name), Ok(()), "{name:?}");
            }
            for name in *bad {
                assert!(check(name).is_err(), "{name:?}");
            }
        }
    }
}
