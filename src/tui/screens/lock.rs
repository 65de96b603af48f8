//! What the pages of a missing and of a locked vault share: their head, how far they are, their keys.

use crate::engine::gate::GateError;
use crate::tui::app::App;
use crate::tui::boxes;
use crate::tui::hints;
use crate::tui::keymap::Scope;
use crate::tui::layout;
use crate::tui::paint::{paragraph, pieces, put};
use crate::tui::theme::Tone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of a label with the gap behind it.
pub const LABEL: u16 = 13;

/// How far a page is.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// Something is being typed.
    #[default]
    Typing,
    /// What was typed is being used.
    Working,
    /// It went wrong: what did, and what helps.
    Trouble(String, String),
}

impl Progress {
    /// Whether what was typed is being used: no key changes anything now.
    pub fn is_working(&self) -> bool {
        *self == Self::Working
    }
}

impl From<GateError> for Progress {
    fn from(error: GateError) -> Self {
        Self::Trouble(error.message, error.hint)
    }
}

/// Draws head and keys of a page and returns what is between them.
pub fn page(app: &App, size: (u16, u16), aside: &str, path: &str, buf: &mut Buffer) -> Rect {
    let theme = app.theme;
    let area = layout::centred(app.size, size.0, size.1);
    let head = [
        ("tokenward", theme.focus()),
        ("  ", theme.plain()),
        (aside, theme.dim()),
    ];
    pieces(buf, (area.x, area.y), area.width, &head, theme);
    let place = (area.x, area.y + 1);
    put(buf, place, area.width, path, theme.dim(), theme);
    let keys = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    hints::hint_line(app, &[Scope::Lock], keys, buf);
    Rect {
        y: area.y + 3,
        height: area.height.saturating_sub(4),
        ..area
    }
}

/// Draws how far a page is; `doing` says what is under way, `note` what there is to know before anything was typed.
pub fn progress(app: &App, progress: &Progress, words: (&str, &str), area: Rect, buf: &mut Buffer) {
    let theme = app.theme;
    let (doing, note) = words;
    match progress {
        Progress::Working => {
            paragraph(buf, area, doing, theme.tone(Tone::Work), theme);
        }
        Progress::Trouble(what, help) => boxes::trouble(buf, area, what, help, theme),
        Progress::Typing => {
            paragraph(buf, area, note, theme.dim(), theme);
        }
    }
}
