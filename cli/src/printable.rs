//! Words from files, and the names of files, with nothing in them that could steer a terminal.

/// For a place where there is room for one line.
pub(crate) fn line(text: &str) -> String {
    harmless(text, false)
}

/// For a text of several lines.
pub(crate) fn lines(text: &str) -> String {
    harmless(text, true)
}

fn harmless(text: &str, keeps_line_breaks: bool) -> String {
    let is_harmless = |c: char| !c.is_control() || (keeps_line_breaks && c == '\n');
    let characters = text.chars();
    characters
        .map(|c| {
            if is_harmless(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced_and_line_breaks_where_there_is_one_line() {
        let text = "größe\u{1b}[2J\na\r\u{9b}b";
        assert_eq!(line(text), "größe\u{fffd}[2J\u{fffd}a\u{fffd}\u{fffd}b");
        assert_eq!(lines(text), "größe\u{fffd}[2J\na\u{fffd}\u{fffd}b");
    }
}
