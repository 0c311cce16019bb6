//! A file as age should read it.

use std::io::{self, BufRead, Read};

/// A reader that hands over the header of an age file in one piece.
///
/// age asks for the header line by line, and parses all that it has from the start after each line.
/// That takes time in proportion to the square of the lines: with thousands of tiny stanzas, which
/// still fit into the longest header, a single value would keep a controller busy for seconds.
pub(crate) struct HeaderFirst<'a> {
    header: &'a [u8],
    payload: &'a [u8],
}

impl<'a> HeaderFirst<'a> {
    /// The file, whose header is `header_len` bytes long.
    pub(crate) fn new(file: &'a [u8], header_len: usize) -> Self {
        let (header, payload) = file.split_at(header_len);
        Self { header, payload }
    }

    fn current(&mut self) -> &mut &'a [u8] {
        if self.header.is_empty() {
            &mut self.payload
        } else {
            &mut self.header
        }
    }
}

impl Read for HeaderFirst<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.current().read(buffer)
    }
}

impl BufRead for HeaderFirst<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.current())
    }

    fn consume(&mut self, len: usize) {
        self.current().consume(len);
    }

    /// Reads all of the header, if it was not read yet, and not only up to the delimiter.
    fn read_until(&mut self, delimiter: u8, buffer: &mut Vec<u8>) -> io::Result<usize> {
        if self.header.is_empty() {
            return self.payload.read_until(delimiter, buffer);
        }
        self.header.read_to_end(buffer)
    }
}
