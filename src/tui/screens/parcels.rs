//! What came in while the vault was locked, as an item of the inbox.

use crate::model::parcel::ParcelView;
use crate::tui::app::App;
use crate::tui::rows::Rows;
use crate::tui::screens::item::ItemText;
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
    places: (Rect, Rect),
    selected: bool,
    buf: &mut Buffer,
) {
    let (what, does, tone) = match &parcel.content {
        Some(_) => (
            "came in while locked",
            "takes it in or refuses it",
            Tone::Soon,
        ),
        None => ("does not open", "looks at it", Tone::Trouble),
    };
    let text = ItemText {
        sign: "!",
        name: &called(parcel),
        what,
        style: app.theme.tone(tone),
        does,
        reason: &reason(app, parcel, rows),
    };
    text.draw(places, selected, app.theme, buf);
}
