//! The wish to stop: SIGTERM from Kubernetes, Ctrl-C from a terminal.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells whoever waits for it that the process should stop.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Listens for the signals from here on.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.send_replace(true);
        });
        Ok(Self(stopped))
    }

    /// Returns once the process should stop.
    pub(crate) async fn requested(&self) {
        // An error means that the sender is gone, and it only goes after it has sent.
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}
