//! Values to JSON.

use std::io::{self, Write};

use zeroize::Zeroizing;

use crate::value::Value;

/// Appends a value, indented, with a line break at the end.
pub(crate) fn write_json(value: &Value, out: &mut Zeroizing<String>) {
    const INFALLIBLE: &str = "writing a value of texts, numbers and lists to memory does not fail";
    // One allocation of the final size: growing would leave plaintext behind in freed memory.
    let mut len = Length(0);
    serde_json::to_writer_pretty(&mut len, value).expect(INFALLIBLE);
    out.reserve(len.0 + 1);
    serde_json::to_writer_pretty(Appended(out), value).expect(INFALLIBLE);
    out.push('\n');
}

/// Counts the bytes that are written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends to a text.
struct Appended<'a>(&'a mut Zeroizing<String>);

impl Write for Appended<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.push_str(text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
