//! The line in which a filter is typed, with how much it lets through.

use crate::tui::app::App;
use crate::tui::field::Field;
use crate::tui::paint::put_right;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Room for the counts at the right end.
const COUNTS: u16 = 22;

/// Draws it in the first line of `area`; `counts` are how many fit and how many there are.
pub fn draw(
    app: &App,
    (filter, typing): (&Field, bool),
    counts: (usize, usize),
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    let line = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(COUNTS + 2),
        height: 1,
        ..area
    };
    filter.draw_labelled(buf, line, ("/ ", 2), typing, theme);
    let (fit, all) = (words::grouped(counts.0), words::grouped(counts.1));
    let text = format!("{fit} of {all}");
    let at = (area.right() - COUNTS - 1, area.y);
    put_right(buf, at, COUNTS, &text, theme.dim(), theme);
}
