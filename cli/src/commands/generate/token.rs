//! `waxwing generate token`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::ValueEnum;
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::strength::warn_if_guessable;
use super::{Generate, Generated};
use crate::commands::items::Items;
use crate::completion;
use crate::diagnostic::Failure;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxwing generate token api -n prod -o api.yaml
  waxwing generate token webhook -n prod --item signing-key --bytes 64 --encoding hex";

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The item that holds the token
    #[arg(
        long,
        value_name = "ITEM",
        default_value = "token",
        help_heading = "Value",
        add = completion::items()
    )]
    item: String,

    /// How many random bytes it is made of
    #[arg(
        long,
        value_name = "N",
        default_value_t = 32,
        value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Value")]
    bytes: u16,

    /// How the bytes are written
    #[arg(long, value_enum, default_value = "base64url", help_heading = "Value")]
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Encoding {
    /// RFC 4648 section 5, without padding: goes into a URL as it is
    Base64url,
    /// RFC 4648 section 4, with padding
    Base64,
    /// Lower-case hexadecimal digits, two for each byte
    Hex,
}

impl Encoding {
    fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let text = match self {
            Self::Base64url => URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
            Self::Base64 => STANDARD.encode(bytes).into_bytes(),
            Self::Hex => {
                let mut digits = Vec::with_capacity(bytes.len() * 2);
                digits.extend(
                    bytes
                        .iter()
                        .flat_map(|byte| [byte >> 4, byte & 15].map(hex_digit)),
                );
                digits
            }
        };
        Zeroizing::new(text)
    }
}

fn hex_digit(half: u8) -> u8 {
    HEX_DIGITS[usize::from(half)]
}

impl Generate for Args {
    fn generate(&self, _name: &str) -> Result<Generated, Failure> {
        let len = usize::from(self.bytes);
        let mut bytes = Zeroizing::new(vec![0; len]);
        OsRng.fill_bytes(&mut bytes);
        let mut items = Items::default();
        items.add("--item", &self.item, self.encoding.encode(&bytes))?;
        warn_if_guessable(len, 256, "--bytes");
        Ok(Generated::secret(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_rfc_4648_has_it() {
        let cases = [
            (Encoding::Base64url, "-_8A"),
            (Encoding::Base64, "+/8A"),
            (Encoding::Hex, "fbff00"),
        ];
        for (encoding, expected) in cases {
            assert_eq!(
                encoding.encode(&[0xfb, 0xff, 0x00]).as_slice(),
                expected.as_bytes(),
                "{encoding:?}"
            );
        }
    }
}
