//! What came in while the vault was locked, as an item of the inbox.

use crate::model::parcel::ParcelView;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{fit, paragraph, pieces, put};
use crate::tui::rows::Rows;
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What it wants to be called; of one that does not open, its number.
pub fn called(parcel: &ParcelView) -> String {
    match &parcel.content {
        Some(content) => content.name.to_string(),
        None => format!("item {}", parcel.id),
    }
}

/// What it is, from whom and when, and what stands in its way.
pub fn reason(app: &App, parcel: &ParcelView, rows: &Rows) -> String {
    let at = words::moment(parcel.at, app.now, &app.around.zone);
    let Some(content) = &parcel.content else {
        return format!(
            "Sealed to another key than this vault's, {at}: it cannot be taken in, only refused."
        );
    };
    let taken = match rows.get(&content.name) {
        Some(_) => " There is a credential of that name already.",
        None => "",
    };
    format!(
        "{}, from {}, {at}.{taken}",
        content.provider,
        content.told_from()
    )
}

/// Draws one; the second place is where its text stands.
pub fn draw(
    app: &App,
    (parcel, rows): (&ParcelView, &Rows),
    (area, reason_area): (Rect, Rect),
    selected: bool,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    if selected {
        let at = (area.x + 1, area.y);
        put(buf, at, 1, theme.signs().pointer, theme.focus(), theme);
    }
    let (what, does, tone) = match &parcel.content {
        Some(_) => (
            "came in while locked",
            "takes it in or refuses it",
            Tone::Soon,
        ),
        None => ("does not open", "looks at it", Tone::Trouble),
    };
    let style = theme.tone(tone);
    let called = called(parcel);
    let name = fit(&called, usize::from(area.width / 2), theme.signs().ellipsis);
    let name_style = if selected {
        theme.strong()
    } else {
        theme.plain()
    };
    let head = [
        ("! ", style),
        (name.as_ref(), name_style),
        ("  ", style),
        (what, style),
    ];
    let x = pieces(buf, (area.x + 3, area.y), area.width - 4, &head, theme);
    let key = key_for(Scope::Inbox, Action::Submit, theme);
    let keys = [
        ("   ", theme.plain()),
        (key.as_str(), theme.key()),
        (" ", theme.plain()),
        (does, theme.dim()),
    ];
    let room = area.right().saturating_sub(x);
    pieces(buf, (x, area.y), room, &keys, theme);
    let style = if selected { theme.plain() } else { theme.dim() };
    paragraph(buf, reason_area, &reason(app, parcel, rows), style, theme);
}
