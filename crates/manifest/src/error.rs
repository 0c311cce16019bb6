//! What can be wrong with a manifest: what happened, to which part of which object, and the next step.

use std::fmt;

use thiserror::Error;
use waxwing_crypto::{MalformedError, OpenError, ParseRecipientError, Scope, SealError};

use crate::location::Location;
use crate::names::NameError;

/// Something that is wrong with a manifest, and where. It never holds a value of the manifest.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct ManifestError(Box<Details>);

#[derive(Debug)]
struct Details {
    location: Location,
    object: Option<String>,
    part: Option<Part>,
    problem: Problem,
}

impl ManifestError {
    pub(crate) fn new(location: Location, problem: Problem) -> Self {
        Self(Box::new(Details {
            location,
            object: None,
            part: None,
            problem,
        }))
    }

    #[must_use]
    pub(crate) fn in_object(mut self, object: String) -> Self {
        self.0.object = Some(object);
        self
    }

    #[must_use]
    pub(crate) fn at(mut self, part: Part) -> Self {
        self.0.part = Some(part);
        self
    }

    /// The file, document and line.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// The item of the Secret or SealedSecret that is concerned, if it is one.
    pub fn item(&self) -> Option<&str> {
        match &self.0.part {
            Some(Part::Item(item)) => Some(item),
            _ => None,
        }
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Object, part and problem, without the location.
    pub fn message(&self) -> String {
        self.0.message()
    }
}

impl Details {
    fn message(&self) -> String {
        let object = self
            .object
            .as_ref()
            .map(|object| format!("{object}: "))
            .unwrap_or_default();
        let part = self
            .part
            .as_ref()
            .map(|part| format!("{part}: "))
            .unwrap_or_default();
        format!("{object}{part}{}", self.problem)
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message())
    }
}

impl std::error::Error for Details {}

/// The part of an object that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// An item of a Secret or SealedSecret.
    Item(String),
    /// A field, by its path.
    Field(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => write!(f, "item {}", Quoted(item)),
            Self::Field(path) => write!(f, "{}", Printable(path)),
        }
    }
}

/// A word from the input, in quotes, with nothing in it that could steer a terminal.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Printable(self.0))
    }
}

/// A word from the input, cut to a length that fits an error message, with nothing in it that could
/// steer a terminal.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl Printable<'_> {
    const MAX_CHARS: usize = 253;
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(Self::MAX_CHARS) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if self.0.chars().nth(Self::MAX_CHARS).is_some() {
            f.write_str("…")
        } else {
            Ok(())
        }
    }
}

/// Words from the input, after each other; not all, if they are many.
struct Names<'a>(&'a [String]);

impl Names<'_> {
    const MAX_COUNT: usize = 5;
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().take(Self::MAX_COUNT).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Printable(name))?;
        }
        match self.0.len().saturating_sub(Self::MAX_COUNT) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What is wrong, and what to do next.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is not YAML.
    #[error("not valid YAML: {0}")]
    NotYaml(String),
    /// The text is not JSON, though it starts like it.
    #[error("not valid JSON: {0}")]
    NotJson(String),
    /// Mappings and sequences are nested too deeply.
    #[error(
        "nested more than {} levels deep, which no Kubernetes object needs",
        crate::tree::MAX_DEPTH
    )]
    TooDeep,
    /// The aliases of a document stand for more than anyone would write by hand.
    #[error(
        "its aliases stand for more than {} values; write them out or split the file",
        crate::tree::MAX_EXPANSION
    )]
    TooManyAliases,
    /// An alias that names an anchor of another document.
    #[error("an alias names an anchor in another document; write the value out")]
    ForeignAlias,
    /// An alias within the very node that its anchor stands on.
    #[error("an anchor contains an alias of itself; write the value out")]
    EndlessAlias,
    /// A key of a mapping is there twice.
    #[error("the key {} is there twice, first on line {first_line}; remove one of them", Quoted(.key))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of its first occurrence, from 1.
        first_line: usize,
    },
    /// A key of a mapping is no string.
    #[error("a key is {found}, not a string; put it in quotes")]
    KeyNotString {
        /// What it is instead.
        found: &'static str,
    },
    /// A merge key whose value is no mapping.
    #[error("the merge key << needs a mapping, or a list of mappings")]
    BadMerge,
    /// A YAML tag that Kubernetes gives no meaning.
    #[error("has a YAML tag that Kubernetes does not know; remove the tag")]
    UnsupportedTag,
    /// Something unquoted that kubectl does not read as a string.
    #[error("is {found}, not a string; put it in quotes")]
    NotText {
        /// What it is instead.
        found: &'static str,
    },
    /// A value of the wrong type.
    #[error("is {found}, not {expected}")]
    WrongType {
        /// What the field holds.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that JSON cannot hold.
    #[error("is not a finite number, which JSON cannot hold; put it in quotes")]
    NotFinite,
    /// A field that must be there is not.
    #[error("is missing; add it")]
    Missing,
    /// A field that the kind does not have.
    #[error("is not a field of {kind}; check its spelling and its indentation")]
    UnknownField {
        /// The kind of the object, with its article.
        kind: &'static str,
    },
    /// A value that is none of a closed set.
    #[error("is none of {allowed}; use one of them")]
    NotOneOf {
        /// The words of the set.
        allowed: &'static str,
    },
    /// A label selector that compares with no values, or has values and compares with none.
    #[error(
        "is not in keeping with its values; In and NotIn take some, Exists and DoesNotExist none"
    )]
    OperatorValues,
    /// A version of the API that this program does not know.
    #[error("is {}, a version that this program does not know; update waxwing", Quoted(.0))]
    UnknownVersion(String),
    /// The object has no name.
    #[error("has no metadata.name; add it")]
    NoName,
    /// The object has no namespace and none was given.
    #[error("has no metadata.namespace; add it, or pass -n NAMESPACE")]
    NoNamespace,
    /// A name, namespace, item name, label or annotation that Kubernetes refuses.
    #[error("{0}")]
    Invalid(NameError),
    /// There is no item.
    #[error("has no items; add them under {field}")]
    Empty {
        /// The field that holds the items.
        field: &'static str,
    },
    /// An item without a value.
    #[error("has no value; write \"\" for an empty one")]
    NoValue,
    /// A value under `data` that is not base64.
    #[error("is not valid base64; encode it, or put the plain text under stringData")]
    NotBase64,
    /// The values of the Secret are larger than Kubernetes allows.
    #[error(
        "its values have more than 1 MiB together, the limit of Kubernetes; split it into several Secrets"
    )]
    TooLarge,
    /// The annotations are larger than Kubernetes allows.
    #[error("have more than 256 KiB together, the limit of Kubernetes; shorten them")]
    AnnotationsTooLarge,
    /// An item that Kubernetes demands of Secrets of this type is missing.
    #[error("Kubernetes demands of a Secret of type {type_} {needed}; add it or change the type")]
    TypeNeeds {
        /// The type of the Secret.
        type_: &'static str,
        /// What it needs, in words.
        needed: &'static str,
    },
    /// An item is made both by a sealed value and by a template.
    #[error("is both in encryptedData and in template.data; remove one of them")]
    ItemTwice,
    /// An object whose secret values stand in the file for everyone to read.
    #[error("has values in clear: {}", Names(.items))]
    InClear {
        /// The names of the items.
        items: Vec<String>,
    },
    /// A Secret that is the private half of a sealing key.
    #[error("is the private half of a sealing key, in clear")]
    PrivateSealingKey,
    /// The recipient of a SealingKey is none.
    #[error("{0}")]
    NotARecipient(#[source] ParseRecipientError),
    /// A SealingKey that is not named after its recipient, or not of its recipient's algorithm.
    #[error(
        "is not what belongs to its recipient: {expected}; take the object from another backup"
    )]
    NotOfItsRecipient {
        /// What it should be.
        expected: String,
    },
    /// A value that cannot be changed without the risk of changing something else.
    #[error(
        "cannot be changed in place, because {0}; write the items as plain lines, ITEM: VALUE, or change it by hand"
    )]
    NotEditable(&'static str),
    /// The value is no sealed value.
    #[error("{0}")]
    Malformed(#[source] MalformedError),
    /// The value could not be opened where it stands, or would not be.
    #[error("{0}")]
    NotOpened(#[source] OpenError),
    /// The value of a ClusterSealedSecret opens in one namespace at most.
    #[error(
        "sealed for one place ({scope}), but a ClusterSealedSecret takes values of the scope cluster only; seal the value again with --scope cluster"
    )]
    NotClusterWide {
        /// Where it may be opened.
        scope: Scope,
    },
    /// The value could not be sealed.
    #[error("{0}")]
    NotSealed(#[source] SealError),
}
