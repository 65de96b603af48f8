//! Boxes over the screen, and words about trouble inside them.

use crate::tui::app::App;
use crate::tui::paint::{self, pieces, put};
use crate::tui::theme::{Theme, Tone};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

/// Draws an empty box with a title and returns its inside.
pub fn boxed(app: &App, area: Rect, title: &str, aside: &str, buf: &mut Buffer) -> Rect {
    let theme = app.theme;
    let area = area.intersection(buf.area);
    // A column of air on both sides keeps what lies under the box apart from it.
    let air = Rect {
        x: area.x.saturating_sub(1),
        width: area.width + 2,
        ..area
    };
    Clear.render(air.intersection(buf.area), buf);
    let signs = theme.signs();
    let style = theme.dim();
    let [top_left, top_right, low_left, low_right] = signs.corners;
    let line = signs.rule.repeat(area.width.saturating_sub(2).into());
    for (y, left, right) in [
        (area.y, top_left, top_right),
        (area.bottom() - 1, low_left, low_right),
    ] {
        put(buf, (area.x, y), 1, left, style, theme);
        put(buf, (area.x + 1, y), area.width - 2, &line, style, theme);
        put(buf, (area.right() - 1, y), 1, right, style, theme);
    }
    for y in area.y + 1..area.bottom() - 1 {
        put(buf, (area.x, y), 1, signs.wall, style, theme);
        put(buf, (area.right() - 1, y), 1, signs.wall, style, theme);
    }
    titled(
        buf,
        (area.x + 2, area.y),
        area.width - 4,
        (title, theme.strong()),
        theme,
    );
    if !aside.is_empty() {
        let wide = paint::columns(aside) + 2;
        let x = area.right().saturating_sub(wide + 2);
        titled(buf, (x, area.y), wide, (aside, theme.dim()), theme);
    }
    Rect::new(
        area.x + 2,
        area.y + 1,
        area.width.saturating_sub(4),
        area.height.saturating_sub(2),
    )
}

fn titled(buf: &mut Buffer, at: (u16, u16), room: u16, title: (&str, Style), theme: Theme) {
    let wide = paint::columns(title.0) + 2;
    buf.set_style(Rect::new(at.0, at.1, wide.min(room), 1), Style::reset());
    pieces(
        buf,
        at,
        room,
        &[(" ", theme.plain()), title, (" ", theme.plain())],
        theme,
    );
}

/// Draws what went wrong and what helps.
pub fn trouble(buf: &mut Buffer, area: Rect, what: &str, help: &str, theme: Theme) {
    let used = paint::paragraph(buf, area, what, theme.tone(Tone::Trouble), theme);
    let below = Rect {
        y: area.y + used,
        height: area.height.saturating_sub(used),
        ..area
    };
    paint::paragraph(buf, below, help, theme.plain(), theme);
}
