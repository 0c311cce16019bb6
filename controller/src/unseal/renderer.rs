//! Renders templates in a process of their own: this program, started anew.
//!
//! Jinja is a programming language, and whoever may create a SealedSecret writes in it. The engine counts
//! steps and the bytes of texts, but not what a list of lists of lists becomes as a text, and a thousand
//! operators in a row end its stack. So the kernel sets the limits, and what goes beyond them ends that
//! process alone.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::process::{Command, ExitCode, Stdio};

use k8s_openapi::ByteString;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use waxwing_api::Reason;
use zeroize::Zeroizing;

use super::template::Engine;
use super::{Failure, Items, MAX_SECRET_LEN, too_large};
use crate::hardening;

/// This very program, even if its file was replaced meanwhile.
const PROGRAM: &str = "/proc/self/exe";

/// The hidden command that runs [`serve`].
const COMMAND: &str = "render";

/// How many such processes there are at most.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// How much memory one may have, in bytes: several times what the largest Secret takes.
const MEMORY: u64 = 32 << 20;

/// How much time of a processor it may use, in seconds.
const SECONDS: u64 = 1;

/// The longest answer, in bytes: JSON makes of one byte six at most.
const MAX_ANSWER: u64 = 8 << 20;

/// What is to be rendered.
#[derive(Serialize, Deserialize)]
struct Request {
    templates: BTreeMap<String, String>,
    items: BTreeMap<String, ByteString>,
}

/// What came of one template. They come in the order of the templates, each as soon as it is known.
#[derive(Serialize, Deserialize)]
enum Answer {
    Rendered(String),
    Failed(String),
    /// All of them together are larger than a Secret can be; no answer follows.
    TooLarge,
}

/// Has every template rendered over the opened items.
pub(super) async fn render(
    templates: &BTreeMap<String, String>,
    items: &Items,
) -> Result<Items, Vec<Failure>> {
    let request = Request {
        templates: templates.clone(),
        items: items
            .iter()
            .map(|(item, plaintext)| (item.clone(), ByteString(plaintext.to_vec())))
            .collect(),
    };
    // It is never closed.
    let _slot = SLOTS.acquire().await;
    let answers = tokio::task::spawn_blocking(move || ask(&request)).await;
    let answers = answers.map_err(io::Error::other).flatten();
    match answers {
        Ok(answers) => read(templates, &answers),
        Err(error) => Err(vec![Failure::of_object(
            Reason::ApiError,
            format!("the templates could not be rendered: {error}; tried again by and by"),
        )]),
    }
}

/// Asks a new process, and returns all that it answers until it ends, however it does.
fn ask(request: &Request) -> io::Result<Vec<u8>> {
    let mut process = Command::new(PROGRAM)
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let asked = match process.stdin.take() {
        Some(stdin) => serde_json::to_writer(io::BufWriter::new(stdin), request),
        None => Ok(()),
    };
    let mut answers = Vec::new();
    let answered = match process.stdout.take() {
        Some(stdout) => stdout.take(MAX_ANSWER).read_to_end(&mut answers),
        None => Ok(0),
    };
    process.wait()?;
    asked?;
    answered?;
    Ok(answers)
}

/// What the answers say; the process ended over the first template that has none.
fn read(templates: &BTreeMap<String, String>, answers: &[u8]) -> Result<Items, Vec<Failure>> {
    let mut answers = serde_json::Deserializer::from_slice(answers).into_iter();
    let mut rendered = Items::new();
    let mut failures = Vec::new();
    let mut failed = |item: &str, message: &str| {
        failures.push(Failure::of_item(Reason::TemplateError, item, message));
    };
    for item in templates.keys() {
        match answers.next() {
            Some(Ok(Answer::Rendered(text))) => {
                rendered.insert(item.clone(), Zeroizing::new(text.into_bytes()));
            }
            Some(Ok(Answer::Failed(message))) => failed(item, &message),
            Some(Ok(Answer::TooLarge)) => return Err(vec![too_large()]),
            Some(Err(_)) | None => {
                failed(
                    item,
                    "template: takes too much time or memory; simplify spec.template.data",
                );
                break;
            }
        }
    }
    if failures.is_empty() {
        Ok(rendered)
    } else {
        Err(failures)
    }
}

/// What the new process does: it reads a request from standard input, and writes the answers to standard
/// output.
pub(crate) fn serve() -> ExitCode {
    match answer_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer_all() -> io::Result<()> {
    hardening::forbid_core_dumps()?;
    hardening::limit(MEMORY, SECONDS)?;
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request)?;
    let Request { templates, items } = serde_json::from_slice(&request)?;
    let items: Items = items
        .into_iter()
        .map(|(item, plaintext)| (item, Zeroizing::new(plaintext.0)))
        .collect();
    let engine = Engine::new(&items);
    let mut output = io::stdout().lock();
    let mut size = 0;
    for (item, template) in &templates {
        let answer = match engine.render(item, template) {
            Ok(text) => {
                size += text.len();
                if size > MAX_SECRET_LEN {
                    Answer::TooLarge
                } else {
                    Answer::Rendered(text)
                }
            }
            Err(message) => Answer::Failed(message),
        };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        if matches!(answer, Answer::TooLarge) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_answers_are_told_by_item_and_the_first_without_one_took_too_much() {
        let templates: BTreeMap<String, String> = ["a", "b", "c"]
            .map(|item| (item.to_owned(), String::new()))
            .into();
        let text = |text: &str| format!("{{\"Rendered\":\"{text}\"}}\n");
        let failed = "{\"Failed\":\"no item x\"}\n";
        for (name, answers, expected) in [
            (
                "all rendered",
                text("x") + &text("y") + &text("z"),
                Ok(vec!["x", "y", "z"]),
            ),
            (
                "two failed",
                failed.to_owned() + &text("y") + failed,
                Err(vec!["a: no item x (TemplateError)", "c: no item x"]),
            ),
            (
                "ended at the second",
                text("x"),
                Err(vec!["b: template: takes too much"]),
            ),
            (
                "ended in the midst of the second answer",
                text("x") + "{\"Rend",
                Err(vec!["b: template: takes too much"]),
            ),
            (
                "a failure, and then the end",
                failed.to_owned(),
                Err(vec!["a: no item x", "b: template: takes too much"]),
            ),
            (
                "too large together",
                text("x") + "\"TooLarge\"\n",
                Err(vec!["the items together are larger"]),
            ),
        ] {
            match (read(&templates, answers.as_bytes()), expected) {
                (Ok(items), Ok(expected)) => {
                    let texts: Vec<&[u8]> = items.values().map(|text| text.as_slice()).collect();
                    let expected: Vec<&[u8]> =
                        expected.iter().map(|text| text.as_bytes()).collect();
                    assert_eq!(texts, expected, "{name}");
                }
                (Err(failures), Err(expected)) => {
                    let failures: Vec<String> = failures.iter().map(ToString::to_string).collect();
                    assert_eq!(failures.len(), expected.len(), "{name}: {failures:?}");
                    for (failure, start) in failures.iter().zip(expected) {
                        assert!(failure.starts_with(start), "{name}: {failure}");
                    }
                }
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    }
}
