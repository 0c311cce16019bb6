//! The text form of age's keys: Bech32 (BIP 173) without its limit on length.

use bech32::{FromBase32, ToBase32, Variant};
use zeroize::Zeroizing;

/// The parts of a Bech32 string: the human-readable part in lower case, and the bytes. `None` if
/// the text is no Bech32 or its checksum does not match.
pub(crate) fn decode(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let (hrp, digits, variant) = bech32::decode(text).ok()?;
    if variant != Variant::Bech32 {
        return None;
    }
    let bytes = Vec::from_base32(&digits).ok()?;
    Some((hrp, Zeroizing::new(bytes)))
}

/// The lower-case Bech32 string of `bytes`.
pub(crate) fn encode(hrp: &str, bytes: &[u8]) -> Zeroizing<String> {
    let text = bech32::encode(hrp, bytes.to_base32(), Variant::Bech32);
    Zeroizing::new(text.expect("the prefixes of age's keys are valid Bech32"))
}
