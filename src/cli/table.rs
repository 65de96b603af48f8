//! Columns for a terminal: as wide as their widest cell, two spaces apart.

use crate::cli::shown;
use crate::tui::paint::wrap;
use unicode_width::UnicodeWidthStr;

/// Rows of cells, the first one the heading.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    /// Lines before a row of that number, which fill no column.
    headings: Vec<(usize, String)>,
}

impl Table {
    /// A table with this heading.
    pub fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()],
            headings: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        let cells = cells.iter().map(|cell| shown::line(cell).into_owned());
        self.rows.push(cells.collect());
    }

    /// Begins a group of rows with a line of its own.
    pub fn heading(&mut self, words: &str) {
        self.headings
            .push((self.rows.len(), shown::line(words).into_owned()));
    }

    /// Breaks the last column into lines, so that the table is no wider than this many columns where words allow it.
    pub fn wrapped(mut self, room: usize) -> Self {
        let widths = self.widths();
        let Some((_, before)) = widths.split_last() else {
            return self;
        };
        let room = room.saturating_sub(before.iter().map(|width| width + 2).sum());
        let mut rows = Vec::new();
        let mut headings = self.headings.into_iter().peekable();
        self.headings = Vec::new();
        for (number, row) in self.rows.into_iter().enumerate() {
            while let Some((_, words)) = headings.next_if(|(at, _)| *at == number) {
                self.headings.push((rows.len(), words));
            }
            rows.extend(lines(row, before.len(), room));
        }
        self.rows = rows;
        self
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }

    /// The table as text, without trailing spaces.
    pub fn render(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            for (_, words) in self.headings.iter().filter(|(at, _)| *at == number) {
                text.push_str(words);
                text.push('\n');
            }
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - cell.width() + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A row as so many that its cell of this number fits; the others stand in the first.
fn lines(mut row: Vec<String>, cell: usize, room: usize) -> Vec<Vec<String>> {
    let Some(text) = row.get_mut(cell).map(std::mem::take) else {
        return vec![row];
    };
    // An address is copied: it stays in one piece.
    let longest = text.split_whitespace().map(UnicodeWidthStr::width).max();
    let mut lines = wrap(&text, room.max(longest.unwrap_or(0))).into_iter();
    row[cell] = lines.next().unwrap_or_default();
    let blank = vec![String::new(); cell];
    let more = lines.map(|line| [blank.clone(), vec![line]].concat());
    std::iter::once(row).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_broken_into_lines_and_headings_stay_above_their_rows() {
        let mut table = Table::new(&["CHECK", "FOUND"]);
        table.heading("one");
        table.row(vec!["flow".into(), "there is no way to sign in".into()]);
        table.heading("two");
        table.row(vec!["page".into(), "at https://p.example/a".into()]);
        assert_eq!(
            table.wrapped(20).render(),
            "CHECK  FOUND\none\nflow   there is no\n       way to sign\n       in\ntwo\npage   at\n       https://p.example/a\n"
        );
    }

    #[test]
    fn columns_line_up_also_with_wide_letters() {
        let mut table = Table::new(&["NAME", "HEALTH"]);
        table.row(vec!["github/alice".into(), "fresh".into()]);
        table.row(vec!["x/日本".into(), "expired".into()]);
        assert_eq!(
            table.render(),
            "NAME          HEALTH\ngithub/alice  fresh\nx/日本        expired\n"
        );
    }
}
