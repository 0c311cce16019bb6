//! The characters that a password is drawn from.

use clap::ValueEnum;
use rand::Rng;
use rand::distributions::Uniform;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::diagnostic::Advice;

/// A named class of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Class {
    /// a to z
    Lower,
    /// A to Z
    Upper,
    /// 0 to 9
    Digits,
    /// Punctuation of ASCII, without quotes, backquote and backslash
    Symbols,
}

impl Class {
    fn characters(self) -> &'static str {
        match self {
            Self::Lower => "abcdefghijklmnopqrstuvwxyz",
            Self::Upper => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digits => "0123456789",
            Self::Symbols => "!#$%&()*+,-./:;<=>?@[]^_{|}~",
        }
    }
}

/// Letters and digits: no shell, URL or configuration file gives them a meaning.
pub(super) const DEFAULT: [Class; 3] = [Class::Lower, Class::Upper, Class::Digits];

/// What to draw from: one or several groups of characters, none of them twice.
#[derive(Debug)]
pub(super) struct Alphabet {
    characters: Vec<char>,
    groups: Vec<&'static str>,
}

impl Alphabet {
    /// All characters of the classes. What is drawn has at least one of each class, as password
    /// policies demand it.
    pub(super) fn of_classes(classes: &[Class]) -> Self {
        let mut groups: Vec<&str> = Vec::new();
        for class in classes {
            if !groups.contains(&class.characters()) {
                groups.push(class.characters());
            }
        }
        Self {
            characters: groups.iter().flat_map(|group| group.chars()).collect(),
            groups,
        }
    }

    /// Just these characters.
    pub(super) fn of_characters(set: &str) -> Result<Self, AlphabetError> {
        let mut characters = Vec::new();
        for character in set.chars() {
            if character.is_control() {
                return Err(AlphabetError::Control);
            }
            if characters.contains(&character) {
                return Err(AlphabetError::Twice { character });
            }
            characters.push(character);
        }
        if characters.len() < 2 {
            return Err(AlphabetError::TooFew);
        }
        Ok(Self {
            characters,
            groups: Vec::new(),
        })
    }

    /// How many characters there are.
    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    /// Draws `length` characters from the random numbers of the system, every text that fits as
    /// likely as any other.
    pub(super) fn draw(&self, length: usize) -> Result<Zeroizing<String>, AlphabetError> {
        if length < self.groups.len() {
            return Err(AlphabetError::TooShort {
                classes: self.groups.len(),
            });
        }
        // Drawing again until all groups are there keeps what fits equally likely; putting the
        // missing ones in afterwards would not.
        loop {
            let text = self.draw_any(length);
            if self.has_every_group(&text) {
                return Ok(text);
            }
        }
    }

    /// The most bytes that `length` of its characters may have.
    pub(super) fn max_bytes(&self, length: usize) -> usize {
        let lens = self.characters.iter().map(|character| character.len_utf8());
        length * lens.max().unwrap_or(0)
    }

    fn draw_any(&self, length: usize) -> Zeroizing<String> {
        let index = Uniform::from(0..self.characters.len());
        // Large enough from the start: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(self.max_bytes(length)));
        text.extend((0..length).map(|_| self.characters[OsRng.sample(index)]));
        text
    }

    fn has_every_group(&self, text: &str) -> bool {
        self.groups
            .iter()
            .all(|group| text.contains(|character| group.contains(character)))
    }
}

/// Characters that cannot be drawn from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AlphabetError {
    #[error("--characters: has \"{character}\" twice, which would make it more likely")]
    Twice { character: char },
    #[error("--characters: has a control character, such as a line break or a tab")]
    Control,
    #[error("--characters: has fewer than two characters, which leaves nothing to chance")]
    TooFew,
    #[error("--length: has to be {classes} or more, as there is one character of each class")]
    TooShort { classes: usize },
    #[error("--length: {length} of these characters may have more than {max} bytes")]
    TooLong { length: usize, max: u16 },
}

impl Advice for AlphabetError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::Twice { .. } | Self::Control => "name each printable character once",
            Self::TooFew => "name more, or leave it out for letters and digits",
            Self::TooLong { .. } => "take a smaller --length, or --characters of ASCII",
            Self::TooShort { .. } => "take a larger --length, or fewer classes in --alphabet",
        };
        vec![advice.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_class_is_there_even_in_the_shortest_text() {
        let all = Alphabet::of_classes(Class::value_variants());
        for _ in 0..200 {
            let text = all.draw(4).unwrap();
            assert_eq!(text.chars().count(), 4);
            assert!(all.has_every_group(&text), "{}", text.as_str());
        }
    }

    #[test]
    fn a_text_too_short_for_its_classes_is_refused() {
        let error = Alphabet::of_classes(&DEFAULT).draw(2).unwrap_err();
        assert_eq!(error, AlphabetError::TooShort { classes: 3 });
    }

    #[test]
    fn a_class_named_twice_counts_once() {
        let twice = Alphabet::of_classes(&[Class::Digits, Class::Digits]);
        assert_eq!((twice.len(), twice.groups.len()), (10, 1));
    }

    #[test]
    fn no_character_is_in_two_classes() {
        let mut all = Alphabet::of_classes(Class::value_variants()).characters;
        let len = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), len);
    }

    #[test]
    fn characters_are_drawn_equally_often() {
        // Three does not divide a power of two: taking a random byte modulo 3 would show.
        let alphabet = Alphabet::of_characters("aé€").unwrap();
        let mut counts = BTreeMap::new();
        for character in alphabet.draw(30_000).unwrap().chars() {
            *counts.entry(character).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 3);
        // Ten standard deviations (82 each) away from 10,000: by chance once in 10^22 runs.
        for (character, count) in counts {
            assert!(count.abs_diff(10_000) < 820, "{character}: {count}");
        }
    }

    #[test]
    fn the_buffer_of_a_text_never_grows() {
        let alphabet = Alphabet::of_characters("a€").unwrap();
        let text = alphabet.draw(100).unwrap();
        assert_eq!(text.capacity(), 300);
    }

    #[test]
    fn a_set_that_is_no_alphabet_is_refused() {
        let cases = [
            ("aba", AlphabetError::Twice { character: 'a' }),
            ("a\n", AlphabetError::Control),
            ("a", AlphabetError::TooFew),
            ("", AlphabetError::TooFew),
        ];
        for (set, expected) in cases {
            assert_eq!(
                Alphabet::of_characters(set).unwrap_err(),
                expected,
                "{set:?}"
            );
        }
    }
}
