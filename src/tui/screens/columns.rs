//! Which columns the list has at some width, and one row of it.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use crate::tui::bar::{self, Life};
use crate::tui::paint::{put, put_right};
use crate::tui::theme::{Theme, Tone};
use crate::tui::words;
use ratatui::buffer::Buffer;

const EDGE: u16 = 3;
const LEAST_BAR: u16 = 5;
const SHORT_BAR: u16 = 8;
const LONGEST_NAME: u16 = 40;
const HEALTH: u16 = 15;
const LEFT: u16 = 7;
const NEXT: u16 = 15;
const SHORT_NEXT: u16 = 10;
const LAST: u16 = 8;
const ENDS: u16 = 7;
const STRIP: u16 = 24;
const LEAST_STRIP: u16 = 8;
const GAP: u16 = 2;

/// Widths of the columns; 0: the column is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// The credential's name.
    pub name: u16,
    /// The lifetime bar.
    pub bar: u16,
    /// What happens next.
    pub next: u16,
    /// When it was refreshed last.
    pub last: u16,
    /// By when a person has to sign in again.
    pub ends: u16,
    /// The last refreshes as signs.
    pub strip: u16,
    /// The scopes.
    pub scopes: u16,
}

impl Columns {
    /// The columns that `width` has room for: name, health, bar and time left always. Names as wide as `widest` come
    /// before what is only good to know.
    pub fn of(width: u16, widest: u16) -> Self {
        let bar = (width.saturating_sub(46) / 3).clamp(LEAST_BAR, 12);
        let rest = width.saturating_sub(EDGE + 1 + HEALTH + 1 + bar + 1 + LEFT);
        let wanted = widest.clamp(15, LONGEST_NAME);
        // A shorter bar tells as much; a name that is cut may be another's.
        let lacking = (wanted + GAP + SHORT_NEXT).saturating_sub(rest);
        let given = lacking.min(bar.saturating_sub(SHORT_BAR));
        let (bar, mut rest) = (bar - given, rest + given);
        // What comes next is told always, in fewer words where the names or what came before need the room.
        let with = |next: u16, more: u16| rest >= wanted + 1 + GAP + next + GAP + more;
        let before = LAST + GAP + LEAST_STRIP;
        let next = match (with(NEXT, before), with(SHORT_NEXT, before)) {
            (false, true) => SHORT_NEXT,
            _ if rest >= wanted + GAP + NEXT => NEXT,
            _ => SHORT_NEXT,
        };
        rest -= next + GAP;
        let mut take = |wish: u16, least: u16| {
            let room = rest.saturating_sub(wanted + 1 + GAP);
            let got = if room >= least { wish.min(room) } else { 0 };
            rest -= if got > 0 { got + GAP } else { 0 };
            got
        };
        let last = take(LAST, LAST);
        let strip = take(STRIP, LEAST_STRIP);
        let ends = take(ENDS, ENDS);
        let scopes = take(60, 16);
        Self {
            name: rest.min(LONGEST_NAME),
            bar,
            next,
            last,
            ends,
            strip,
            scopes,
        }
    }
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standout {
    /// The pointer is on it.
    pub selected: bool,
    /// It is marked.
    pub marked: bool,
    /// It belongs to a group that has a head.
    pub grouped: bool,
}

/// Draws one credential as a row.
pub fn row(
    buf: &mut Buffer,
    at: (u16, u16),
    columns: Columns,
    view: &CredentialView,
    standout: Standout,
    now: Timestamp,
    theme: Theme,
) {
    let (mut x, y) = at;
    let signs = theme.signs();
    if standout.marked {
        put(buf, (x, y), 1, signs.mark, theme.focus(), theme);
    }
    if standout.selected {
        put(buf, (x + 1, y), 1, signs.pointer, theme.focus(), theme);
    }
    x += EDGE;
    let kind = view.health.kind();
    let style = theme.health(kind);
    let name_style = if standout.selected {
        theme.strong()
    } else {
        theme.plain()
    };
    if standout.grouped {
        let account = view.profile.name.account();
        put(
            buf,
            (x + 1, y),
            columns.name.saturating_sub(1),
            account,
            name_style,
            theme,
        );
    } else {
        let after = put(
            buf,
            (x, y),
            columns.name,
            view.profile.name.as_str(),
            name_style,
            theme,
        );
        shade_provider(
            buf,
            (x, y),
            after,
            view.profile.name.provider(),
            theme,
            standout.selected,
        );
    }
    x += columns.name + 1;
    put(buf, (x, y), 1, theme.sign(kind), style, theme);
    put(buf, (x + 2, y), HEALTH - 2, kind.word(), style, theme);
    x += HEALTH + 1;
    if let Some(life) = Life::of(view, now) {
        bar::lifetime(buf, (x, y), columns.bar, life, style, theme);
    }
    x += columns.bar + 1;
    if let Some(end) = view.profile.usable_until().filter(|end| *end > now) {
        put_right(
            buf,
            (x, y),
            LEFT,
            &words::span(now.until(end)),
            theme.plain(),
            theme,
        );
    }
    x += LEFT + GAP;
    put(
        buf,
        (x, y),
        columns.next,
        &words::next(view, now, columns.next < NEXT),
        theme.dim(),
        theme,
    );
    x += columns.next + GAP;
    extra(buf, (x, y), columns, view, now, theme);
}

// The provider is the same in many rows: it steps back a little behind the account.
fn shade_provider(
    buf: &mut Buffer,
    at: (u16, u16),
    end: u16,
    provider: &str,
    theme: Theme,
    selected: bool,
) {
    let wide = u16::try_from(provider.len() + 1).unwrap_or(u16::MAX);
    if selected {
        return;
    }
    for x in at.0..at.0.saturating_add(wide).min(end) {
        if let Some(cell) = buf.cell_mut((x, at.1)) {
            cell.set_style(theme.dim());
        }
    }
}

fn extra(
    buf: &mut Buffer,
    at: (u16, u16),
    columns: Columns,
    view: &CredentialView,
    now: Timestamp,
    theme: Theme,
) {
    let (mut x, y) = at;
    if columns.last > 0 {
        let ago = format!("{} ago", words::about(now.since(view.profile.issued_at)));
        put_right(buf, (x, y), columns.last, &ago, theme.dim(), theme);
        x += columns.last + GAP;
    }
    if columns.ends > 0 {
        if let Some(end) = view.forecast.sign_in_before() {
            let soon = view.forecast.is_soon(now);
            let tone = theme.tone(if soon { Tone::Soon } else { Tone::Dim });
            let left = words::span(now.until(end));
            let left = left.split(' ').next().unwrap_or_default();
            put_right(buf, (x, y), columns.ends, left, tone, theme);
        }
        x += columns.ends + GAP;
    }
    if columns.strip > 0 {
        bar::strip(buf, (x, y), columns.strip, &view.profile.attempts, theme);
        x += columns.strip + GAP;
    }
    put(
        buf,
        (x, y),
        columns.scopes,
        &view.profile.scopes.join(" "),
        theme.dim(),
        theme,
    );
}

/// Draws the line that names the columns.
pub fn titles(buf: &mut Buffer, at: (u16, u16), columns: Columns, theme: Theme) {
    let (mut x, y) = (at.0 + EDGE, at.1);
    let dim = theme.dim();
    put(buf, (x, y), columns.name, "credential", dim, theme);
    x += columns.name + 1;
    put(buf, (x, y), HEALTH, "health", dim, theme);
    x += HEALTH + 1;
    let life = if columns.bar < 8 { "life" } else { "lifetime" };
    put(buf, (x, y), columns.bar, life, dim, theme);
    x += columns.bar + 1;
    put_right(buf, (x, y), LEFT, "left", dim, theme);
    x += LEFT + GAP;
    put(buf, (x, y), columns.next, "next", dim, theme);
    x += columns.next + GAP;
    if columns.last > 0 {
        put_right(buf, (x, y), columns.last, "issued", dim, theme);
        x += columns.last + GAP;
    }
    if columns.ends > 0 {
        put_right(buf, (x, y), columns.ends, "sign in", dim, theme);
        x += columns.ends + GAP;
    }
    if columns.strip > 0 {
        put(buf, (x, y), columns.strip, "last refreshes", dim, theme);
        x += columns.strip + GAP;
    }
    put(buf, (x, y), columns.scopes, "scopes", dim, theme);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fit_and_grow_with_the_width() {
        for (width, widest) in (60..240).flat_map(|width| [(width, 12), (width, 90)]) {
            let c = Columns::of(width, widest);
            let extras = [c.next, c.last, c.ends, c.strip, c.scopes];
            let used: u16 = EDGE
                + c.name
                + 1
                + HEALTH
                + 1
                + c.bar
                + 1
                + LEFT
                + extras
                    .iter()
                    .filter(|w| **w > 0)
                    .map(|w| w + GAP)
                    .sum::<u16>();
            assert!(used <= width, "{width}: {c:?}");
            assert!(c.name >= 14, "{width}: {c:?}");
        }
    }

    #[test]
    fn names_come_before_what_is_only_good_to_know() {
        let (short, long) = (
            |width| Columns::of(width, 16),
            |width| Columns::of(width, 30),
        );
        assert!(short(80).next == NEXT && short(66).next == SHORT_NEXT);
        assert!(long(80).next == SHORT_NEXT && long(80).name >= 30);
        assert!(short(88).last == LAST);
        assert!(long(88).last == 0 && long(88).name >= 30 && long(88).next == NEXT);
        assert!(long(160).strip >= 8 && long(160).scopes >= 16);
    }
}
