//! The whole story of one line of the activity, in words.

use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::keymap::Scope;
use crate::tui::layout;
use crate::tui::paint::{put, wrap};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The story.
pub struct Story {
    /// What it is of.
    pub title: String,
    /// Labels and what they say.
    pub lines: Vec<(&'static str, String)>,
    /// The vault is locked when it is closed.
    pub then_locks: bool,
}

/// Draws the story.
pub fn draw(app: &App, story: &Story, buf: &mut Buffer) {
    let theme = app.theme;
    let width = 72.min(app.size.0.saturating_sub(4));
    let room = usize::from(width.saturating_sub(14));
    let wrapped: Vec<(&str, String)> = story
        .lines
        .iter()
        .flat_map(|(label, text)| {
            wrap(text, room)
                .into_iter()
                .enumerate()
                .map(move |(at, line)| (if at == 0 { *label } else { "" }, line))
        })
        .collect();
    let height = u16::try_from(wrapped.len()).unwrap_or(20) + 4;
    let area = layout::centred(app.size, width, height.min(app.size.1.saturating_sub(2)));
    let inner = boxes::boxed(app, area, &story.title, "", buf);
    let body = Rect {
        height: inner.height.saturating_sub(1),
        ..inner
    };
    for (y, (label, text)) in (body.y..body.bottom()).zip(&wrapped) {
        put(buf, (body.x, y), 9, label, theme.dim(), theme);
        put(
            buf,
            (body.x + 9, y),
            body.width.saturating_sub(9),
            text,
            theme.plain(),
            theme,
        );
    }
    hints::hint_line(
        app,
        &[Scope::Reading],
        Rect {
            y: inner.bottom() - 1,
            height: 1,
            ..inner
        },
        buf,
    );
}
