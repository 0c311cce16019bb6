//! A table for people: columns aligned, the head in bold.

use std::fmt::Write;

use anstyle::Style;

use crate::printable;

const HEAD: Style = Style::new().bold();

const GAP: &str = "  ";

/// The fewest characters that a column is made narrow to, if its head needs no more.
const MIN_WIDTH: usize = 8;

/// Lays `rows` out under `head`, two spaces between columns, nothing after the last.
pub(crate) fn render<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<&[String]> = rows.iter().map(<[String; N]>::as_slice).collect();
    lay_out(&head, &rows, usize::MAX)
}

/// As [`render`], with as many cells in each row as in the head. Where it is for a terminal, and too
/// wide for it, something is left out of the middle of long cells.
pub(crate) fn fit(head: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<&[String]> = rows.iter().map(Vec::as_slice).collect();
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    let room = terminal.map_or(usize::MAX, |(width, _)| width.0.into());
    lay_out(head, &rows, room)
}

fn lay_out(head: &[&str], rows: &[&[String]], room: usize) -> String {
    let width_of = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.fold(head[column].len(), usize::max)
    };
    let mut widths: Vec<usize> = (0..head.len()).map(width_of).collect();
    narrow(head, &mut widths, room);
    let mut text = format!("{HEAD}{}{HEAD:#}\n", line(head.iter().copied(), &widths));
    for row in rows {
        let cells = row.iter().map(String::as_str);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line(cells, &widths));
    }
    text
}

/// Takes from the widest columns until everything has room, or all are as narrow as they may be.
fn narrow(head: &[&str], widths: &mut [usize], room: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        let columns = head.iter().zip(widths.iter_mut());
        let wide = columns.filter(|(head, width)| **width > head.len().max(MIN_WIDTH));
        match wide.map(|(_, width)| width).max() {
            Some(widest) => *widest -= 1,
            None => return,
        }
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .zip(widths)
        .map(|(cell, &width)| format!("{:width$}", cut(cell, width)))
        .collect();
    padded.join(GAP).trim_end().to_owned()
}

/// At most `width` characters: of a longer text the start and, as it tells more apart, more of the end.
/// Nothing in it can steer the terminal.
fn cut(text: &str, width: usize) -> String {
    let text = printable::line(text);
    let len = text.chars().count();
    if len <= width {
        return text;
    }
    let end = width * 2 / 3;
    let start = width - end - 1;
    let head = text.chars().take(start).chain(['…']);
    head.chain(text.chars().skip(len - end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["a".to_owned(), "1".to_owned()],
            ["longer".to_owned(), "2".to_owned()],
        ];
        let text = plain(&render(["ITEM", "N"], &rows));
        assert_eq!(text, "ITEM    N\na       1\nlonger  2\n");
    }

    #[test]
    fn no_cell_can_steer_the_terminal() {
        let rows = [["a\u{1b}[2J\nb".to_owned()]];
        let text = render(["ITEM"], &rows);
        assert!(text.ends_with("\na\u{fffd}[2J\u{fffd}b\n"), "{text:?}");
    }

    #[test]
    fn what_has_no_room_is_cut_where_it_is_longest() {
        let row = ["clusters/prod/größe/db.yaml", "prod", "current"].map(str::to_owned);
        let cases = [
            (
                80,
                "FILE                         CLUSTER  KEYS\nclusters/prod/größe/db.yaml  prod     current\n",
            ),
            (
                36,
                "FILE                CLUSTER  KEYS\nclust…röße/db.yaml  prod     current\n",
            ),
            (0, "FILE      CLUSTER  KEYS\ncl….yaml  prod     current\n"),
        ];
        for (room, expected) in cases {
            let text = lay_out(&["FILE", "CLUSTER", "KEYS"], &[&row], room);
            assert_eq!(plain(&text), expected, "{room}");
        }
    }
}
