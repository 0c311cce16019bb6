//! Plaintexts that can be recognised wherever they turn up.
//!
//! Every value that a test seals carries a marker which nothing else in the world contains. If the
//! marker stands in a log, an event, a metric, a condition or an error, a plaintext has leaked.

use std::{fmt::Write, sync::OnceLock};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD, prelude::BASE64_URL_SAFE_NO_PAD};

/// A value to seal: the marker of this test process and a label that tells values apart.
pub fn plaintext(label: &str) -> String {
    format!("{}-{label}", marker())
}

/// In which forms the marker stands in `text`: as it is, in base64, in hex, or as a list of bytes
/// (what Debug prints of a `Vec<u8>`). Empty when it does not.
pub fn traces(text: &str) -> Vec<&'static str> {
    let forms = forms();
    forms
        .iter()
        .filter(|(_, form)| text.contains(form))
        .map(|(name, _)| *name)
        .collect()
}

/// How often each form of the marker stands in `bytes`, without the forms that do not.
pub fn count(bytes: &[u8]) -> Vec<(&'static str, usize)> {
    let counts = forms().iter().map(|(name, form)| {
        let found = memchr::memmem::find_iter(bytes, form.as_bytes());
        (*name, found.count())
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

fn marker() -> &'static str {
    static MARKER: OnceLock<String> = OnceLock::new();
    MARKER.get_or_init(|| format!("canary{:032x}", rand::random::<u128>()))
}

fn forms() -> &'static [(&'static str, String)] {
    static FORMS: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let bytes = marker().as_bytes();
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let list = bytes
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let mut forms = vec![
            ("text", marker().to_owned()),
            ("upper-case hex", hex.to_uppercase()),
            ("hex", hex),
            ("a list of bytes", list),
        ];
        for shift in 0..3 {
            forms.push(("base64", base64_at(&BASE64_STANDARD_NO_PAD, bytes, shift)));
            forms.push((
                "URL-safe base64",
                base64_at(&BASE64_URL_SAFE_NO_PAD, bytes, shift),
            ));
        }
        forms
    })
}

/// The characters that `bytes` always contribute to a base64 text in which they begin `shift` bytes
/// after a group of three, whatever stands around them.
fn base64_at(engine: &impl Engine, bytes: &[u8], shift: usize) -> String {
    let shifted = [&[0_u8; 2][..shift], bytes].concat();
    let text = engine.encode(&shifted);
    let first = (shift * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    text[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    #[test]
    fn a_plaintext_is_found_in_every_form_and_at_every_place() {
        let secret = plaintext("password");
        assert!(traces("nothing of interest").is_empty());
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}{secret}, and more");
            assert_eq!(traces(&text), ["text"]);
            assert!(
                traces(&BASE64_STANDARD.encode(&text)).contains(&"base64"),
                "{before:?}"
            );
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(traces(&hex), ["hex"]);
            assert_eq!(traces(&hex.to_uppercase()), ["upper-case hex"]);
            assert_eq!(
                traces(&format!("{:?}", text.as_bytes())),
                ["a list of bytes"]
            );
        }
    }
}
