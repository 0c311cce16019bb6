//! The contents of files in Git's index.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use zeroize::Zeroizing;

use super::MAX_LEN;
use super::staged::StagedError;
use crate::git::Git;

/// One `git cat-file` for all contents.
pub(super) struct Blobs {
    process: Child,
    wanted: ChildStdin,
    contents: BufReader<ChildStdout>,
}

impl Blobs {
    pub(super) fn open(git: &Git) -> Result<Self, StagedError> {
        let mut process = git.start(&["cat-file", "--batch"])?;
        let (wanted, contents) = (process.stdin.take(), process.stdout.take());
        Ok(Self {
            process,
            wanted: wanted.expect("standard input is piped"),
            contents: BufReader::new(contents.expect("standard output is piped")),
        })
    }

    /// The content that an object name stands for.
    pub(super) fn read(&mut self, object: &str) -> Result<Blob, StagedError> {
        // A line is all that can be asked for.
        if object.contains('\n') {
            return Ok(Blob::Missing);
        }
        self.try_read(object)
            .map_err(|cause| StagedError::Unreadable(cause.to_string()))
    }

    /// After the line `OBJECT TYPE LENGTH` comes the content, and the end of a line; `NAME missing`
    /// stands alone.
    fn try_read(&mut self, object: &str) -> io::Result<Blob> {
        writeln!(self.wanted, "{object}")?;
        let mut head = String::new();
        self.contents.read_line(&mut head)?;
        let (_, len) = head
            .trim_end()
            .rsplit_once(' ')
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if len == "missing" {
            return Ok(Blob::Missing);
        }
        let len: usize = len.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        let blob = if len > MAX_LEN {
            let len = u64::try_from(len).unwrap_or(u64::MAX);
            io::copy(&mut self.contents.by_ref().take(len), &mut io::sink())?;
            Blob::TooLarge
        } else {
            let mut content = Zeroizing::new(vec![0; len]);
            self.contents.read_exact(&mut content)?;
            Blob::Content(content)
        };
        self.contents.read_exact(&mut [0])?;
        Ok(blob)
    }
}

/// A content.
pub(super) enum Blob {
    Content(Zeroizing<Vec<u8>>),
    /// Larger than the limit.
    TooLarge,
    Missing,
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // It only reads, and may be waiting for someone to take a content that nobody wants any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
