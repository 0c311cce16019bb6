//! `waxwing edit`, interrupted: by the keys of a terminal, by signals, and by its death.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::desk::{Desk, FILE};
use crate::workshop::mode;

/// How long a process may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Types a value, says so, and stays open.
const STAY_OPEN: &str =
    r#"sed -i 's/"<sealed password>"/canary/' "$1"; touch opened; exec sleep 60"#;

/// How many times the program is killed on its way.
const KILLS: u32 = 25;

fn spawn(command: &mut Command) -> Child {
    let silent = command.stdin(Stdio::null()).stderr(Stdio::null());
    silent.spawn().unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_editor(desk: &Desk) {
    wait_until("the editor did not open", || {
        desk.workshop.path("opened").exists()
    });
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

fn end(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until("it did not end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

#[test]
fn a_signal_ends_editor_and_program_and_leaves_nothing() {
    for (signal, number) in [("-TERM", 15), ("-HUP", 1)] {
        let desk = Desk::new();
        let before = desk.read();
        let mut child = spawn(&mut desk.command(STAY_OPEN, &[FILE]));
        wait_for_editor(&desk);
        assert_eq!(desk.private_folders().len(), 1);
        send(signal, &child);
        assert_eq!(end(&mut child).signal(), Some(number));
        assert_eq!(desk.private_folders().len(), 0);
        assert_eq!(desk.read(), before);
    }
}

#[test]
fn an_interrupt_is_the_editors_as_long_as_it_is_open() {
    let desk = Desk::new();
    let script = r#"touch opened; while [ ! -e go ]; do sleep 0.05; done
                    sed -i 's/"<sealed password>"/new/' "$1""#;
    let mut child = spawn(&mut desk.command(script, &[FILE]));
    wait_for_editor(&desk);
    send("-INT", &child);
    thread::sleep(Duration::from_millis(200));
    desk.workshop.write("go", "");
    assert!(end(&mut child).success());
    assert!(desk.opened()["password"].is_string());
}

#[test]
fn ctrl_c_in_a_terminal_ends_an_editor_that_lets_it_and_leaves_nothing() {
    let desk = Desk::new();
    let before = desk.read();
    let (mut terminal, screen) = pty_process::blocking::open().unwrap();
    let std = desk.command(STAY_OPEN, &[FILE]);
    let mut command = pty_process::blocking::Command::new(std.get_program());
    command = command.args(std.get_args()).env_clear();
    command = command.current_dir(std.get_current_dir().unwrap());
    for (name, value) in std.get_envs() {
        command = command.env(name, value.unwrap());
    }
    // The command is gone then, and with it its hold on the terminal.
    let mut child = command.spawn(screen).unwrap();
    wait_for_editor(&desk);
    terminal.write_all(b"\x03").unwrap();
    assert_eq!(end(&mut child).code(), Some(1));
    let mut said = Vec::new();
    // Reading ends with an error once nobody has the terminal open any more.
    let _ = terminal.read_to_end(&mut said);
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("was ended by signal 2"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(desk.private_folders().len(), 0);
    assert_eq!(desk.read(), before);
}

#[test]
fn after_its_death_nothing_is_left_but_a_private_folder_in_memory() {
    let desk = Desk::new();
    let before = desk.read();
    let mut child = spawn(&mut desk.command(STAY_OPEN, &[FILE]));
    wait_for_editor(&desk);
    child.kill().unwrap();
    end(&mut child);
    assert_eq!(desk.read(), before);
    let folders = desk.private_folders();
    assert_eq!(folders.len(), 1);
    assert_eq!(mode(&folders[0]), 0o700);
    let names: Vec<String> = desk.workshop.files();
    let others = [".waxwing.yaml", FILE, "editor.sh", "key.txt", "opened"];
    assert_eq!(names, others, "something else is beside the file");
}

#[test]
fn killed_at_any_moment_the_file_is_the_old_one_or_the_new_one() {
    let desk = Desk::new();
    let script = r#"sed -i 's/"<sealed password>"/new/' "$1""#;
    let started = Instant::now();
    assert!(end(&mut spawn(&mut desk.command(script, &[FILE]))).success());
    let whole = started.elapsed();
    for kill in 0..KILLS {
        let mut child = spawn(&mut desk.command(script, &[FILE]));
        thread::sleep(whole * kill / (KILLS - 1));
        child.kill().unwrap();
        end(&mut child);
        assert_eq!(desk.opened()["password"], "bmV3", "after kill {kill}");
        desk.workshop.run(&["validate", FILE]).quiet();
    }
}
