//! Hands lines to a thread that writes them: a full or slow disk must not hold up unsealing.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::oneshot;

use super::Destination;
use super::file::RotatedFile;

/// How many lines may wait to be written, some 400 bytes each. More are lost.
const WAITING: usize = 10_000;

/// Before a line that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How long the end of the process may wait for lines.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// What became of lines that could not be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses {
    failures: Counter,
    lost: Counter,
}

impl Losses {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_write_failures",
            "Attempts to write a line of the audit trail that failed, and are made again",
            self.failures.clone(),
        );
        registry.register(
            "audit_lines_lost",
            "Lines of the audit trail that are lost: too many waited to be written",
            self.lost.clone(),
        );
    }
}

/// What lines are written to.
#[derive(Debug)]
pub(super) enum Sink {
    Stdout,
    File(RotatedFile),
}

impl Sink {
    pub(super) fn open(destination: &Destination) -> io::Result<Self> {
        match destination {
            Destination::Stdout => Ok(Self::Stdout),
            Destination::File {
                path,
                max_size,
                keep,
            } => RotatedFile::open(path, *max_size, *keep).map(Self::File),
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line)?;
                stdout.flush()
            }
            Self::File(file) => file.write(line),
        }
    }
}

/// The way to the thread that writes.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    sender: SyncSender<Entry>,
    losses: Losses,
    loses: Arc<AtomicBool>,
}

enum Entry {
    Line(Vec<u8>),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

impl Trail {
    pub(super) fn start(sink: Sink, losses: Losses) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let failures = losses.failures.clone();
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_all(&receiver, sink, &failures))?;
        Ok(Self {
            sender,
            losses,
            loses: Arc::default(),
        })
    }

    pub(super) fn write(&self, line: Vec<u8>) {
        let lost = self.sender.try_send(Entry::Line(line)).is_err();
        if lost {
            self.losses.lost.inc();
        }
        let lost_before = self.loses.swap(lost, Ordering::Relaxed);
        if lost && !lost_before {
            tracing::error!("lines of the audit trail are lost: too many wait to be written");
        }
    }

    pub(super) async fn flush(&self) {
        let (written, is_written) = oneshot::channel();
        let sent = self.sender.try_send(Entry::Flush(written)).is_ok();
        if !sent
            || tokio::time::timeout(FLUSH_DEADLINE, is_written)
                .await
                .is_err()
        {
            tracing::error!("stopping before the audit trail was written to its end");
        }
    }
}

fn write_all(receiver: &Receiver<Entry>, mut sink: Sink, failures: &Counter) {
    for entry in receiver {
        match entry {
            Entry::Line(line) => write_at_last(&mut sink, &line, failures),
            // Whoever waits may have given up.
            Entry::Flush(written) => drop(written.send(())),
        }
    }
}

/// Tries until the line is written. What comes meanwhile waits.
fn write_at_last(sink: &mut Sink, line: &[u8], failures: &Counter) {
    let mut failed = false;
    while let Err(error) = sink.write(line) {
        failures.inc();
        if !failed {
            failed = true;
            tracing::error!(%error, "the audit trail cannot be written; tried again every second");
        }
        std::thread::sleep(RETRY);
    }
    if failed {
        tracing::info!("the audit trail is written again");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn lines_are_written_in_order_before_a_flush_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let sink = Sink::File(RotatedFile::open(&path, 1 << 20, 1).unwrap());
        let trail = Trail::start(sink, Losses::default()).unwrap();
        for number in 0..100 {
            trail.write(format!("{number}\n").into_bytes());
        }
        trail.flush().await;
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }

    /// /dev/full refuses every write, as a disk does that is full.
    #[tokio::test]
    async fn a_full_disk_is_counted_and_holds_nothing_up() {
        let sink = Sink::File(RotatedFile::open("/dev/full".as_ref(), 1 << 20, 1).unwrap());
        let losses = Losses::default();
        let trail = Trail::start(sink, losses.clone()).unwrap();
        for _ in 0..WAITING + 10 {
            trail.write(b"{}\n".to_vec());
        }
        // One line is in the hands of the thread.
        assert!(
            (9..=10).contains(&losses.lost.get()),
            "{}",
            losses.lost.get()
        );
        while losses.failures.get() == 0 {
            std::thread::yield_now();
        }
        trail.flush().await;
    }
}
