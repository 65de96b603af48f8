//! A program without a grant that asks for one, as an item of the inbox.

use crate::model::question::QuestionView;
use crate::tui::app::App;
use crate::tui::screens::item::ItemText;
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
    places: (Rect, Rect),
    selected: bool,
    buf: &mut Buffer,
) {
    let text = ItemText {
        sign: "?",
        name: question.by.short_name(),
        what: "asks for a grant",
        style: app.theme.tone(Tone::Soon),
        does: "approves or refuses it",
        reason: &reason(app, question),
    };
    text.draw(places, selected, app.theme, buf);
}
