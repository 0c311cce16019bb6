//! The memory of a running process, from /proc.

use std::{fmt, fs::File, os::unix::fs::FileExt};

use crate::{
    canary,
    error::{Context, HarnessError},
};

/// Where in the memory of a process plaintexts stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The name of the mapping, such as `[heap]`; empty: an anonymous one.
    pub mapping: String,
    /// The form, as [`canary::traces`] names it.
    pub form: &'static str,
    /// How often.
    pub count: usize,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapping = if self.mapping.is_empty() {
            "anonymous memory"
        } else {
            &self.mapping
        };
        write!(f, "{} times as {} in {mapping}", self.count, self.form)
    }
}

/// All plaintexts of this test process that stand in the writable memory of process `pid`.
///
/// # Errors
/// When it has ended, or its memory may not be read: only root may, as the controller forbids it to
/// others.
pub fn plaintexts(pid: u32) -> Result<Vec<Trace>, HarnessError> {
    let mut traces = Vec::new();
    look(pid, |name, bytes| {
        let counts = canary::count(bytes).into_iter();
        traces.extend(counts.map(|(form, count)| Trace {
            mapping: name.to_owned(),
            form,
            count,
        }));
    })?;
    Ok(traces)
}

/// Whether `text` stands there: by something that must be there, a search shows that it sees anything.
///
/// # Errors
/// As [`plaintexts`].
pub fn contains(pid: u32, text: &str) -> Result<bool, HarnessError> {
    let mut found = false;
    look(pid, |_, bytes| {
        found |= memchr::memmem::find(bytes, text.as_bytes()).is_some();
    })?;
    Ok(found)
}

/// Shows every writable mapping, with its name.
fn look(pid: u32, mut see: impl FnMut(&str, &[u8])) -> Result<(), HarnessError> {
    let maps = format!("/proc/{pid}/maps");
    let maps = std::fs::read_to_string(&maps).context(format!("read {maps}"))?;
    let path = format!("/proc/{pid}/mem");
    let memory = File::open(&path).context(format!("open {path}"))?;
    for (start, end, name) in maps.lines().filter_map(writable) {
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or_default()];
        // A mapping can have gone away meanwhile, and some of the kernel's cannot be read.
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            see(name, &bytes);
        }
    }
    Ok(())
}

/// Start, end and name of a mapping that can be written to (proc_pid_maps(5)).
fn writable(line: &str) -> Option<(u64, u64, &str)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let name = rest.split_whitespace().nth(4).unwrap_or_default();
    rest.starts_with("rw").then_some((
        u64::from_str_radix(start, 16).ok()?,
        u64::from_str_radix(end, 16).ok()?,
        name,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_plaintext_in_memory_is_found() {
        let kept = canary::plaintext("kept");
        let traces = plaintexts(std::process::id()).unwrap();
        assert!(
            traces.iter().any(|trace| trace.form == "text"),
            "{traces:?}"
        );
        assert!(contains(std::process::id(), &kept).unwrap());
        drop(kept);
    }

    #[test]
    fn only_what_can_be_written_to_is_looked_at() {
        for (line, expected) in [
            (
                "55d0-55d9 rw-p 00000000 00:00 0                  [heap]",
                Some((0x55d0, 0x55d9, "[heap]")),
            ),
            (
                "7f00-7f10 rw-p 00000000 00:00 0",
                Some((0x7f00, 0x7f10, "")),
            ),
            (
                "7f00-7f10 r-xp 00000000 08:01 42                 /usr/bin/x",
                None,
            ),
        ] {
            assert_eq!(writable(line), expected, "{line}");
        }
    }
}
