//! Signals that end the program while a private folder is there: it is wiped first.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::private_folder::wipe;

/// How long the editor may take to end, once it was told to.
const PATIENCE: Duration = Duration::from_secs(2);

/// The watch over signals. It lasts until the program ends.
pub(super) struct Watch(Arc<Shared>);

/// What the program and the watch know of each other.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The editor that runs, if there is one.
    editor: Option<Pid>,
    /// The editor ended badly, and so will the program, by itself.
    has_failed: bool,
    /// A signal is about to end the program.
    is_ending: bool,
}

impl Watch {
    /// From now on a signal wipes `folder` before it ends the program.
    pub(super) fn over(folder: &Path) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let (watched, folder) = (Arc::clone(&shared), folder.to_owned());
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                watched.receive(signal, &folder);
            }
        })?;
        Ok(Self(shared))
    }

    /// Runs an editor to its end. Does not return if a signal to this program has ended it.
    pub(super) fn run(&self, mut editor: Command) -> io::Result<ExitStatus> {
        // A signal has to wait until it is known whether there is an editor.
        let mut state = self.0.lock();
        let mut child = editor.spawn()?;
        state.editor = Pid::from_raw(child.id().cast_signed());
        drop(state);
        let ended = child.wait();
        let mut state = self.0.lock();
        state.editor = None;
        state.has_failed = !ended.as_ref().is_ok_and(ExitStatus::success);
        self.0.changed.notify_all();
        while state.is_ending {
            state = self.0.wait(state);
        }
        ended
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(&self, signal: i32, folder: &Path) {
        let mut state = self.lock();
        let is_of_keys = matches!(signal, SIGINT | SIGQUIT);
        // The terminal sends these to the editor as well, which knows what the keys mean to it.
        if is_of_keys && (state.editor.is_some() || state.has_failed) {
            return;
        }
        if let (Some(editor), Some(signal)) = (state.editor, Signal::from_named_raw(signal)) {
            // An error means that it has ended already.
            let _ = kill_process(editor, signal);
        }
        state.is_ending = true;
        // What the editor writes while it ends is to be wiped too.
        let runs = |state: &mut State| state.editor.is_some();
        let ended = self.changed.wait_timeout_while(state, PATIENCE, runs);
        // Nothing more can be done about a folder that cannot be removed.
        let _ = wipe(folder);
        let _ = emulate_default_handler(signal);
        drop(ended);
    }
}
