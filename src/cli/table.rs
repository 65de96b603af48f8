//! Columns for a terminal: as wide as their widest cell, two spaces apart.

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
        self.rows.push(cells);
    }

    /// Begins a group of rows with a line of its own.
    pub fn heading(&mut self, words: &str) {
        self.headings.push((self.rows.len(), words.to_owned()));
    }

    /// The table as text, without trailing spaces.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
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

#[cfg(test)]
mod tests {
    use super::*;

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
