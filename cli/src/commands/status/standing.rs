//! How the keys of a SealedSecret compare with those that `.waxwing.yaml` has for its clusters.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use waxwing_crypto::KeyId;

use super::pins::{Owner, Pin};

/// In one word: the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Every value is sealed to all keys that it would be sealed to today.
    Current,
    /// A value lacks one of these keys.
    Incomplete,
    /// A value lacks one of these keys, and has one that `.waxwing.yaml` does not know: most likely
    /// an older key of the same cluster.
    Stale,
    /// Nothing says which keys it should be sealed to.
    Unknown,
    /// It could not be read.
    Broken,
}

impl State {
    pub(super) const ALL: [Self; 5] = [
        Self::Current,
        Self::Incomplete,
        Self::Stale,
        Self::Unknown,
        Self::Broken,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Incomplete => "incomplete",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// The keys of a SealedSecret, compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: State,
    /// Whose keys a value lacks.
    pub(super) lacking: BTreeSet<Owner>,
    /// The keys that no value would be sealed to today, with the owners of those that are known.
    pub(super) others: BTreeMap<KeyId, Option<Owner>>,
}

impl Standing {
    /// That of a SealedSecret that could not be read.
    pub(super) const BROKEN: Self = Self {
        state: State::Broken,
        lacking: BTreeSet::new(),
        others: BTreeMap::new(),
    };

    /// Compares the keys of each value with the `wanted` ones, which it would be sealed to today; the
    /// owners of others may be among `pins`.
    pub(super) fn of<'a>(
        values: impl Iterator<Item = &'a [KeyId]>,
        wanted: &[Pin],
        pins: &[Pin],
    ) -> Self {
        let mut standing = Self {
            state: State::Current,
            lacking: BTreeSet::new(),
            others: BTreeMap::new(),
        };
        for keys in values {
            let state = standing.add(keys, wanted, pins);
            standing.state = standing.state.max(state);
        }
        standing
    }

    fn add(&mut self, keys: &[KeyId], wanted: &[Pin], pins: &[Pin]) -> State {
        let lacking = wanted.iter().filter(|pin| !keys.contains(&pin.key));
        let lacking: BTreeSet<Owner> = lacking.map(|pin| pin.owner.clone()).collect();
        let is_wanted = |key: &KeyId| wanted.iter().any(|pin| pin.key == *key);
        let owner = |key: &KeyId| {
            let pin = pins.iter().find(|pin| pin.key == *key);
            pin.map(|pin| pin.owner.clone())
        };
        let others = keys.iter().filter(|key| !is_wanted(key));
        let others: BTreeMap<KeyId, Option<Owner>> = others.map(|key| (*key, owner(key))).collect();
        let state = match () {
            () if wanted.is_empty() => State::Unknown,
            () if lacking.is_empty() => State::Current,
            () if others.values().any(Option::is_none) => State::Stale,
            () => State::Incomplete,
        };
        self.lacking.extend(lacking);
        self.others.extend(others);
        state
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A key named by one digit, for the tests to read well.
    fn key(digit: char) -> KeyId {
        digit.to_string().repeat(16).parse().unwrap()
    }

    fn owner(word: &str) -> Owner {
        match word {
            "recovery" => Owner::Recovery,
            name => Owner::Cluster(name.to_owned()),
        }
    }

    /// Pins such as `p:prod`.
    fn pins(words: &str) -> Vec<Pin> {
        let pin = |word: &str| {
            let (key_name, owner) = word.split_once(':').unwrap();
            Pin {
                key: key(key_name.chars().next().unwrap()),
                owner: self::owner(owner),
            }
        };
        words.split_whitespace().map(pin).collect()
    }

    #[test]
    fn keys_are_compared_with_those_that_the_values_would_be_sealed_to_today() {
        use State::{Current, Incomplete, Stale, Unknown};
        const ALL: &str = "a:prod b:staging c:recovery d:other";
        type Case<'a> = (
            &'a str,
            &'a [&'a str],
            &'a str,
            State,
            &'a [&'a str],
            &'a [(char, Option<&'a str>)],
        );
        let cases: &[Case<'_>] = &[
            (
                "all keys",
                &["ac", "ca"],
                "a:prod c:recovery",
                Current,
                &[],
                &[],
            ),
            (
                "an older key",
                &["9"],
                "a:prod",
                Stale,
                &["prod"],
                &[('9', None)],
            ),
            (
                "one of two clusters rolled over",
                &["a9"],
                "a:prod b:staging",
                Stale,
                &["staging"],
                &[('9', None)],
            ),
            (
                "no key of a cluster",
                &["a"],
                "a:prod b:staging",
                Incomplete,
                &["staging"],
                &[],
            ),
            (
                "another cluster's key",
                &["d"],
                "a:prod",
                Incomplete,
                &["prod"],
                &[('d', Some("other"))],
            ),
            (
                "a further key of nobody",
                &["a9"],
                "a:prod",
                Current,
                &[],
                &[('9', None)],
            ),
            (
                "a further key of another cluster",
                &["ad"],
                "a:prod",
                Current,
                &[],
                &[('d', Some("other"))],
            ),
            (
                "the worst value counts",
                &["a", "9", "a"],
                "a:prod",
                Stale,
                &["prod"],
                &[('9', None)],
            ),
            (
                "nothing to compare with",
                &["9"],
                "",
                Unknown,
                &[],
                &[('9', None)],
            ),
            ("no values", &[], "a:prod", Current, &[], &[]),
        ];
        for &(name, values, wanted, state, lacking, others) in cases {
            let values: Vec<Vec<KeyId>> = values
                .iter()
                .map(|keys| keys.chars().map(key).collect())
                .collect();
            let values = values.iter().map(Vec::as_slice);
            let found = Standing::of(values, &pins(wanted), &pins(ALL));
            let others = others.iter();
            let expected = Standing {
                state,
                lacking: lacking.iter().copied().map(owner).collect(),
                others: others
                    .map(|(digit, name)| (key(*digit), name.map(owner)))
                    .collect(),
            };
            assert_eq!(found, expected, "{name}");
        }
    }
}
