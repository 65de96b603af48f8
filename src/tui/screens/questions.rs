//! A program without a grant that asks for one, as an item of the inbox.

use crate::model::question::QuestionView;
use crate::tui::app::App;
use crate::tui::keymap::{Action, Scope, key_for};
use crate::tui::paint::{fit, paragraph, pieces, put};
use crate::tui::theme::Tone;
use crate::tui::words;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What it asks for, since when, and how long it still waits.
pub fn reason(app: &App, question: &QuestionView) -> String {
    let wanted = match question.credentials.is_empty() {
        true => String::new(),
        false => format!(", for tokens of {}", named(question, ", ")),
    };
    let since = words::moment(question.asked_at, app.now, &app.around.zone);
    let left = words::span(app.now.until(question.until));
    // The last part of a path stands above, which any program may have.
    let who = question.by.executable.as_deref().unwrap_or("It");
    format!(
        "{who} asks on the port for the grant {}{wanted}. Asked at {since}; it waits {left} more.",
        question.grant
    )
}

/// Whose tokens it wants, in one line.
pub fn named(question: &QuestionView, between: &str) -> String {
    let names = question.credentials.iter().map(|name| name.as_str());
    names.collect::<Vec<_>>().join(between)
}

/// Draws one; the second place is where its text stands.
pub fn draw(
    app: &App,
    question: &QuestionView,
    (area, reason_area): (Rect, Rect),
    selected: bool,
    buf: &mut Buffer,
) {
    let theme = app.theme;
    let soon = theme.tone(Tone::Soon);
    if selected {
        let at = (area.x + 1, area.y);
        put(buf, at, 1, theme.signs().pointer, theme.focus(), theme);
    }
    let room = usize::from(area.width / 2);
    let who = fit(question.by.short_name(), room, theme.signs().ellipsis);
    let style = match selected {
        true => theme.strong(),
        false => theme.plain(),
    };
    let head = [
        ("? ", soon),
        (who.as_ref(), style),
        ("  ", soon),
        ("asks for a grant", soon),
    ];
    let x = pieces(buf, (area.x + 3, area.y), area.width - 4, &head, theme);
    let key = key_for(Scope::Inbox, Action::Submit, theme);
    let keys = [
        ("   ", theme.plain()),
        (key.as_str(), theme.key()),
        (" ", theme.plain()),
        ("approves or refuses it", theme.dim()),
    ];
    let room = area.right().saturating_sub(x);
    pieces(buf, (x, area.y), room, &keys, theme);
    let style = match selected {
        true => theme.plain(),
        false => theme.dim(),
    };
    paragraph(buf, reason_area, &reason(app, question), style, theme);
}
