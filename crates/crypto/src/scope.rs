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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const HOME: Place<'static> = Place {
        namespace: "prod",
        name: "db",
        item: "password",
    };

    #[test]
    fn a_scope_permits_what_it_names_and_nothing_else() {
        let other_item = Place {
            item: "user",
            ..HOME
        };
        let other_name = Place {
            name: "cache",
            ..HOME
        };
        let other_namespace = Place {
            namespace: "dev",
            ..HOME
        };
        for (kind, permitted) in [
            (ScopeKind::Strict, [true, false, false, false]),
            (ScopeKind::Namespace, [true, true, true, false]),
            (ScopeKind::Cluster, [true, true, true, true]),
        ] {
            let scope = kind.at(&HOME);
            let places = [HOME, other_item, other_name, other_namespace];
            assert_eq!(places.map(|place| scope.permits(&place)), permitted);
            assert_eq!(scope.kind(), kind);
        }
    }

    #[test]
    fn a_scope_reads_well() {
        for (kind, text) in [
            (ScopeKind::Strict, "strict prod/db/password"),
            (ScopeKind::Namespace, "namespace prod"),
            (ScopeKind::Cluster, "cluster"),
        ] {
            assert_eq!(kind.at(&HOME).to_string(), text);
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("Strict".parse::<ScopeKind>(), Err(UnknownScopeKind));
    }

    #[test]
    fn wrong_arguments_make_no_scope() {
        for args in [
            &[][..],
            &["strict"],
            &["strict", "prod", "db"],
            &["strict", "prod", "db", "password", "more"],
            &["strict", "prod", "", "password"],
            &["namespace"],
            &["namespace", "prod", "db"],
            &["cluster", "prod"],
            &["Cluster"],
            &["anywhere"],
        ] {
            assert_eq!(Scope::from_args(args), None, "{args:?}");
        }
    }

    #[test]
    fn a_name_that_a_stanza_cannot_hold_is_refused_and_named() {
        let long = "x".repeat(MAX_WORD_LEN + 1);
        for bad in ["", "two words", "line\nbreak", "naïve", long.as_str()] {
            for (place, what) in [
                (
                    Place {
                        namespace: bad,
                        ..HOME
                    },
                    "namespace",
                ),
                (Place { name: bad, ..HOME }, "name"),
                (Place { item: bad, ..HOME }, "item"),
            ] {
                assert_eq!(
                    ScopeKind::Strict.at(&place).check(),
                    Err(ScopeWordError { what })
                );
            }
        }
    }

    proptest! {
        #[test]
        fn a_scope_is_read_as_it_was_written(
            namespace in "[!-~]{1,253}", name in "[!-~]{1,253}", item in "[!-~]{1,253}", kind in 0..3usize
        ) {
            let place = Place { namespace: &namespace, name: &name, item: &item };
            let scope = ScopeKind::ALL[kind].at(&place);
            prop_assert_eq!(scope.check(), Ok(()));
            let args = scope.to_args();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            prop_assert_eq!(Scope::from_args(&args), Some(scope));
        }
    }
}
