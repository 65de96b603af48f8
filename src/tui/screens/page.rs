//! A page of labelled facts under the titles of its parts, as lines that can be scrolled.

use crate::tui::app::App;
use crate::tui::paint;
use crate::tui::theme::Tone;
use ratatui::text::{Line, Span};

const LABEL: usize = 11;

/// A page under way.
pub struct Page<'a> {
    /// The state it is made from.
    pub app: &'a App,
    /// Columns it has.
    pub width: usize,
    /// Its lines so far.
    pub lines: Vec<Line<'static>>,
}

impl Page<'_> {
    /// Columns a fact has.
    pub const fn room(&self) -> usize {
        self.width.saturating_sub(LABEL + 2)
    }

    /// Begins a part.
    pub fn section(&mut self, title: &str) {
        let theme = self.app.theme;
        let rest = self.width.saturating_sub(paint::width(title) + 5);
        let rule = theme.signs().rule;
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {rule} "), theme.dim()),
            Span::styled(title.to_owned(), theme.strong()),
            Span::styled(format!(" {}", rule.repeat(rest)), theme.dim()),
        ]));
    }

    /// Adds a fact, as many lines as it needs.
    pub fn fact(&mut self, label: &str, text: &str, tone: Tone) {
        for (at, line) in paint::wrap(text, self.room()).into_iter().enumerate() {
            self.labelled(
                if at == 0 { label } else { "" },
                vec![Span::styled(line, self.app.theme.tone(tone))],
            );
        }
    }

    /// Adds a line as it is.
    pub fn plain(&mut self, label: &str, text: &str) {
        self.labelled(label, vec![Span::raw(text.to_owned())]);
    }

    /// Adds a line with something beside it, where both have room.
    pub fn pair(&mut self, label: &str, text: &str, aside: &str) {
        let dim = self.app.theme.dim();
        let fits = paint::width(text) + paint::width(aside) + LABEL + 2 <= self.width;
        let aside = if fits { aside } else { "" };
        self.labelled(
            label,
            vec![
                Span::raw(text.to_owned()),
                Span::styled(aside.to_owned(), dim),
            ],
        );
    }

    fn labelled(&mut self, label: &str, mut spans: Vec<Span<'static>>) {
        spans.insert(
            0,
            Span::styled(format!(" {label:<LABEL$}"), self.app.theme.dim()),
        );
        self.lines.push(Line::from(spans));
    }
}
