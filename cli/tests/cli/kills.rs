//! A program that is killed at any moment leaves the old file or the new one, and no plaintext.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::shelf::Shelf;

/// How many moments of a run are tried.
const MOMENTS: u32 = 30;

/// Runs a command again and again, kills it ever later, and looks at `db.yaml` each time: it is as
/// `before`, or it is valid and `is_new`. Without `before` it may be missing.
fn kill_at_every_moment(
    shelf: &Shelf,
    before: Option<&str>,
    args: &[&str],
    is_new: impl Fn(&str) -> bool,
) {
    let path = shelf.0.workshop.path("db.yaml");
    let reset = || match before {
        Some(text) => shelf.write("db.yaml", text),
        None => {
            let _ = fs::remove_file(&path);
        }
    };
    reset();
    let start = Instant::now();
    shelf.run(args).ok();
    let whole = start.elapsed();
    assert!(is_new(&shelf.read("db.yaml")), "{args:?}");
    let mut killed = 0;
    for moment in 0..MOMENTS {
        reset();
        killed += usize::from(kill_after(shelf, args, whole * moment / MOMENTS));
        let after = fs::read_to_string(&path).ok();
        if after.as_deref() != before {
            shelf.run(&["validate", "db.yaml"]).quiet();
            assert!(is_new(&after.unwrap()), "{args:?} at {moment}");
        }
        assert_no_plaintext(shelf);
    }
    assert!(killed > 0, "{args:?} was never killed in time");
}

/// Whether the command was still running.
fn kill_after(shelf: &Shelf, args: &[&str], delay: Duration) -> bool {
    let mut child = shelf
        .0
        .workshop
        .command(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap().signal() == Some(9)
}

/// No file but the one that the value is read from holds it, files left over included.
fn assert_no_plaintext(shelf: &Shelf) {
    for file in shelf.0.workshop.files() {
        if file != "value" {
            let text = fs::read(shelf.0.workshop.path(&file)).unwrap();
            let is_plain = text.windows(6).any(|window| window == b"canary");
            assert!(!is_plain, "{file} holds the plaintext");
        }
    }
}

fn shelf() -> Shelf {
    let shelf = Shelf::new();
    shelf.write("value", "canary");
    shelf
}

#[test]
fn set_is_done_whole_or_not_at_all() {
    let shelf = shelf();
    let before = shelf.sealed("db", "strict", &["a", "b"]);
    let args = ["set", "db.yaml", "a", "--from-file", "value"];
    kill_at_every_moment(&shelf, Some(&before), &args, |after| after != before);
}

#[test]
fn unset_and_rename_are_done_whole_or_not_at_all() {
    let shelf = shelf();
    let before = shelf.sealed("db", "cluster", &["a", "b"]);
    let (lines, renamed) = (before.lines().count(), before.replace("    a: ", "    c: "));
    let unset = ["unset", "db.yaml", "a"];
    kill_at_every_moment(&shelf, Some(&before), &unset, |after| {
        after.lines().count() == lines - 1
    });
    let rename = ["rename", "db.yaml", "a", "c"];
    kill_at_every_moment(&shelf, Some(&before), &rename, |after| after == renamed);
}

#[test]
fn reseal_is_done_whole_or_not_at_all() {
    let shelf = shelf();
    let new = shelf.0.workshop.keygen("new.txt", "x25519");
    let before = shelf.sealed("db", "strict", &["a", "b"]);
    let args = ["reseal", "-i", "key.txt", "-r", &new, "db.yaml"];
    kill_at_every_moment(&shelf, Some(&before), &args, |after| after != before);
}

#[test]
fn create_and_generate_are_done_whole_or_not_at_all() {
    let shelf = shelf();
    let head = ["-n", "prod", "-o", "db.yaml"];
    let create = [&["create", "generic", "db", "--from-file=value"][..], &head].concat();
    kill_at_every_moment(&shelf, None, &create, |after| {
        after.contains("    value: YWdl")
    });
    let generate = [&["generate", "token", "db"][..], &head].concat();
    kill_at_every_moment(&shelf, None, &generate, |after| {
        after.contains("    token: YWdl")
    });
    let before = shelf.sealed("db", "strict", &["a"]);
    let into = ["generate", "token", "db", "--into", "db.yaml"];
    kill_at_every_moment(&shelf, Some(&before), &into, |after| {
        after.contains("    token: YWdl")
    });
}
