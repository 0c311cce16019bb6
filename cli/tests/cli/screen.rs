//! A terminal in which a command runs, as a person would see it and type into it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pty_process::blocking;

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command on a terminal of its own, which is its controlling one.
pub(crate) struct Screen {
    keyboard: File,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Screen {
    pub(crate) fn run(command: Command) -> Self {
        let (mut pty, terminal) = blocking::open().unwrap();
        let keyboard = File::from(pty.as_fd().try_clone_to_owned().unwrap());
        let child = blocking::Command::from(command).spawn(terminal).unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let reader = thread::spawn({
            let shown = Arc::clone(&shown);
            move || {
                let mut bytes = [0; 4096];
                // The end of the last process on a terminal is an error to its reader.
                while let Ok(len @ 1..) = pty.read(&mut bytes) {
                    shown.lock().unwrap().extend(&bytes[..len]);
                }
            }
        });
        Self {
            keyboard,
            child,
            shown,
            reader,
        }
    }

    /// Everything that has been on the screen.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until a text has been on the screen.
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.shown().contains(text) {
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} in {:?}",
                self.shown()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end of the command, and returns all that was on the screen.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.join().unwrap();
        let shown = String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned();
        (status, shown)
    }
}
