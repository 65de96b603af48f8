//! The list of grants: whose tokens, live pairs, last use, rate.

use crate::model::grant::GrantView;
use crate::tui::app::App;
use crate::tui::paint::{fit, put, width};
use crate::tui::screens::grant_page;
use crate::tui::screens::grants::{self, Grants};
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// From this width on it is told when each was used last.
const TELLS_USE: u16 = 72;
/// Columns between two columns of the table.
const GAP: u16 = 2;

/// Where the columns stand: name, credentials, live pairs, last use, rate.
struct Columns {
    name: u16,
    credentials: u16,
    pairs: u16,
    used: u16,
    rate: u16,
}

impl Columns {
    fn of(area: Rect) -> Self {
        let tells_use = area.width >= TELLS_USE;
        let (pairs, used, rate) = (5, if tells_use { 12 } else { 0 }, 12);
        let gaps = GAP * if tells_use { 4 } else { 3 };
        let rest = area.width.saturating_sub(4 + pairs + used + rate + gaps);
        let name = (rest * 2 / 5).min(24);
        Self {
            name,
            credentials: rest - name,
            pairs,
            used,
            rate,
        }
    }
}

/// Draws the list.
pub fn draw(app: &App, grants: &Grants, area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let columns = Columns::of(area);
    let titles = ["grant", "may fetch", "pairs", "used", "an hour"];
    cells(
        app,
        &columns,
        (area.x + 3, area.y),
        titles.map(|it| (it, theme.dim())),
        buf,
    );
    let rows = grants::rows_area(area);
    for (y, (view, is_chosen)) in (rows.y..rows.bottom()).zip(grants.shown(rows.height)) {
        let line = Rect {
            y,
            height: 1,
            ..rows
        };
        row(app, &columns, (line, is_chosen), view, buf);
    }
}

fn row(
    app: &App,
    columns: &Columns,
    (line, is_chosen): (Rect, bool),
    view: &GrantView,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    if is_chosen {
        let at = (line.x + 1, line.y);
        put(buf, at, 1, theme.signs().pointer, theme.focus(), theme);
    }
    let name = if is_chosen {
        theme.strong()
    } else {
        theme.plain()
    };
    let ellipsis = theme.signs().ellipsis;
    let credentials = grant_page::credentials_in(view, columns.credentials.into(), ellipsis);
    let pairs = view.pairs.len().to_string();
    let used = view.used_at.map_or_else(
        || "not yet".to_owned(),
        |at| words::moment(at, app.now, &app.around.zone),
    );
    let rate = grant_page::rate(view);
    let is_full = view.rate_used >= view.rate;
    let texts = [
        (view.grant.name.as_str(), name),
        (credentials.as_str(), theme.plain()),
        (
            pairs.as_str(),
            match view.pairs.is_empty() {
                true => theme.dim(),
                false => theme.tone(Tone::Good),
            },
        ),
        (used.as_str(), theme.dim()),
        (
            rate.as_str(),
            match is_full {
                true => theme.tone(Tone::Trouble),
                false => theme.plain(),
            },
        ),
    ];
    cells(app, columns, (line.x + 3, line.y), texts, buf);
}

/// Puts the texts of one line; numbers stand at the right of their columns.
fn cells(
    app: &App,
    columns: &Columns,
    (mut x, y): (u16, u16),
    texts: [(&str, ratatui::style::Style); 5],
    buf: &mut Buffer,
) {
    let theme = app.theme;
    let rooms = [
        (columns.name, false),
        (columns.credentials, false),
        (columns.pairs, true),
        (columns.used, false),
        (columns.rate, true),
    ];
    for ((room, is_number), (text, style)) in rooms.into_iter().zip(texts) {
        if room == 0 {
            continue;
        }
        let text = fit(text, room.into(), theme.signs().ellipsis);
        let indent = match is_number {
            true => room.saturating_sub(u16::try_from(width(&text)).unwrap_or(room)),
            false => 0,
        };
        put(buf, (x + indent, y), room - indent, &text, style, theme);
        x += room + GAP;
    }
}
