//! `waxwing generate password`.

use zeroize::Zeroizing;

use super::alphabet::{Alphabet, AlphabetError, Class, DEFAULT};
use super::strength::warn_if_guessable;
use super::{Generate, Generated};
use crate::commands::items::Items;
use crate::completion;
use crate::diagnostic::Failure;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxwing generate password db -n prod -o db.yaml
  waxwing generate password db -n prod --length 24 --alphabet lower,upper,digits,symbols
  waxwing generate password door -n prod --item pin --length 20 --characters 0123456789";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The item that holds the password
    #[arg(
        long,
        value_name = "ITEM",
        default_value = "password",
        help_heading = "Value",
        add = completion::items()
    )]
    item: String,

    #[command(flatten)]
    password: PasswordArgs<4096>,
}

/// How to draw a password of at most `MAX` bytes.
#[derive(Debug, clap::Args)]
pub(super) struct PasswordArgs<const MAX: u16> {
    /// How many characters it has
    #[arg(
        long,
        value_name = "N",
        default_value_t = 32,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX)),
        help_heading = "Value"
    )]
    length: u16,

    /// The classes of characters, of each of which it has at least one [default: lower,upper,digits]
    #[arg(
        long,
        value_name = "CLASS,…",
        value_delimiter = ',',
        help_heading = "Value"
    )]
    alphabet: Vec<Class>,

    /// The very characters to draw from
    #[arg(
        long,
        value_name = "SET",
        conflicts_with = "alphabet",
        help_heading = "Value"
    )]
    characters: Option<String>,
}

impl<const MAX: u16> PasswordArgs<MAX> {
    /// A new password.
    pub(super) fn draw(&self) -> Result<Zeroizing<String>, AlphabetError> {
        let alphabet = match &self.characters {
            Some(set) => Alphabet::of_characters(set)?,
            None if self.alphabet.is_empty() => Alphabet::of_classes(&DEFAULT),
            None => Alphabet::of_classes(&self.alphabet),
        };
        let length = usize::from(self.length);
        if alphabet.max_bytes(length) > usize::from(MAX) {
            return Err(AlphabetError::TooLong { length, max: MAX });
        }
        let password = alphabet.draw(length)?;
        warn_if_guessable(length, alphabet.len(), "--length");
        Ok(password)
    }
}

impl Generate for Args {
    fn generate(&self, _name: &str) -> Result<Generated, Failure> {
        let mut password = self.password.draw()?;
        let password = Zeroizing::new(std::mem::take(&mut *password).into_bytes());
        let mut items = Items::default();
        items.add("--item", &self.item, password)?;
        Ok(Generated::secret(items))
    }
}
