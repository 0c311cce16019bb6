//! Completion of `kubectl waxwing`: kubectl runs `kubectl_complete-waxwing` with the words up to the
//! cursor and reads what cobra would print, one candidate with its description per line, and a line
//! with what to do with them.

use std::ffi::OsString;
use std::{env, iter};

use clap_complete::engine::{CompletionCandidate, complete};

use crate::output;

/// No blank after what was completed, as there is more to come (cobra's ShellCompDirectiveNoSpace).
const NO_SPACE: u8 = 2;

/// No names of files beside what is offered (cobra's ShellCompDirectiveNoFileComp).
const NO_FILES: u8 = 4;

/// Prints what may come next.
pub(super) fn answer() {
    let words: Vec<OsString> = iter::once("waxwing".into())
        .chain(env::args_os().skip(1))
        .collect();
    let last = words.len() - 1;
    let folder = env::current_dir().ok();
    let found = complete(&mut crate::command(), words, last, folder.as_deref());
    // A shell that completes has no place for an error.
    let _ = output::write_stdout(lines(&found.unwrap_or_default()).as_bytes());
}

fn lines(candidates: &[CompletionCandidate]) -> String {
    let mut directive = NO_FILES;
    let mut lines = String::new();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        if value.ends_with(['/', '=']) {
            directive |= NO_SPACE;
        }
        lines += &value;
        if let Some(help) = candidate.get_help() {
            let help = help.to_string();
            lines.push('\t');
            lines += help.lines().next().unwrap_or_default();
        }
        lines.push('\n');
    }
    lines + &format!(":{directive}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_followed_by_what_is_in_it_and_not_by_a_blank() {
        let cases = [
            (
                vec![CompletionCandidate::new("prod").help(Some("key 3f9a\nmore".into()))],
                "prod\tkey 3f9a\n:4\n",
            ),
            (vec![CompletionCandidate::new("apps/")], "apps/\n:6\n"),
            (vec![], ":4\n"),
        ];
        for (candidates, expected) in cases {
            assert_eq!(lines(&candidates), expected);
        }
    }
}
