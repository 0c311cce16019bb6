//! Where a sealed value may be opened.

use std::fmt;
use std::str::FromStr;

/// The longest namespace, name or item, in bytes: the longest that Kubernetes allows for any of them.
const MAX_WORD_LEN: usize = 253;

/// Where a value stands: the item of a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The namespace of the Secret.
    pub namespace: &'a str,
    /// The name of the Secret.
    pub name: &'a str,
    /// The key of the value in the Secret's data.
    pub item: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.name, self.item)
    }
}

/// Where a sealed value may be opened. It is part of the value, authenticated by the value's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In one item of one Secret.
    Strict {
        /// The namespace of the Secret.
        namespace: String,
        /// The name of the Secret.
        name: String,
        /// The key of the value in the Secret's data.
        item: String,
    },
    /// In any item of any Secret of one namespace.
    Namespace {
        /// The namespace.
        namespace: String,
    },
    /// Anywhere.
    Cluster,
}

impl Scope {
    /// Whether a value of this scope may be opened there.
    pub fn permits(&self, place: &Place<'_>) -> bool {
        match self {
            Self::Strict {
                namespace,
                name,
                item,
            } => (namespace.as_str(), name.as_str(), item.as_str()) == place.words(),
            Self::Namespace { namespace } => namespace == place.namespace,
            Self::Cluster => true,
        }
    }

    /// How wide the scope is.
    pub const fn kind(&self) -> ScopeKind {
        match self {
            Self::Strict { .. } => ScopeKind::Strict,
            Self::Namespace { .. } => ScopeKind::Namespace,
            Self::Cluster => ScopeKind::Cluster,
        }
    }

    /// The arguments of the scope stanza.
    pub(crate) fn to_args(&self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Strict {
                namespace,
                name,
                item,
            } => &[namespace, name, item],
            Self::Namespace { namespace } => &[namespace],
            Self::Cluster => &[],
        };
        std::iter::once(self.kind().as_str())
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect()
    }

    /// Reads the arguments of the scope stanza.
    pub(crate) fn from_args(args: &[&str]) -> Option<Self> {
        let (&kind, words) = args.split_first()?;
        if !words.iter().all(|word| is_word(word)) {
            return None;
        }
        match (kind.parse().ok()?, words) {
            (ScopeKind::Strict, &[namespace, name, item]) => {
                let place = Place {
                    namespace,
                    name,
                    item,
                };
                Some(ScopeKind::Strict.at(&place))
            }
            (ScopeKind::Namespace, &[namespace]) => Some(Self::Namespace {
                namespace: namespace.to_owned(),
            }),
            (ScopeKind::Cluster, &[]) => Some(Self::Cluster),
            _ => None,
        }
    }

    /// Refuses what the scope stanza cannot write.
    pub(crate) fn check(&self) -> Result<(), ScopeWordError> {
        let named: &[(&'static str, &String)] = match self {
            Self::Strict {
                namespace,
                name,
                item,
            } => &[("namespace", namespace), ("name", name), ("item", item)],
            Self::Namespace { namespace } => &[("namespace", namespace)],
            Self::Cluster => &[],
        };
        match named.iter().find(|(_, word)| !is_word(word)) {
            Some((what, _)) => Err(ScopeWordError { what }),
            None => Ok(()),
        }
    }
}

/// The scope as people read it, for example `strict prod/db-credentials/password`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strict {
                namespace,
                name,
                item,
            } => write!(f, "strict {namespace}/{name}/{item}"),
            Self::Namespace { namespace } => write!(f, "namespace {namespace}"),
            Self::Cluster => f.write_str("cluster"),
        }
    }
}

impl<'a> Place<'a> {
    const fn words(&self) -> (&'a str, &'a str, &'a str) {
        (self.namespace, self.name, self.item)
    }
}

/// An argument of a stanza: visible ASCII without spaces, as age writes it.
fn is_word(word: &str) -> bool {
    (1..=MAX_WORD_LEN).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A namespace, name or item that a scope cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} cannot stand in a scope; use 1 to {MAX_WORD_LEN} visible ASCII characters, as Kubernetes does"
)]
pub struct ScopeWordError {
    what: &'static str,
}

/// How wide a scope is, without the names in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// One item of one Secret.
    #[default]
    Strict,
    /// One namespace.
    Namespace,
    /// The whole cluster.
    Cluster,
}

impl ScopeKind {
    const ALL: [Self; 3] = [Self::Strict, Self::Namespace, Self::Cluster];

    /// The word for it in flags and in the scope stanza.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Namespace => "namespace",
            Self::Cluster => "cluster",
        }
    }

    /// The scope of this kind for a value that belongs at `place`.
    pub fn at(self, place: &Place<'_>) -> Scope {
        match self {
            Self::Strict => Scope::Strict {
                namespace: place.namespace.to_owned(),
                name: place.name.to_owned(),
                item: place.item.to_owned(),
            },
            Self::Namespace => Scope::Namespace {
                namespace: place.namespace.to_owned(),
            },
            Self::Cluster => Scope::Cluster,
        }
    }
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind of scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope; use strict, namespace or cluster")]
pub struct UnknownScopeKind;

impl FromStr for ScopeKind {
    type Err = UnknownScopeKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or(UnknownScopeKind)
    }
}
