//! What people see who sit at a terminal: questions whose answers are not shown, Ctrl-C, a progress bar.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::screen::Screen;
use crate::shelf::Shelf;

fn at_screen(mut command: Command) -> Screen {
    command.env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    Screen::run(command)
}

/// Asks for a new password of `db.yaml`.
fn ask(shelf: &Shelf) -> Screen {
    let command = shelf.0.workshop.command(&["set", "db.yaml", "password"]);
    let screen = at_screen(command);
    screen.wait_for("SealedSecret prod/db: new value of password: ");
    screen
}

#[test]
fn a_value_is_asked_for_twice_and_never_shown() {
    let shelf = Shelf::with_db();
    let mut screen = ask(&shelf);
    screen.type_in("canary\u{e9} x\u{7f}\r");
    screen.wait_for("SealedSecret prod/db: password once more: ");
    screen.type_in("canary\u{e9} \r");
    let (status, shown) = screen.end();
    assert!(status.success(), "{shown}");
    for part in ["canary", "ca", "\u{e9}", "*"] {
        assert!(!shown.contains(part), "{shown:?} shows {part}");
    }
    assert!(shown.contains("item \"password\": replaced"), "{shown}");
    assert_eq!(shelf.opened("db.yaml").text("password"), "canary\u{e9} ");
}

#[test]
fn several_values_are_asked_for_one_after_the_other() {
    let shelf = Shelf::with_db();
    let command = shelf.0.workshop.command(&["set", "db.yaml", "b", "a"]);
    let mut screen = at_screen(command);
    for item in ["b", "a"] {
        screen.wait_for(&format!("new value of {item}: "));
        screen.type_in(&format!("value {item}\r"));
        screen.wait_for(&format!("{item} once more: "));
        screen.type_in(&format!("value {item}\r"));
    }
    let (status, shown) = screen.end();
    assert!(status.success(), "{shown}");
    let opened = shelf.opened("db.yaml");
    assert_eq!(
        (opened.text("a"), opened.text("b")),
        ("value a".into(), "value b".into())
    );
}

#[test]
fn two_answers_that_differ_or_none_change_nothing() {
    let shelf = Shelf::with_db();
    let before = shelf.read("db.yaml");
    for (first, second, said) in [
        (
            "canary",
            "canarx",
            "the two values are not the same; nothing was written",
        ),
        ("", "", "the value is empty; nothing was written"),
    ] {
        let mut screen = ask(&shelf);
        screen.type_in(&format!("{first}\r"));
        screen.wait_for("once more: ");
        screen.type_in(&format!("{second}\r"));
        let (status, shown) = screen.end();
        assert_eq!(status.code(), Some(1), "{shown}");
        assert!(shown.contains(said), "{shown}");
        assert!(!shown.contains("canar"), "{shown}");
        assert_eq!(shelf.read("db.yaml"), before);
    }
}

#[test]
fn ctrl_c_at_a_question_leaves_no_file_and_the_terminal_as_it_was() {
    let shelf = Shelf::with_db();
    let (before, files) = (shelf.read("db.yaml"), shelf.0.workshop.files());
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "stty -a; \"$0\" set db.yaml password; echo \"ended with $?\"; stty -a",
        ])
        .arg(env!("CARGO_BIN_EXE_waxwing"))
        .current_dir(shelf.0.workshop.path(""))
        .env_clear()
        .env("HOME", shelf.0.workshop.path(""));
    let mut screen = at_screen(shell);
    screen.wait_for("new value of password: ");
    screen.type_in("cana\u{3}");
    let (_, shown) = screen.end();
    let (first, rest) = shown.split_once("SealedSecret prod/db: new value").unwrap();
    // As shells tell of a program that SIGINT (2) has ended.
    let (_, last) = rest.split_once("ended with 130").unwrap();
    assert_eq!(last.trim(), first.trim());
    assert!(
        last.contains(" echo ") && last.contains(" icanon "),
        "{last}"
    );
    assert!(!shown.contains("cana"), "{shown}");
    assert_eq!(
        (shelf.read("db.yaml"), shelf.0.workshop.files()),
        (before, files)
    );
}

#[test]
fn ctrl_c_while_a_value_is_typed_leaves_no_new_file() {
    let shelf = Shelf::new();
    let files = shelf.0.workshop.files();
    let args = [
        "create",
        "generic",
        "db",
        "-n",
        "prod",
        "--from-file=a=-",
        "-o",
        "new.yaml",
    ];
    let mut screen = at_screen(shelf.0.workshop.command(&args));
    screen.wait_for("reading from the terminal");
    screen.type_in("one line\r");
    screen.wait_for("one line");
    screen.type_in("\u{3}");
    let (status, shown) = screen.end();
    assert_eq!(status.signal(), Some(2), "{shown}");
    assert_eq!(shelf.0.workshop.files(), files);
}

#[test]
fn a_progress_bar_is_for_terminals_and_does_not_stay() {
    let shelf = Shelf::new();
    let new = shelf.0.workshop.keygen("new.txt", "x25519");
    let sealed = shelf.sealed("db", "strict", &["a"]);
    std::fs::create_dir(shelf.0.workshop.path("many")).unwrap();
    for number in 0..200 {
        shelf.write(&format!("many/{number}.yaml"), &sealed);
    }
    let args = [
        "reseal", "-i", "key.txt", "-r", &new, "many", "--check", "-o", "json",
    ];
    let screen = at_screen(shelf.0.workshop.command(&args));
    let (_, shown) = screen.end();
    let (_, after_bar) = shown.rsplit_once("/200").unwrap();
    assert!(
        after_bar.contains("\u{1b}[2K") || after_bar.contains("\u{1b}[K"),
        "{after_bar:?}"
    );

    let piped = shelf.run(&args);
    assert!(!piped.stderr.contains("/200"), "{}", piped.stderr);
    assert!(
        !piped.stderr.contains(['\r', '\u{1b}']),
        "{:?}",
        piped.stderr
    );
}
