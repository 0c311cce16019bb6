//! A table for people: columns aligned, the head in bold.

use std::fmt::Write;

use anstyle::Style;

const HEAD: Style = Style::new().bold();

/// Lays `rows` out under `head`, two spaces between columns, nothing after the last.
pub(crate) fn render<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .fold(head[column].len(), usize::max)
    });
    let mut text = format!("{HEAD}{}{HEAD:#}\n", line(&head, &widths));
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}",
            line(&row.each_ref().map(String::as_str), &widths)
        );
    }
    text
}

fn line<const N: usize>(cells: &[&str; N], widths: &[usize; N]) -> String {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{cell:width$}"))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["a".to_owned(), "1".to_owned()],
            ["longer".to_owned(), "2".to_owned()],
        ];
        let plain = anstream::adapter::strip_str(&render(["ITEM", "N"], &rows)).to_string();
        assert_eq!(plain, "ITEM    N\na       1\nlonger  2\n");
    }
}
